; arith: a counted loop of register arithmetic, nothing else.
.include "sizes.inc"
.equ POWER_OFF, 0x20
.func start
        mov r8, repeats
        mov r8, [r8]
        mov r1, 1
        mov r2, 3
        mov r6, 0
again:  mov r0, 0
        mov r3, 0
        mov r4, ARITH_TURNS
        mov r5, 0
loop:   add r0, r1
        mul r0, r2
        sub r0, r3
        add r3, r1
        add r5, r0
        sub r4, r1
        condbr r4 != 0, loop
        add r6, r5
        sub r8, r1
        condbr r8 != 0, again
        mov r0, r6
        mov r1, POWER_OFF
        mov r2, 0
        mov [r1], r2
.endfunc
.data
repeats: .word 1
