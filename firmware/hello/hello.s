; hello: print one line and power off.
;
; The idea: a device is a handful of addresses. Storing a word at TX sends a byte, but the
; serial line is slower than the CPU: it keeps 16 bytes that are still to be sent and drops what
; comes on top. So the program asks STATUS before each byte, again and again, until there is
; space. That is polling: the simplest way to talk to a device, and the CPU does nothing else
; meanwhile.
;
; All of it is in this file. The other programs share some parts: see ../common.

        ; Ports: addresses that are devices instead of memory.
        .equ TX,            0x0014      ; store: send a byte
        .equ SERIAL_STATUS, 0x0015      ; load: how the serial line is
        .equ POWER_OFF,     0x0020      ; store: switch off, with this exit status
        .equ MEMORY_SIZE,   0x0028      ; load: the first address beyond memory

        ; What SERIAL_STATUS says is a sum: 1 where a byte waits on RX, 2 where TX has space. The
        ; machine has no AND to take it apart, and needs none here: with space it is 2 or 3.
        .equ TX_SPACE,      2

        ; The slowest line that this program is made for, in ticks per byte, and the bytes that
        ; may still be on their way to it when the program is done.
        .equ SLOWEST_LINE,  1000
        .equ TX_BYTES,      16

; The machine begins at 0x1000, and so does the code of a program: this comes first.
        .func start
        mov     r0, MEMORY_SIZE         ; Calls need a stack. It grows down from the end of
        mov     sp, [r0]                ; memory, whatever size this machine has.
        mov     r0, message             ; The first argument goes in r0: which text to send.
        call    send_string
        mov     r0, 0                   ; Exit status 0: all went well.
        call    power_off               ; Does not come back.
        .endfunc

; Send a text. r0: its address, one word per character, a zero word at the end.
        .func send_string
        push    r4, link                ; The call below changes link; r4 is the caller's.
        mov     r4, r0                  ; Calls may change r0 to r3, but not r4.
.Lcharacter:
        mov     r0, [r4]                ; Loads are whole words: hence a word per character.
        condbr  r0 == 0, .Lend          ; The zero word: the text is over.
        call    send
        mov     r0, 4                   ; add takes registers only. The next character is
        add     r4, r0                  ; one word on.
        jmp     .Lcharacter
.Lend:
        pop     r4, link                ; In the order of the push: pop undoes it.
        ret
        .endfunc

; Send a byte. r0: the byte.
        .func send
        mov     r1, SERIAL_STATUS
.Lfull:
        mov     r2, [r1]                ; This load goes to the device: each time it may give
        condbr  r2 < TX_SPACE, .Lfull   ; something else. No space yet: ask again.
        mov     r1, TX
        mov     [r1], r0                ; There is space, so nothing is dropped.
        ret                             ; No call in here, so link still holds the way back.
        .endfunc

; Wait until the line has sent everything, then switch off. r0: the exit status.
        .func power_off
        ; Up to 16 bytes are still in TX, and they would be lost with the power. No port tells
        ; when the last one has left. But time is exact, one tick per instruction, and a turn of
        ; this loop has two: it takes as long as a slow line needs for 16 bytes.
        mov     r1, TX_BYTES * SLOWEST_LINE / 2
        mov     r2, 1
.Ldrain:
        sub     r1, r2
        condbr  r1 > 0, .Ldrain
        mov     r1, POWER_OFF
        mov     [r1], r0                ; The machine is off. This is its last instruction;
        jmp     .                       ; the next one is only where pc stays.
        .endfunc

        .data
message:
        .string32 "Hello from soclet!\n"
