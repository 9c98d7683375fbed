; pages: many processes, each with a page table and four pages of its own. Each turn goes round all of
; them, adds to a word in each page, and has the first two pages change places in the table.
.include "sizes.inc"
.equ POWER_OFF, 0x20
.equ RIGHTS, 0xf                       ; present, readable, writable, executable
.equ OURS, 1 << 20                     ; where every process sees its own pages: beyond memory
.equ FIRST, OURS >> 12 << 2            ; where in a table the first of them is
.equ TRANSLATED, 3                     ; of status: kernel mode, virtual memory
.equ PAGES, 4
.func start
        mov r14, repeats
        mov r14, [r14]
        mov r1, 4
        mov r2, 4096
        mov r9, 1
        mov r3, tables                 ; all memory mapped to itself, and behind it their own pages
        mov r6, frames + RIGHTS
table:  mov r4, r3
        mov r5, RIGHTS
        mov r7, OURS >> 12
fill:   mov [r4], r5
        add r4, r1
        add r5, r2
        sub r7, r9
        condbr r7 != 0, fill
        mov r7, PAGES
own:    mov [r4], r6
        add r4, r1
        add r6, r2
        sub r7, r9
        condbr r7 != 0, own
        add r3, r2
        condbr r3 != tables + PAGES_PROCESSES * 4096, table

        mov ptbr, tables + 1
        mov status, TRANSLATED
        mov r13, 0                     ; r13: the total
again:  mov r3, frames                 ; zero the word of every page
        mov r4, 0
clear:  mov [r3], r4
        add r3, r2
        condbr r3 != frames + PAGES_PROCESSES * PAGES * 4096, clear
        mov r12, PAGES_TURNS
turn:   mov r10, tables                ; r10: the process's table
        mov r11, 1                     ; r11: its number, from 1
process:
        mov r3, r10
        add r3, r9
        mov ptbr, r3                   ; a table of one page
        mov r3, OURS
        mov r5, 0                      ; r5: which of its pages, from 1
visit:  add r5, r9
        mov r6, r5                     ; word += page * process; total += page * word
        mul r6, r11
        mov r7, [r3]
        add r7, r6
        mov [r3], r7
        mul r7, r5
        add r13, r7
        add r3, r2
        condbr r5 != PAGES, visit
        mov r3, r10                    ; the first two change places
        mov r4, FIRST
        add r3, r4
        mov r4, r3
        add r4, r1
        mov r6, [r3]
        mov r7, [r4]
        mov [r3], r7
        mov [r4], r6
        add r10, r2
        add r11, r9
        condbr r11 != PAGES_PROCESSES + 1, process
        sub r12, r9
        condbr r12 != 0, turn
        sub r14, r9
        condbr r14 != 0, again
        mov r0, r13
        mov r1, POWER_OFF
        mov r2, 0
        mov [r1], r2
.endfunc
.data
repeats: .word 1
        .align 4096
tables: .space PAGES_PROCESSES * 4096
frames: .space PAGES_PROCESSES * PAGES * 4096
