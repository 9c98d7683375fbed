# arith: a counted loop of register arithmetic, nothing else.
kernel: li      t4, 3
again:  li      t0, 0
        li      t1, 0
        li      t2, ARITH_TURNS
        li      t3, 0
loop:   addi    t0, t0, 1
        mul     t0, t0, t4
        sub     t0, t0, t1
        addi    t1, t1, 1
        add     t3, t3, t0
        addi    t2, t2, -1
        bnez    t2, loop
        add     a0, a0, t3
        addi    s0, s0, -1
        bnez    s0, again
        j       done
