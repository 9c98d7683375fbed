; Where traps and interrupts go.

; The timer is due: count it, and be due again later, as long as the farm wants ticks.
        .func timer_tick
        mov     ks0, at
        push    r0-r3, link
        mov     r0, ticks
        mov     r1, [r0]
        mov     r2, 1
        add     r1, r2
        mov     [r0], r1
        call    next_deadline
        pop     r0-r3, link
        mov     at, ks0
        iret
        .endfunc

        .func next_deadline
        mov     r0, deadline
        mov     r1, [r0]
        mov     r2, 1000
        add     r1, r2
        mov     [r0], r1
        mov     r2, DEADLINE
        mov     r3, 0
        mov     [r2], r1
        mov     [r2], r3
        ret
        .endfunc

; The program asks: r0 ← how many ticks there were.
        .func system_call
        mov     ks0, at
        mov     r0, ticks
        mov     r0, [r0]
        mov     at, ks0
        iret
        .endfunc
