; echo-irq: what is typed comes back; a line that says quit switches off. By interrupts.
;
; The idea: instead of asking the serial line over and over, the program sleeps (wait), and the
; line wakes it.
;
;   - A byte comes in: the interrupt handler puts it into a ring buffer, and the program takes it
;     out when it gets there. So bytes are taken in even while the program is busy.
;   - TX is full: the program lets the TX interrupt through and sleeps until there is space.
;
; Three things are easily got wrong. This program shows how they go right:
;
;   1. Going to sleep. If the byte comes after the program has found the ring empty but before
;      it sleeps, then the handler has run, and nothing is left to wake the program. So: turn
;      interrupts off, test, wait. wait wakes up for a pending interrupt though interrupts are
;      off; turning them on afterwards lets the handler run.
;   2. Interrupts are levels: pending as long as their reason holds, and not once per byte. A
;      handler must end the reason (take the byte), or mask the interrupt; else it is entered
;      again at once, for ever.
;   3. A handler comes between any two instructions, so it leaves every register as it was.

        .include "../common/ports.s"

        .equ RING_WORDS, 64             ; a word per byte; holds one byte less than that

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
        mov     r0, ring
        mov     r1, ring_head
        mov     [r1], r0
        mov     r1, ring_tail
        mov     [r1], r0
        mov     ivec, vectors           ; Before any interrupt can come: where to go then.
        mov     imask, RX_INTERRUPT     ; Which ones: bytes coming in. TX only where we wait.
        mov     status, KERNEL + INTERRUPTS ; From the next instruction on, they come.
        mov     r0, greeting
        call    echo                    ; Comes back when a line has said quit.
        mov     r0, 0                   ; Exit status 0: all went well.
        call    power_off
        .endfunc

; Give the next byte that comes in. Result in r0: 0 to 255. Sleeps where there is none yet.
        .func read_byte
        mov     status, KERNEL          ; Off: nothing may happen between test and wait.
        mov     r1, ring_tail
        mov     r2, [r1]                ; r2: where the oldest byte is
        mov     r3, ring_head
        mov     r3, [r3]                ; r3: where the next one will be put
        sub     r3, r2
        condbr  r3 != 0, .Ltake         ; The ring is empty where the two are the same.
        wait                            ; Sleep until an interrupt is pending.
        mov     status, KERNEL + INTERRUPTS
        jmp     read_byte               ; Before this instruction, the handler has run. Test
                                        ; again: it may have been another interrupt.
.Ltake:
        mov     r0, [r2]
        mov     r3, 4                   ; The ring is one word shorter at this end.
        add     r2, r3
        condbr  r2 != ring_end, .Ltaken
        mov     r2, ring                ; After the last word comes the first.
.Ltaken:
        mov     [r1], r2
        mov     imask, RX_INTERRUPT     ; There is room: the handler masks RX where it finds none.
        mov     status, KERNEL + INTERRUPTS
        ret
        .endfunc

; Send a byte. r0: the byte. Sleeps where TX is full.
        .func write_byte
        mov     status, KERNEL          ; Off, test, wait: the same pattern.
        mov     r1, SERIAL_STATUS
        mov     r1, [r1]
        condbr  r1 > RX_AVAILABLE, .Lspace ; 2 or 3: there is space.
        condbr  imask > RX_INTERRUPT, .Lsleep ; Is the TX interrupt let through already?
        mov     r1, TX_INTERRUPT        ; No: it has to wake us now. Adding sets the bit, because
        add     imask, r1               ; it was clear; RX stays as it was.
.Lsleep:
        wait
        mov     status, KERNEL + INTERRUPTS
        jmp     write_byte              ; Before this, a handler has run: RX may have woken us.
.Lspace:
        mov     r1, TX
        mov     [r1], r0
        mov     status, KERNEL + INTERRUPTS
        ret
        .endfunc

; A byte waits on RX: put all that wait into the ring.
        .func rx_interrupt
        ; The program that we interrupt must find all its registers as they were. push itself
        ; uses at, so at is saved first, in a register that nobody but handlers uses. That is
        ; enough for one handler at a time, and interrupts are off in here.
        mov     ks0, at
        push    r0-r3, epc              ; epc, where this returns to, for debuggers only: the next
        .cfi_offset pc, -4              ; line says that it is the word below the caller's stack.
.Lnext:
        mov     r0, SERIAL_STATUS
        mov     r0, [r0]
        condbr  r0 == 0, .Lnone         ; Without RX_AVAILABLE in it, it is 0 or TX_SPACE.
        condbr  r0 == TX_SPACE, .Lnone
        mov     r0, ring_head
        mov     r1, [r0]                ; r1: where the byte goes
        mov     r2, r1
        mov     r3, 4
        add     r2, r3                  ; r2: the word after it
        condbr  r2 != ring_end, .Lwithin
        mov     r2, ring                ; After the last word comes the first.
.Lwithin:
        mov     r3, ring_tail
        mov     r3, [r3]
        sub     r3, r2
        condbr  r3 == 0, .Lring_full    ; One more, and the ring would look empty: it is full.
        mov     r3, RX
        mov     r3, [r3]                ; This load takes the byte: it is no longer pending.
        mov     [r1], r3
        mov     [r0], r2
        jmp     .Lnext
.Lring_full:
        ; Leave the byte where it is: the line waits, nothing is lost. But it stays pending, and
        ; we would come here for ever: mask it until read_byte has made room. Subtracting clears
        ; the bit, because it was set: else we would not be here.
        mov     r0, RX_INTERRUPT
        sub     imask, r0
.Lnone:
        pop     r0-r3, epc
        mov     at, ks0
        iret                            ; Back, with interrupts as they were.
        .endfunc

; There is space on TX, for which write_byte has slept.
        .func tx_interrupt
        ; There nearly always is, so this interrupt would come again and again: mask it. The
        ; scratch registers of handlers are enough for that, nothing needs saving.
        mov     ks0, TX_INTERRUPT
        sub     imask, ks0
        iret
        .endfunc

        .include "../common/echo.s"     ; what to do with the bytes
        .include "../common/serial.s"   ; power_off
        .include "../common/traps.s"    ; unexpected_trap

        .data
greeting:
        .string32 "echo-irq: type, it comes back; quit ends.\r\n"

; Where to go for which trap or interrupt: a word each.
        .align  4
vectors:
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 0
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 4
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 8
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 12
        .word   unexpected_trap, rx_interrupt,    tx_interrupt,    unexpected_trap  ; 16
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 20
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 24
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 28

ring_head:
        .word   0                       ; where the next byte is put; only the handler moves it
ring_tail:
        .word   0                       ; where the oldest byte is; only read_byte moves it
ring:
        .space  4 * RING_WORDS
ring_end:
