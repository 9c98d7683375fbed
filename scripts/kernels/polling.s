; polling: STATUS and the time, read in a loop. There is always space on TX (2), and time does not go
; back (1).
.include "sizes.inc"
.equ POWER_OFF, 0x20
.equ TIME, 0x4
.equ STATUS, 0x15
.func start
        mov r8, repeats
        mov r8, [r8]
        mov r1, 1
        mov r2, STATUS
        mov r3, TIME
        mov r9, 0                      ; r9: the total
        mov r4, 0                      ; r4: the time before
again:  mov r5, POLLING_TURNS
loop:   mov r6, [r2]
        add r9, r6
        mov r6, [r3]
        mov r7, [r3]
        mov r7, r6
        sub r7, r4
        mov r4, r6
        condbr r7 < 0, back
        add r9, r1
back:   sub r5, r1
        condbr r5 != 0, loop
        sub r8, r1
        condbr r8 != 0, again
        mov r0, r9
        mov r1, POWER_OFF
        mov r2, 0
        mov [r1], r2
.endfunc
.data
repeats: .word 1
