# matmul: the product of two matrices of words, N by N; h = 31 h + word over all of it.
.equ ROW, 4 * MATMUL_N
kernel: la      s1, left                # left[k] = 7 k + 1, right[k] = 5 k + 3, once
        la      s2, right
        la      s3, product
        li      t0, MATMUL_N * MATMUL_N
        mv      t1, s1
        mv      t2, s2
        li      t3, 1
        li      t4, 3
fill:   sw      t3, 0(t1)
        sw      t4, 0(t2)
        addi    t3, t3, 7
        addi    t4, t4, 5
        addi    t1, t1, 4
        addi    t2, t2, 4
        addi    t0, t0, -1
        bnez    t0, fill
        li      s4, 31
        addi    s5, s2, ROW             # s5: where the first row of `right` ends
        mv      s6, t1                  # s6: where `left` ends
again:  mv      t0, s3
        mv      s7, s1                  # s7: where the row begins
        li      s8, 0                   # s8: h
row:    mv      s9, s2                  # s9: where the column begins
column: mv      t1, s7
        mv      t2, s9
        li      t3, 0
        li      t4, MATMUL_N
inner:  lw      t5, 0(t1)
        lw      t6, 0(t2)
        mul     t5, t5, t6
        add     t3, t3, t5
        addi    t1, t1, 4
        addi    t2, t2, ROW
        addi    t4, t4, -1
        bnez    t4, inner
        sw      t3, 0(t0)
        addi    t0, t0, 4
        mul     s8, s8, s4
        add     s8, s8, t3
        addi    s9, s9, 4
        bne     s9, s5, column
        addi    s7, s7, ROW
        bne     s7, s6, row
        add     a0, a0, s8
        addi    s0, s0, -1
        bnez    s0, again
        j       done
        .data
left:   .space  MATMUL_N * ROW
right:  .space  MATMUL_N * ROW
product: .space MATMUL_N * ROW
