# pages: many processes, each with a page table and four pages of its own, in supervisor mode. Each
# turn goes round all of them, adds to a word in each page, and has the first two change places.
.equ PROCESSES, PAGES_PROCESSES
.equ OURS, 1 << 20                      # where every process sees its own pages
.equ LEAF, 0xcf                         # valid, readable, writable, executable, accessed, dirty
kernel: la      t0, ended
        csrw    mtvec, t0
        li      t0, -1                  # all memory is open to the supervisor
        csrw    pmpaddr0, t0
        li      t0, 0x1f
        csrw    pmpcfg0, t0
        la      t0, tables              # two tables a process: its root, and that of its own pages
        la      t1, frames
        li      t2, PROCESSES
        li      s2, 4096
table:  add     t3, t0, s2
        srli    t4, t3, 2
        ori     t4, t4, 1
        sw      t4, 0(t0)               # the first 4 MiB: the other table
        li      t4, (0x80000000 >> 2) + LEAF
        addi    t5, t0, 1024
        sw      t4, 1024(t5)            # 4 MiB of memory, mapped to itself
        addi    t3, t3, OURS >> 12 << 2
        li      t5, 4
own:    srli    t4, t1, 2
        ori     t4, t4, LEAF
        sw      t4, 0(t3)
        addi    t3, t3, 4
        add     t1, t1, s2
        addi    t5, t5, -1
        bnez    t5, own
        add     t0, t0, s2
        add     t0, t0, s2
        addi    t2, t2, -1
        bnez    t2, table
        mv      s3, t1                  # s3: where the frames end
        la      t0, tables
        srli    t0, t0, 12
        li      t1, 1 << 31
        or      t0, t0, t1
        csrw    satp, t0
        la      t0, again
        csrw    mepc, t0
        li      t0, 1 << 11             # the supervisor, when this trap has returned
        csrw    mstatus, t0
        mret

again:  la      t0, frames              # zero the word of every page
clear:  sw      zero, 0(t0)
        add     t0, t0, s2
        bne     t0, s3, clear
        li      s4, PAGES_TURNS
turn:   la      s5, tables              # s5: the process's tables
        li      s6, 1                   # s6: its number, from 1
process:
        srli    t0, s5, 12
        li      t1, 1 << 31
        or      t0, t0, t1
        slli    t1, s6, 22              # address space: its number
        or      t0, t0, t1
        csrw    satp, t0
        li      t0, OURS
        li      t1, 0                   # t1: which of its pages, from 1
        li      t4, 4
visit:  addi    t1, t1, 1               # word += page * process; total += page * word
        mul     t2, t1, s6
        lw      t3, 0(t0)
        add     t3, t3, t2
        sw      t3, 0(t0)
        mul     t3, t3, t1
        add     a0, a0, t3
        add     t0, t0, s2
        bne     t1, t4, visit
        add     t0, s5, s2              # the first two change places
        addi    t0, t0, OURS >> 12 << 2
        lw      t1, 0(t0)
        lw      t2, 4(t0)
        sw      t2, 0(t0)
        sw      t1, 4(t0)
        sfence.vma
        add     s5, s5, s2
        add     s5, s5, s2
        addi    s6, s6, 1
        li      t0, PROCESSES + 1
        bne     s6, t0, process
        addi    s4, s4, -1
        bnez    s4, turn
        addi    s0, s0, -1
        bnez    s0, again
        ecall
        .align  2
ended:  j       done
        .data
        .align  12
tables: .space  PROCESSES * 2 * 4096
frames: .space  PROCESSES * 4 * 4096
