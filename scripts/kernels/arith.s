; arith: a counted loop of register arithmetic, nothing else.
.func start
        mov r0, 0
        mov r1, 1
        mov r2, 3
        mov r3, 0
        mov r4, 1000000
loop:   add r0, r1
        mul r0, r2
        sub r0, r3
        add r3, r1
        add r5, r0
        sub r4, r1
        condbr r4 != 0, loop
        mov r6, 0x20
        mov r7, 0
        mov [r6], r7
.endfunc
