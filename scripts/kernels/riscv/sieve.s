# sieve: primes below N by Eratosthenes, a word a number; the primes are counted.
kernel: la      s1, table
        li      t0, 4 * SIEVE_N
        add     s2, s1, t0              # s2: where the table ends
        li      s3, SIEVE_N
again:  mv      t0, s1                  # set every word to 1
        li      t1, 1
fill:   sw      t1, 0(t0)
        addi    t0, t0, 4
        bltu    t0, s2, fill
        li      t5, 2                   # t5: the number whose multiples go
next:   mul     t1, t5, t5
        bge     t1, s3, count
        slli    t3, t5, 2               # t3: the step in bytes
        add     t0, s1, t3
        lw      t1, 0(t0)
        beqz    t1, skip
        add     t0, t0, t3
strike: sw      zero, 0(t0)
        add     t0, t0, t3
        bltu    t0, s2, strike
skip:   addi    t5, t5, 1
        j       next
count:  addi    t0, s1, 8
add_up: lw      t1, 0(t0)
        add     a0, a0, t1
        addi    t0, t0, 4
        bltu    t0, s2, add_up
        addi    s0, s0, -1
        bnez    s0, again
        j       done
        .data
table:  .space  4 * SIEVE_N
