; The serial line by polling: it needs no interrupts, no variables and nothing set up but a stack,
; so it works even where something has gone wrong. Needs ports.s.

        .text

; Send a byte. r0: the byte.
        .func send
        mov     r1, SERIAL_STATUS
.Lsend_full:
        mov     r2, [r1]
        condbr  r2 < TX_SPACE, .Lsend_full  ; What is stored in a full TX is lost: ask again.
        mov     r1, TX
        mov     [r1], r0
        ret
        .endfunc

; Send a text. r0: its address, one word per character, a zero word at the end.
        .func send_string
        push    r4, link
        mov     r4, r0                  ; Calls keep r4, not r0.
.Lsend_character:
        mov     r0, [r4]
        condbr  r0 == 0, .Lsend_end
        call    send
        mov     r0, 4                   ; One word on.
        add     r4, r0
        jmp     .Lsend_character
.Lsend_end:
        pop     r4, link
        ret
        .endfunc

; Wait until the line has sent everything, then switch off. r0: the exit status.
        .equ SLOWEST_LINE,  1000        ; the slowest line that we wait for, in ticks per byte
        .equ TX_BYTES,      16          ; what TX may still hold

        .func power_off
        mov     status, KERNEL          ; Whatever comes in now comes too late: no interrupts.
        ; What is still in TX would be lost with the power, and no port tells when the last byte
        ; has left. But a turn of this loop takes two ticks, exactly: it lasts as long as a slow
        ; line needs for all that TX may hold.
        mov     r1, TX_BYTES * SLOWEST_LINE / 2
        mov     r2, 1
.Lpower_drain:
        sub     r1, r2
        condbr  r1 > 0, .Lpower_drain
        mov     r1, POWER_OFF
        mov     [r1], r0                ; The machine is off. This is its last instruction;
        jmp     .                       ; the next one is only where pc stays.
        .endfunc
