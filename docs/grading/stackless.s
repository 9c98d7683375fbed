; Say each letter twice, until a full stop comes; the exit status is how many letters came.
        .equ RX,        0x10
        .equ TX,        0x14
        .equ STATUS,    0x15            ; 1: a byte waits on RX. 2: TX has space.
        .equ POWER_OFF, 0x20

        .func start
        mov     r4, 0                   ; the letters so far
        mov     r5, 1
next:   call    receive
        condbr  r0 == '.', stop
        add     r4, r5
        call    send
        call    send
        jmp     next
stop:   mov     r1, 8000                ; let a slow line take what is still in TX
drain:  sub     r1, r5
        condbr  r1 > 0, drain
        mov     r1, POWER_OFF
        mov     [r1], r4
        .endfunc

; Wait for a byte. Gives it in r0.
        .func receive
        push    r4, link
        mov     r1, STATUS
wait_rx: mov    r0, [r1]
        condbr  r0 == 0, wait_rx        ; neither
        condbr  r0 == 2, wait_rx        ; only space on TX
        mov     r1, RX
        mov     r0, [r1]
        pop     r4, link
        ret
        .endfunc

; Send the byte in r0, once there is space for it.
        .func send
        mov     r1, STATUS
wait_tx: mov    r2, [r1]
        condbr  r2 < 2, wait_tx
        mov     r1, TX
        mov     [r1], r0
        ret
        .endfunc
