; sieve: primes below 20,000 by Eratosthenes, a word a number, ten times over.
.equ N, 20000
.func start
        mov r9, 10
        mov r4, 4
        mov r10, 1
again:  mov r0, table                  ; set every word to 1
        mov r1, table + 4 * N
fill:   mov [r0], r10
        add r0, r4
        mov r2, r0
        sub r2, r1
        condbr r2 < 0, fill
        mov r5, 2                      ; r5: the number whose multiples go
next:   mov r6, r5
        mul r6, r6
        mov r7, r6
        mov r8, N
        sub r7, r8
        condbr r7 > -1, done
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
done:   sub r9, r10
        condbr r9 != 0, again
        mov r6, 0x20
        mov r7, 0
        mov [r6], r7
.endfunc
.data
table:  .space 4 * N
