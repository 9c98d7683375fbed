; What the farm calls.

; Weigh a harvest. r0: the words; r1: how many; gives the sum of their squares.
        .func harvest
        push    r4-r6, link
        mov     r4, r0
        mov     r5, r1
        mov     r6, 0
.Lnext: mov     r0, [r4]
        call    square
        add     r6, r0
        mov     r0, 4
        add     r4, r0
        mov     r0, 1
        sub     r5, r0
        condbr  r5 != 0, .Lnext
        mov     r0, r6
        pop     r4-r6, link
        ret
        .endfunc

; r0 squared.
        .func square
        mov     r1, r0
        mul     r0, r1
        ret
        .endfunc

; r0 × r1 + r2.
        .func multiply_add
        mul     r0, r1
        add     r0, r2
        ret
        .endfunc

; The factorial of r0, by calling itself.
        .func factorial
        condbr  r0 < 2, .Lone
        push    r4, link
        mov     r4, r0
        mov     r1, 1
        sub     r0, r1
        call    factorial
        mul     r0, r4
        pop     r4, link
        ret
.Lone:  mov     r0, 1
        ret
        .endfunc

; Send a text of a word per character. r0: where it is.
        .func say
        mov     r1, TX
        mov     r2, 4
.Lcharacter:
        mov     r3, [r0]
        condbr  r3 == 0, .Lsaid
        mov     [r1], r3
        add     r0, r2
        jmp     .Lcharacter
.Lsaid: ret
        .endfunc

; Places to jump to, each of which stops in its own way.
        .func break_here
        brk
        ret
        .endfunc

        .func divide_by_zero
        mov     r1, 0
        div     r0, r1
        ret
        .endfunc

        .func sleep_for_ever
        mov     imask, 0
        wait
        ret
        .endfunc

        .func spin
        jmp     spin
        .endfunc
