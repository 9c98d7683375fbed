; serial: each byte that comes in is added up and sent back, one more than it was.
.include "sizes.inc"
.equ POWER_OFF, 0x20
.equ RX, 0x10
.equ TX, 0x14
.equ STATUS, 0x15
.func start
        mov r8, repeats
        mov r8, [r8]
        mov r1, 1
        mov r2, STATUS
        mov r3, RX
        mov r4, TX
        mov r9, 0                      ; r9: the total
again:  mov r5, SERIAL_BYTES
byte:   mov r6, [r2]                   ; bit 0: a byte has come; bit 1: there is space
        condbr r6 == 0, byte
        condbr r6 == 2, byte
        mov r7, [r3]
        add r9, r7
        add r7, r1
space:  mov r6, [r2]
        condbr r6 < 2, space
        mov [r4], r7
        sub r5, r1
        condbr r5 != 0, byte
        sub r8, r1
        condbr r8 != 0, again
        mov r0, r9
        mov r1, POWER_OFF
        mov r2, 0
        mov [r1], r2
.endfunc
.data
repeats: .word 1
