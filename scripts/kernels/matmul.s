; matmul: the product of two matrices of words, N by N; h = 31 h + word over all of it.
.include "sizes.inc"
.equ POWER_OFF, 0x20
.equ ROW, 4 * MATMUL_N
.func start
        mov r14, repeats
        mov r14, [r14]
        mov r1, 4
        mov r2, ROW
        mov r9, 1
        mov r3, left                   ; left[k] = 7 k + 1, right[k] = 5 k + 3, once
        mov r4, right
        mov r5, 1
        mov r6, 3
        mov r7, 7
        mov r8, 5
fill:   mov [r3], r5
        mov [r4], r6
        add r5, r7
        add r6, r8
        add r3, r1
        add r4, r1
        condbr r3 != left + MATMUL_N * ROW, fill
        mov r13, 0                     ; r13: the total
again:  mov r0, product
        mov r10, left                  ; r10: where the row begins
        mov r12, 0                     ; r12: h
row:    mov r11, right                 ; r11: where the column begins
column: mov r3, r10
        mov r4, r11
        mov r5, 0
        mov r8, MATMUL_N
inner:  mov r6, [r3]
        mov r7, [r4]
        mul r6, r7
        add r5, r6
        add r3, r1
        add r4, r2
        sub r8, r9
        condbr r8 != 0, inner
        mov [r0], r5
        add r0, r1
        mov r6, 31
        mul r12, r6
        add r12, r5
        add r11, r1
        condbr r11 != right + ROW, column
        add r10, r2
        condbr r10 != left + MATMUL_N * ROW, row
        add r13, r12
        sub r14, r9
        condbr r14 != 0, again
        mov r0, r13
        mov r1, POWER_OFF
        mov r2, 0
        mov [r1], r2
.endfunc
.data
repeats: .word 1
left:   .space MATMUL_N * ROW
right:  .space MATMUL_N * ROW
product: .space MATMUL_N * ROW
