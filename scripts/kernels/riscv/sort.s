# sort: insertion sort of words drawn anew each time; branches that nobody can foresee.
kernel: la      s1, array
        li      t0, 4 * SORT_N
        add     s2, s1, t0              # s2: where the array ends
        li      s3, 65537
        li      s4, 75
        li      s5, 31
again:  mv      t0, s1                  # draw: x = (75 x + 74) mod 65537
        li      t1, SORT_SEED
draw:   mul     t1, t1, s4
        addi    t1, t1, 74
        rem     t1, t1, s3
        sw      t1, 0(t0)
        addi    t0, t0, 4
        bne     t0, s2, draw

        addi    t0, s1, 4               # sort: t0 is where the next one to insert lies
next:   lw      t1, 0(t0)
        mv      t2, t0                  # t2: the gap that goes down
down:   lw      t3, -4(t2)
        bge     t1, t3, insert
        sw      t3, 0(t2)
        addi    t2, t2, -4
        bne     t2, s1, down
insert: sw      t1, 0(t2)
        addi    t0, t0, 4
        bne     t0, s2, next

        mv      t0, s1                  # add up: h = 31 h + word, in order
        li      t1, 0
add_up: mul     t1, t1, s5
        lw      t2, 0(t0)
        add     t1, t1, t2
        addi    t0, t0, 4
        bne     t0, s2, add_up
        add     a0, a0, t1
        addi    s0, s0, -1
        bnez    s0, again
        j       done
        .data
array:  .space  4 * SORT_N
