# interrupts: a loop that computes, and interrupts itself every INTERRUPTS_PERIOD instructions. It is a
# software interrupt: the board's timer goes by the host's clock.
.equ SOFTWARE_INTERRUPT, 0x2000000
kernel: la      t0, handler
        csrw    mtvec, t0
        csrwi   mie, 8
        li      s1, SOFTWARE_INTERRUPT
        li      s2, 1
        li      s3, 3
again:  la      s4, count
        sw      zero, 0(s4)
        sw      zero, 4(s4)
        csrsi   mstatus, 8
period: li      s5, (INTERRUPTS_PERIOD - 40) / 5
compute:
        addi    t0, t0, 1
        mul     t0, t0, s3
        add     t1, t1, t0
        addi    s5, s5, -1
        bnez    s5, compute
        sw      s2, 0(s1)
        lw      t2, 0(s4)
        li      t3, INTERRUPTS_TIMES
        bltu    t2, t3, period
        csrci   mstatus, 8
        lw      t0, 4(s4)
        add     a0, a0, t0
        addi    s0, s0, -1
        bnez    s0, again
        j       done

        .align  2
handler:
        addi    sp, sp, -16
        sw      t0, 0(sp)
        sw      t1, 4(sp)
        sw      t2, 8(sp)
        sw      t3, 12(sp)
        li      t0, SOFTWARE_INTERRUPT
        sw      zero, 0(t0)
        la      t0, count               # the nth adds n to the sum
        lw      t1, 0(t0)
        li      t3, INTERRUPTS_TIMES
        beq     t1, t3, enough          # one that came when the last had been counted
        addi    t1, t1, 1
        sw      t1, 0(t0)
        lw      t2, 4(t0)
        add     t2, t2, t1
        sw      t2, 4(t0)
enough: lw      t0, 0(sp)
        lw      t1, 4(sp)
        lw      t2, 8(sp)
        lw      t3, 12(sp)
        addi    sp, sp, 16
        mret
        .data
count:  .word   0                       # behind it, the sum
        .word   0
