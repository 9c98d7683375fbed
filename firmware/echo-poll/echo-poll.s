; echo-poll: what is typed comes back; a line that says quit switches off.
;
; The idea: two things may happen on a serial line, a byte comes in and there is space for a byte
; to go out. A program that polls asks for the one that it needs next, and asks again until it is
; so. That is easy to write and easy to get right, and nothing is lost, for the line keeps what
; comes in meanwhile. The price: the CPU runs at full speed while a person thinks. echo-irq is the
; same program without that price.

        .include "../common/ports.s"

; The machine begins at 0x1000, and so does the code of a program: this comes first.
        .func start
        mov     r0, MEMORY_SIZE         ; The stack grows down from the end of memory.
        mov     sp, [r0]
        mov     r0, greeting
        call    echo                    ; Comes back when a line has said quit.
        mov     r0, 0                   ; Exit status 0: all went well.
        call    power_off
        .endfunc

; Give the next byte that comes in. Result in r0: 0 to 255.
        .func read_byte
        mov     r1, SERIAL_STATUS
.Lempty:
        mov     r0, [r1]
        ; RX gives 0 both where nothing waits and where a zero byte does. Only the status can
        ; tell them apart, so that it has to be asked first. Without RX_AVAILABLE in it, it is 0
        ; or TX_SPACE.
        condbr  r0 == 0, .Lempty
        condbr  r0 == TX_SPACE, .Lempty
        mov     r1, RX
        mov     r0, [r1]                ; This load takes the byte: the next one gives the next.
        ret
        .endfunc

; Send a byte. r0: the byte.
        .func write_byte
        mov     r1, SERIAL_STATUS
.Lfull:
        mov     r2, [r1]
        condbr  r2 < TX_SPACE, .Lfull   ; What is stored in a full TX is lost: ask again.
        mov     r1, TX
        mov     [r1], r0
        ret
        .endfunc

        .include "../common/echo.s"     ; what to do with the bytes
        .include "../common/serial.s"   ; power_off

        .data
greeting:
        .string32 "echo-poll: type, it comes back; quit ends.\r\n"
