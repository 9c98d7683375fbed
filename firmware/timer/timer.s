; timer: print a line every 100,000 ticks, ten times, then switch off.
;
; The idea: the timer is told a moment, its deadline, and interrupts when time gets there. In
; between the program sleeps.
;
; The next deadline is the last one plus the period, not the present time plus the period: between
; the deadline and the handler's store some ticks pass, a few more or less each time, and they
; would add up. So tick 10 is due at 1,000,000 exactly.
;
; Handler and program share the work as in every operating system: the handler does what cannot
; wait (the next deadline, counting) and is short; the program does what takes time (printing).
; Even if printing took longer than a period, no tick would be forgotten.

        .include "../common/ports.s"

        .equ PERIOD, 100000             ; ticks from one line to the next
        .equ LAST,   10                 ; after so many lines, switch off

        ; Data begins on a page of its own: what is stored to all the time should not share one with
        ; code. A machine may keep what it has worked out about a page of code, and throw it away
        ; when the page changes; and with virtual memory, rights are given page by page.
        .data
        .align  4096
        .text

; The machine begins at 0x1000, and so does the code of a program: this comes first.
        .func start
        mov     r0, MEMORY_SIZE         ; The stack grows down from the end of memory. Handlers
        mov     sp, [r0]                ; use it too.
        ; Memory keeps its bytes when the power goes, so that variables may hold what an earlier
        ; run has left: set them here rather than in .data.
        mov     r0, 0
        mov     r1, ticks
        mov     [r1], r0
        mov     r1, due_low             ; Time begins at 0 and so does our calendar: the
        mov     [r1], r0                ; first deadline will be 0 + PERIOD.
        mov     r1, due_high
        mov     [r1], r0
        call    next_deadline
        mov     ivec, vectors           ; Before any interrupt can come: where to go then.
        mov     imask, TIMER_DUE        ; Which ones: the timer's only.
        mov     status, KERNEL + INTERRUPTS ; From the next instruction on, they come.

        mov     r4, 0                   ; r4: how many lines have been printed
.Lsleep:
        ; Turn interrupts off, test, wait: were they on, a tick could come between the test and
        ; the wait, and the program would sleep through it. wait wakes up for a pending interrupt
        ; though interrupts are off; turning them on afterwards lets the handler run.
        mov     status, KERNEL
        mov     r0, ticks
        mov     r0, [r0]
        sub     r0, r4
        condbr  r0 != 0, .Lprint        ; More ticks than lines: one is to be printed.
        wait
        mov     status, KERNEL + INTERRUPTS
        jmp     .Lsleep                 ; Before this instruction, the handler has run.
.Lprint:
        mov     status, KERNEL + INTERRUPTS ; Printing may take long: ticks still count.
        mov     r0, 1
        add     r4, r0
        mov     r0, tick_text
        call    send_string
        mov     r0, r4
        call    send_decimal
        mov     r0, '\n'
        call    send
        condbr  r4 != LAST, .Lsleep
        mov     r0, 0                   ; Exit status 0: all went well.
        call    power_off
        .endfunc

; The deadline is reached: count it and set the next one.
        .func timer_interrupt
        ; The program that we interrupt must find all its registers as they were. push itself
        ; uses at, so at is saved first, in a register that nobody but handlers uses. That is
        ; enough for one handler at a time, and interrupts are off in here. link is saved
        ; because of the call.
        mov     ks0, at
        push    r0-r3, link, epc        ; epc, where this returns to, for debuggers only: the next
        .cfi_offset pc, -4              ; line says that it is the word below the caller's stack.
        mov     r0, ticks
        mov     r1, [r0]
        mov     r2, 1
        add     r1, r2
        mov     [r0], r1
        call    next_deadline           ; The interrupt is pending until a deadline ahead is
        pop     r0-r3, link, epc        ; set: without this it would come again at once.
        mov     at, ks0
        iret                            ; Back, with interrupts as they were.
        .endfunc

; Move the deadline on by a period: 64 bits, in two words. Only with interrupts off: nobody may
; come between the two stores to the timer.
        .func next_deadline
        mov     r0, due_low
        mov     r1, [r0]
        mov     r2, PERIOD
        add     r1, r2                  ; r1: the low word, with what goes beyond it cut off
        mov     [r0], r1
        mov     r2, due_high
        mov     r3, [r2]                ; r3: the high word
        ; Something was cut off where the sum is less than what was added, both taken without
        ; sign. condbr compares with sign; taking 0x80000000 from both sides makes that the same.
        mov     r0, r1
        mov     r2, 0x80000000
        sub     r0, r2
        condbr  r0 > PERIOD - 0x80000000 - 1, .Lno_carry
        mov     r2, 1
        add     r3, r2
        mov     r2, due_high
        mov     [r2], r3
.Lno_carry:
        mov     r0, DEADLINE
        mov     [r0], r1                ; The low word first,
        mov     [r0], r3                ; and the high word sets the timer.
        ret
        .endfunc

; Send a number in decimal. r0: the number, not negative.
;
; Dividing by 10 splits off the last digit. It is to be sent last, so the function first calls
; itself for the digits before it, and keeps this one on the stack meanwhile.
        .func send_decimal
        push    r4, link
        mov     r4, r0
        mov     r1, 10
        div     r0, r1                  ; r0: the digits before
        mov     r2, r0
        mul     r2, r1
        sub     r4, r2                  ; r4: the remainder, the last digit
        condbr  r0 == 0, .Llast_digit   ; No zeros in front.
        call    send_decimal
.Llast_digit:
        mov     r0, '0'
        add     r0, r4
        call    send
        pop     r4, link
        ret
        .endfunc

        .include "../common/serial.s"   ; send, send_string, power_off
        .include "../common/traps.s"    ; unexpected_trap

        .data
tick_text:
        .string32 "tick "

; Where to go for which trap or interrupt: a word each.
        .align  4
vectors:
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 0
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 4
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 8
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 12
        .word   timer_interrupt, unexpected_trap, unexpected_trap, unexpected_trap  ; 16
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 20
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 24
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 28

ticks:
        .word   0                       ; how many deadlines have been reached
due_low:
        .word   0                       ; the deadline that the timer is set to
due_high:
        .word   0
