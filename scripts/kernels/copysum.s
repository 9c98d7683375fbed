; copysum: copy a block word by word and add it all up.
.include "sizes.inc"
.equ POWER_OFF, 0x20
.func start
        mov r8, repeats
        mov r8, [r8]
        mov r4, 4
        mov r10, 1
        mov r0, source                 ; fill the source, once
        mov r3, 0
        mov r2, 0x9e3779b9
fill:   mov [r0], r3
        add r3, r2
        add r0, r4
        condbr r0 != source + COPYSUM_BYTES, fill
        mov r9, 0                      ; r9: the total
again:  mov r0, source
        mov r1, source + COPYSUM_BYTES
        mov r2, target
        mov r5, 0
loop:   mov r3, [r0]
        mov [r2], r3
        add r5, r3
        add r0, r4
        add r2, r4
        mov r6, r0
        sub r6, r1
        condbr r6 < 0, loop
        sub r2, r4
        mov r3, [r2]                   ; the last word of the copy counts too
        add r5, r3
        add r9, r5
        sub r8, r10
        condbr r8 != 0, again
        mov r0, r9
        mov r1, POWER_OFF
        mov r2, 0
        mov [r1], r2
.endfunc
.data
repeats: .word 1
source: .space COPYSUM_BYTES
target: .space COPYSUM_BYTES
