; Echo what comes in, until a line says quit. Needs two functions of the program:
;
;   read_byte    gives the next byte in r0, and waits for it
;   write_byte   sends the byte in r0, and waits for space
;
; How they wait, by polling or by interrupts, is all that echo-poll and echo-irq differ in.
;
; Every byte comes back as it is, with one exception. The Enter key of a bare terminal sends a
; carriage return alone, and echoed alone it would only move the cursor to the left: the next line
; would overwrite this one. So a carriage return comes back with a line feed. Where a sender adds
; the line feed itself (CR LF), it has been echoed by then and does not come back twice.
;
; quit is recognised without keeping the line, so that lines may be of any length: r5 points to
; the letter that must come next. Another byte leads to a dead end that no byte fits, where r5
; stays until the line is over.

        .text

; Greet, then echo. r0: the greeting, one word per character, a zero word at the end.
        .func echo
        push    r4-r6, link
        mov     r4, r0
.Lecho_greeting:
        mov     r0, [r4]
        condbr  r0 == 0, .Lecho_greeted
        call    write_byte
        mov     r0, 4
        add     r4, r0
        jmp     .Lecho_greeting

.Lecho_greeted:
        mov     r6, 0                   ; r6: the byte before this one. There is none yet.
.Lecho_new_line:
        mov     r5, quit_letters        ; r5: at the start of a line, q must come next.
.Lecho_byte:
        call    read_byte
        mov     r4, r0                  ; r4: this byte. Calls keep it.
        condbr  r4 == '\r', .Lecho_carriage_return
        condbr  r4 == '\n', .Lecho_line_feed

        call    write_byte              ; Any other byte: echo it, it is still in r0.
        mov     r0, [r5]                ; Is it the letter that must come next?
        sub     r0, r4
        condbr  r0 == 0, .Lecho_fits
        mov     r5, quit_never          ; No: this line is something else.
        jmp     .Lecho_next
.Lecho_fits:
        mov     r0, 4                   ; Yes: on to the next letter.
        add     r5, r0
.Lecho_next:
        mov     r6, r4
        jmp     .Lecho_byte

.Lecho_carriage_return:
        call    write_byte              ; To the left...
        mov     r0, '\n'
        call    write_byte              ; ...and down.
        jmp     .Lecho_end_of_line
.Lecho_line_feed:
        condbr  r6 == '\r', .Lecho_next ; The second half of CR LF: the line is over already.
        call    write_byte
.Lecho_end_of_line:
        mov     r6, r4
        condbr  r5 != quit_done, .Lecho_new_line ; Was the line quit, and nothing more?
        pop     r4-r6, link
        ret
        .endfunc

        .data
        .align  4
quit_letters:
        .word   'q', 'u', 'i', 't'
quit_done:
        .word   -1                      ; Here r5 is after quit. No byte is -1, so that any
quit_never:                             ; further one leads on to the dead end.
        .word   -1
        .text
