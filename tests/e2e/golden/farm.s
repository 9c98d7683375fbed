; The program of the sessions in this folder: functions, tables, texts, handlers, and every way to
; stop. It weighs a harvest, counts it up, says so on the serial line, lets the timer tick three
; times, asks its own system call something, and switches off.

        .equ TX,          0x14          ; store: send a byte
        .equ POWER_OFF,   0x20          ; store: switch off, with this exit status
        .equ DEADLINE,    0x05          ; store, twice: when the timer is due
        .equ KERNEL,      1
        .equ INTERRUPTS,  4
        .equ TIMER,       1 << 16
        .equ FIELDS,      5

        .global start
        .func start
        mov     sp, stack_top
        mov     ivec, vectors
        mov     imask, TIMER
        mov     r0, weights
        mov     r1, FIELDS
        call    harvest
        mov     r4, total
        mov     [r4], r0
        mov     r0, 5
        call    factorial
        mov     r0, message
        call    say
        mov     r4, deadline
        mov     r4, [r4]
        mov     r5, DEADLINE
        mov     r6, 0
        mov     [r5], r4
        mov     [r5], r6
        mov     status, KERNEL + INTERRUPTS
idle:   mov     r0, ticks
        mov     r0, [r0]
        condbr  r0 < 3, idle
        trap    7                       ; how many ticks were there?
        mov     r1, POWER_OFF
        mov     [r1], r0
        jmp     .
        .endfunc

        .include "work.s"
        .include "handlers.s"

        .data
total:  .word   0
ticks:  .word   0
deadline:
        .word   2000
weights:
        .word   3, 1, 4, 1, 5
message:
        .string32 "harvest\n"
name:   .asciz  "soclet farm"
flags:  .byte   1, 0, 1
        .align  4
vectors:
        .space  8 * 4
        .word   system_call
        .space  7 * 4
        .word   timer_tick
        .space  15 * 4
        .align  8
stack:  .space  512
stack_top:
