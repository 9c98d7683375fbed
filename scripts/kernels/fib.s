; fib: the 20th Fibonacci number, the recursive way: calls, returns and the stack.
.func start
        mov sp, 0x80000
        mov r0, 20
        call fib
        mov r6, 0x20
        mov r7, 0
        mov [r6], r7
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
