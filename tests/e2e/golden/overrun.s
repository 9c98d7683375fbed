; Adds up what was drawn, and finds the sum wrong: somebody has written where it is kept.

        .equ POWER_OFF, 0x20            ; store: switch off, with this exit status

        .global start
        .func start
        mov     sp, stack_top
        call    draw
        call    add_up
        mov     r0, total
        mov     r1, [r0]
        condbr  r1 != 55, .Lwrong
        mov     r0, 0
        call    power_off
.Lwrong:
        brk
        mov     r0, 1
        call    power_off
        .endfunc

; r0 ← the sum of the first ten numbers that were drawn.
        .func add_up
        push    link
        mov     r2, 0
        mov     r3, 1
        mov     r4, numbers
        mov     r5, 4
        mov     r6, 0
.Lnext: mov     r7, [r4]
        add     r2, r7
        add     r4, r5
        add     r6, r3
        condbr  r6 != 10, .Lnext
        mov     r0, total
        mov     [r0], r2
        call    clear
        pop     link
        ret
        .endfunc

; Draw the numbers from 1 to 10.
        .func draw
        mov     r1, numbers
        mov     r2, 4
        mov     r3, 1
        mov     r0, 0
.Lmore: add     r0, r3
        mov     [r1], r0
        add     r1, r2
        condbr  r0 != 10, .Lmore
        ret
        .endfunc

; Forget the numbers: one too many.
        .func clear
        mov     r1, numbers
        mov     r2, 4
        mov     r3, 1
        mov     r0, 0
        mov     r4, 0
.Lagain:
        mov     [r1], r4
        add     r1, r2
        add     r0, r3
        condbr  r0 != 11, .Lagain
        ret
        .endfunc

; r0: the exit status.
        .func power_off
        mov     r1, POWER_OFF
        mov     [r1], r0
        ret
        .endfunc

        .data
numbers: .space 40
total:  .word   0
        .space  256
stack_top:
