; sieve: primes below N by Eratosthenes, a word a number; the primes are counted.
.include "sizes.inc"
.equ POWER_OFF, 0x20
.func start
        mov r9, repeats
        mov r9, [r9]
        mov r4, 4
        mov r10, 1
        mov r13, 0                     ; r13: the total
again:  mov r0, table                  ; set every word to 1
        mov r1, table + 4 * SIEVE_N
fill:   mov [r0], r10
        add r0, r4
        mov r2, r0
        sub r2, r1
        condbr r2 < 0, fill
        mov r5, 2                      ; r5: the number whose multiples go
next:   mov r6, r5
        mul r6, r6
        mov r7, r6
        mov r8, SIEVE_N
        sub r7, r8
        condbr r7 > -1, count
        mov r0, r5
        mul r0, r4
        mov r3, r0                     ; r3: the step in bytes
        mov r6, table
        add r0, r6
        mov r2, [r0]
        condbr r2 == 0, skip
        add r0, r3
        mov r8, 0
strike: mov [r0], r8
        add r0, r3
        mov r2, r0
        sub r2, r1
        condbr r2 < 0, strike
skip:   add r5, r10
        jmp next
count:  mov r0, table + 8
add_up: mov r2, [r0]
        add r13, r2
        add r0, r4
        mov r2, r0
        sub r2, r1
        condbr r2 < 0, add_up
        sub r9, r10
        condbr r9 != 0, again
        mov r0, r13
        mov r1, POWER_OFF
        mov r2, 0
        mov [r1], r2
.endfunc
.data
repeats: .word 1
table:  .space 4 * SIEVE_N
