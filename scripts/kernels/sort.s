; sort: insertion sort of words drawn anew each time; branches that nobody can foresee.
.include "sizes.inc"
.equ POWER_OFF, 0x20
.func start
        mov r8, repeats
        mov r8, [r8]
        mov r1, 4
        mov r9, 0                      ; r9: the total
again:  mov r3, array                  ; draw: x = (75 x + 74) mod 65537
        mov r2, SORT_SEED
draw:   mov r6, 75
        mul r2, r6
        mov r6, 74
        add r2, r6
        mov r6, r2
        mov r7, 65537
        div r6, r7
        mul r6, r7
        sub r2, r6
        mov [r3], r2
        add r3, r1
        condbr r3 != array + 4 * SORT_N, draw

        mov r3, array + 4              ; sort: r3 is where the next one to insert lies
next:   mov r5, [r3]
        mov r4, r3                     ; r4: the gap that goes down
down:   mov r6, r4
        sub r6, r1
        mov r7, [r6]
        mov r10, r5
        sub r10, r7
        condbr r10 > -1, insert
        mov [r4], r7
        mov r4, r6
        condbr r4 != array, down
insert: mov [r4], r5
        add r3, r1
        condbr r3 != array + 4 * SORT_N, next

        mov r3, array                  ; add up: h = 31 h + word, in order
        mov r2, 0
        mov r6, 31
add_up: mul r2, r6
        mov r7, [r3]
        add r2, r7
        add r3, r1
        condbr r3 != array + 4 * SORT_N, add_up
        add r9, r2
        mov r2, 1
        sub r8, r2
        condbr r8 != 0, again
        mov r0, r9
        mov r1, POWER_OFF
        mov r2, 0
        mov [r1], r2
.endfunc
.data
repeats: .word 1
array:  .space 4 * SORT_N
