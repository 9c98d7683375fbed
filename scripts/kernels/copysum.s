; copysum: copy 64 KiB word by word and add it all up, ten times over.
.equ BYTES, 65536
.func start
        mov r9, 10
        mov r4, 4
        mov r10, 1
again:  mov r0, source
        mov r1, source + BYTES
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
        sub r9, r10
        condbr r9 != 0, again
        mov r6, 0x20
        mov r7, 0
        mov [r6], r7
.endfunc
.data
source: .space BYTES
target: .space BYTES
