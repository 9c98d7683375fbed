# Begins and ends every kernel on QEMU's board `virt`, or on a bare RV32IM processor, which is to stop
# at `done`. A kernel begins at `kernel` with s0 the repeats and a0 = 0, and ends by `j done` with its
# total in a0. '>' on the serial line says that it begins, the total's four bytes that it has ended.
.include "sizes.inc"
.equ UART, 0x10000000
.equ LINE_STATUS, 5
.equ FINISHER, 0x100000
.globl repeats, done
        li      sp, 0x80100000
        li      t0, UART
        li      t1, 1                   # FIFOs on
        sb      t1, 2(t0)
        li      t1, '>'
        sb      t1, 0(t0)
        lw      s0, repeats
        li      a0, 0
        j       kernel
done:   li      t0, UART
        li      t2, 4
1:      lbu     t1, LINE_STATUS(t0)
        andi    t1, t1, 0x20
        beqz    t1, 1b
        sb      a0, 0(t0)
        srli    a0, a0, 8
        addi    t2, t2, -1
        bnez    t2, 1b
2:      lbu     t1, LINE_STATUS(t0)
        andi    t1, t1, 0x40
        beqz    t1, 2b
        li      t0, FINISHER
        li      t1, 0x5555
        sw      t1, 0(t0)
3:      j       3b
        .data
        .align  12                      # QEMU looks at each store to a page with code
repeats: .word  1
        .text
