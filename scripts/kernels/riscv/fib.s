# fib: a Fibonacci number, the recursive way: calls, returns and the stack.
kernel: li      s1, 0
again:  li      a0, FIB_N
        call    fib
        add     s1, s1, a0
        addi    s0, s0, -1
        bnez    s0, again
        mv      a0, s1
        j       done

fib:    li      t0, 2
        blt     a0, t0, base
        addi    sp, sp, -12
        sw      ra, 0(sp)
        sw      s2, 4(sp)
        sw      s3, 8(sp)
        mv      s2, a0
        addi    a0, a0, -1
        call    fib
        mv      s3, a0
        addi    a0, s2, -2
        call    fib
        add     a0, a0, s3
        lw      ra, 0(sp)
        lw      s2, 4(sp)
        lw      s3, 8(sp)
        addi    sp, sp, 12
base:   ret
