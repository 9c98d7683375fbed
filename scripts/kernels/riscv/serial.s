# serial: each byte that comes in is added up and sent back, one more than it was.
kernel: li      s1, UART
again:  li      s2, SERIAL_BYTES
byte:   lbu     t0, LINE_STATUS(s1)
        andi    t0, t0, 1
        beqz    t0, byte
        lbu     t1, 0(s1)
        add     a0, a0, t1
        addi    t1, t1, 1
space:  lbu     t0, LINE_STATUS(s1)
        andi    t0, t0, 0x20
        beqz    t0, space
        sb      t1, 0(s1)
        addi    s2, s2, -1
        bnez    s2, byte
        addi    s0, s0, -1
        bnez    s0, again
        j       done
