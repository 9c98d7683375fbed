# copysum: copy a block word by word and add it all up.
kernel: la      s1, source
        la      s2, target
        li      t0, COPYSUM_BYTES
        add     s3, s1, t0              # s3: where the source ends
        mv      t0, s1                  # fill the source, once
        li      t1, 0
        li      t2, 0x9e3779b9
fill:   sw      t1, 0(t0)
        add     t1, t1, t2
        addi    t0, t0, 4
        bne     t0, s3, fill
again:  mv      t0, s1
        mv      t1, s2
        li      t2, 0
loop:   lw      t3, 0(t0)
        sw      t3, 0(t1)
        add     t2, t2, t3
        addi    t0, t0, 4
        addi    t1, t1, 4
        bltu    t0, s3, loop
        lw      t3, -4(t1)              # the last word of the copy counts too
        add     t2, t2, t3
        add     a0, a0, t2
        addi    s0, s0, -1
        bnez    s0, again
        j       done
        .data
source: .space  COPYSUM_BYTES
target: .space  COPYSUM_BYTES
