; interrupts: a loop that computes, and a timer that interrupts it every INTERRUPTS_PERIOD ticks.
.include "sizes.inc"
.equ POWER_OFF, 0x20
.equ TIME, 0x4
.equ TIMER, 0x5
.equ INTERRUPTS, 4                     ; of status; translation is left as it is
.func start
        mov r8, repeats
        mov r8, [r8]
        mov ivec, vectors
        mov imask, 1 << 16
        mov sp, stack_top
        mov r9, 0                      ; r9: the total
again:  mov r5, count
        mov r6, 0
        mov [r5], r6
        mov r5, sum
        mov [r5], r6
        mov r5, TIME                   ; the first is due a period from now
        mov r6, [r5]
        mov r7, [r5]
        mov r7, INTERRUPTS_PERIOD
        add r6, r7
        mov r5, deadline
        mov [r5], r6
        mov r5, TIMER
        mov [r5], r6
        mov r7, 0
        mov [r5], r7
        mov r10, INTERRUPTS
        add status, r10
        mov r1, 1
        mov r2, 3
        mov r4, count
compute:
        add r0, r1
        mul r0, r2
        add r3, r0
        mov r5, [r4]
        condbr r5 < INTERRUPTS_TIMES, compute
        sub status, r10
        mov r5, sum
        mov r5, [r5]
        add r9, r5
        sub r8, r1
        condbr r8 != 0, again
        mov r0, r9
        mov r1, POWER_OFF
        mov r2, 0
        mov [r1], r2
.endfunc

.func timer_interrupt
        mov ks0, at
        push r0-r3
        mov r0, count                  ; the nth adds n to the sum
        mov r1, [r0]
        mov r2, 1
        add r1, r2
        mov [r0], r1
        mov r0, sum
        mov r2, [r0]
        add r2, r1
        mov [r0], r2
        mov r0, deadline               ; the next is due a period after this one was
        mov r1, [r0]
        mov r2, INTERRUPTS_PERIOD
        add r1, r2
        mov [r0], r1
        mov r0, TIMER
        mov [r0], r1
        mov r3, 0
        mov [r0], r3
        pop r0-r3
        mov at, ks0
        iret
.endfunc
.data
repeats: .word 1
count:  .word 0
sum:    .word 0
deadline: .word 0
vectors: .space 16 * 4
        .word timer_interrupt
        .space 15 * 4
        .space 1024
stack_top:
