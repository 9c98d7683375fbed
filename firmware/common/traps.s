; What to do about a trap that nobody expects: say what the machine knows of it, and switch off
; with exit status 1. Without a handler, the CPU would check-stop, and people could only guess.
; Needs ports.s and serial.s.

        .text

        .func unexpected_trap
        ; Begin a new stack: the old one may be the reason why we are here. Nobody returns to it.
        mov     r0, MEMORY_SIZE
        mov     sp, [r0]
        ; Interrupts are off since the trap, and nothing below traps, so that cause, detail and
        ; epc stay what they are until they are shown. All output is polled: it works whatever
        ; state the program is in.
        mov     r0, trap_cause          ; which vector, and the kind of access
        call    send_string
        mov     r0, cause
        call    send_hex
        mov     r0, trap_detail         ; what it was about, such as an address
        call    send_string
        mov     r0, detail
        call    send_hex
        mov     r0, trap_at             ; the instruction that was to blame
        call    send_string
        mov     r0, epc
        call    send_hex
        mov     r0, trap_end
        call    send_string
        mov     r0, 1                   ; Exit status 1: something went wrong.
        call    power_off
        .endfunc

; Send a word as 8 hexadecimal digits. r0: the word.
        .func send_hex
        mov     r1, 8
        jmp     send_digits             ; With its ret, send_digits returns to our caller.
        .endfunc

; Send the low digits of a word, highest first. r0: the word; r1: how many digits.
;
; There are no shifts, but dividing by 16 splits off the lowest digit. It is to be sent last, so
; the function first calls itself for the digits above, and keeps this one on the stack meanwhile.
        .func send_digits
        condbr  r1 == 0, .Lhex_done
        push    r4, link
        mov     r4, r0
        mov     r2, 16
        div     r0, r2                  ; r0: the digits above.
        mov     r3, r0
        mul     r3, r2
        sub     r4, r3                  ; r4: the remainder, the lowest digit.
        ; div takes the word for a signed number and cuts toward zero: where the highest bit is
        ; set, the remainder is -15 to 0. Take one less of the quotient then, and 16 more here.
        condbr  r4 > -1, .Lhex_split
        add     r4, r2
        mov     r2, 1
        sub     r0, r2
.Lhex_split:
        mov     r2, 1
        sub     r1, r2
        call    send_digits             ; The digits above go first.
        mov     r0, '0'
        condbr  r4 < 10, .Lhex_digit
        mov     r0, 'a' - 10
.Lhex_digit:
        add     r0, r4
        call    send
        pop     r4, link
.Lhex_done:
        ret
        .endfunc

        .data
        .align  4
trap_cause:
        .string32 "unexpected trap: cause 0x"
trap_detail:
        .string32 ", detail 0x"
trap_at:
        .string32 ", at 0x"
trap_end:
        .string32 "\r\n"
        .text
