; fib: a Fibonacci number, the recursive way: calls, returns and the stack.
.include "sizes.inc"
.equ POWER_OFF, 0x20
.func start
        mov r8, repeats
        mov r8, [r8]
        mov sp, stack_top
        mov r9, 0
again:  mov r0, FIB_N
        call fib
        add r9, r0
        mov r1, 1
        sub r8, r1
        condbr r8 != 0, again
        mov r0, r9
        mov r1, POWER_OFF
        mov r2, 0
        mov [r1], r2
.endfunc

.func fib
        condbr r0 < 2, base
        push r4, link
        mov r4, r0
        mov r1, 1
        sub r0, r1
        call fib
        mov r1, r4
        mov r4, r0
        mov r0, r1
        mov r1, 2
        sub r0, r1
        call fib
        add r0, r4
        pop r4, link
        mov pc, link
base:   mov pc, link
.endfunc
.data
repeats: .word 1
        .align 4096
        .space 4096
stack_top:
