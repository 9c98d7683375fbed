# polling: the line's status and the time, read in a loop. There is always space (2), and time does not
# go back (1).
.equ TIME, 0x200bff8
kernel: li      s1, UART
        li      s2, TIME
        li      s3, 0                   # s3: the time before
1:      lbu     t0, LINE_STATUS(s1)     # '>' is still on its way
        andi    t0, t0, 0x40
        beqz    t0, 1b
again:  li      s4, POLLING_TURNS
loop:   lbu     t0, LINE_STATUS(s1)
        srli    t0, t0, 4
        andi    t0, t0, 2
        add     a0, a0, t0
        lw      t1, 0(s2)
        lw      t2, 4(s2)
        bltu    t1, s3, back
        addi    a0, a0, 1
back:   mv      s3, t1
        addi    s4, s4, -1
        bnez    s4, loop
        addi    s0, s0, -1
        bnez    s0, again
        j       done
