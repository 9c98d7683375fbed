; processes: two processes that know nothing of each other take turns; a small kernel sees to it.
;
; The idea: each process has an address space of its own, in which the page of its variables and
; its stack lies at the same address as the other's, and is another page of memory. The timer
; interrupts whoever runs; the kernel puts all of its registers aside, takes those that it put aside
; of the other one, and returns to that. A process that has nothing more to do asks for the same by
; a system call.
;
; The kernel carries a process descriptor, so that a debugger shows the processes as threads.

        .include "../common/ports.s"

        .equ VIRTUAL,     2             ; a bit of status: addresses are virtual
        .equ USER_STATUS, VIRTUAL + INTERRUPTS  ; user mode, translated, interrupted at will
        .equ SLICE,       2000          ; ticks until the other process's turn
        .equ LINES,       3             ; what each process prints
        .equ WORK,        1500          ; turns of a loop between two lines

        ; System calls: `trap NUMBER`, the argument in r0.
        .equ SEND,        1             ; send the text at r0
        .equ YIELD,       2             ; let the other one run
        .equ EXIT,        3             ; end this process

        ; The address space of a process: its own page, and the program with its texts, which both share.
        .equ OWN_PAGE,    0x100000
        .equ OWN_STACK,   OWN_PAGE + 0x1000

        ; A page table entry is the physical page and a sum of rights.
        .equ PRESENT,     1
        .equ READABLE,    2
        .equ WRITABLE,    4
        .equ EXECUTABLE,  8
        .equ USER,        16

        ; What the kernel knows of a process, by offsets from its address.
        .equ P_NEXT,      0             ; the next process; 0 behind the last
        .equ P_PID,       4
        .equ P_STATE,     8
        .equ P_PTBR,      12
        .equ P_NAME,      16            ; 8 characters
        .equ P_SAVED,     P_NAME + 4 * 8 ; r0 to r15, pc, link, status
        .equ P_SIZE,      P_SAVED + 4 * 19

        .equ READY,       0
        .equ ENDED,       1

; ------------------------------------------------------------------------------- the kernel

        .func start
        mov     ivec, vectors
        mov     imask, TIMER_DUE
        ; Memory keeps its bytes when the power goes: nothing in it can be relied on that is not
        ; set here.
        mov     r0, current
        mov     r1, 0                   ; Nobody runs yet.
        mov     [r0], r1
        mov     r0, memory_of_ping      ; Each process gets a page table, with the program and
        mov     r1, table_of_ping       ; a page of memory in it.
        call    make_space
        mov     r0, memory_of_pong
        mov     r1, table_of_pong
        call    make_space
        mov     r0, ping
        mov     r1, text_ping
        call    make_process
        mov     r0, pong
        mov     r1, text_pong
        call    make_process
        mov     r0, first_process
        mov     r1, ping
        mov     [r0], r1                ; The list of processes holds from here on.
        call    next_slice
        mov     r0, current
        mov     r1, ping
        mov     [r0], r1
        jmp     resume
        .endfunc

; Make an address space. r0: the process's page of memory; r1: its page table, of zeros.
        .func make_space
        mov     r2, PRESENT + READABLE + EXECUTABLE + USER + program
        mov     r3, 4 * (program / 4096)
        add     r3, r1
        mov     [r3], r2                ; The program is where it is, to be read and executed;
        mov     r2, PRESENT + READABLE + USER + texts
        mov     r3, 4 * (texts / 4096)
        add     r3, r1
        mov     [r3], r2                ; its texts are to be read.
        mov     r2, PRESENT + READABLE + WRITABLE + USER
        add     r2, r0
        mov     r3, 4 * (OWN_PAGE / 4096)
        add     r3, r1
        mov     [r3], r2
        mov     r2, 0                   ; The first word of its own page is its counter.
        mov     [r0], r2
        ret
        .endfunc

; Have a process begin at its beginning. r0: the process; r1: the text that it is to send.
        .func make_process
        mov     r3, P_STATE
        add     r3, r0
        mov     r2, READY
        mov     [r3], r2
        mov     r3, P_SAVED             ; r0 is what it is told: its text.
        add     r3, r0
        mov     [r3], r1
        mov     r2, 4 * 15
        add     r3, r2
        mov     r2, OWN_STACK
        mov     [r3], r2                ; sp
        mov     r2, 4
        add     r3, r2
        mov     r2, process
        mov     [r3], r2                ; pc
        mov     r2, 8
        add     r3, r2
        mov     r2, USER_STATUS
        mov     [r3], r2
        ret
        .endfunc

; Have the timer interrupt a slice from now. Only with interrupts off, and a timer whose high word
; nobody needs: this machine is switched off long before.
        .func next_slice
        mov     r0, TIME
        mov     r1, [r0]                ; The time: low word,
        mov     r2, [r0]                ; and high word.
        mov     r3, SLICE
        add     r1, r3
        mov     r0, DEADLINE
        mov     [r0], r1
        mov     [r0], r2
        ret
        .endfunc

; A word of the process at ks1 is saved, or loaded; ks1 moves on to the next one.
        .macro  keep register
        mov     [ks1], \register
        mov     ks0, 4
        add     ks1, ks0
        .endm
        .macro  take register
        mov     \register, [ks1]
        mov     ks0, 4
        add     ks1, ks0
        .endm

; Every trap and interrupt of a process comes here: put its registers aside, see what it was.
        .func enter_kernel
        mov     ks1, current
        mov     ks1, [ks1]
        mov     ks0, P_SAVED
        add     ks1, ks0
        keep    r0
        keep    r1
        keep    r2
        keep    r3
        keep    r4
        keep    r5
        keep    r6
        keep    r7
        keep    r8
        keep    r9
        keep    r10
        keep    r11
        keep    r12
        keep    r13
        keep    r14
        keep    r15
        keep    epc
        keep    link
        keep    estatus
        mov     r1, MEMORY_SIZE         ; The kernel's stack is at the end of memory.
        mov     sp, [r1]
        mov     r1, cause
        condbr  r1 == 16, .Lslice_over
        condbr  r1 != 8, .Lunexpected
        mov     r1, detail              ; The system call's number.
        condbr  r1 == SEND, .Lsend
        condbr  r1 == YIELD, .Lswitch
        condbr  r1 == EXIT, .Lexit
.Lunexpected:
        call    unexpected_trap
.Lslice_over:
        call    next_slice
        jmp     .Lswitch
.Lsend:
        call    send_string             ; r0 is still the process's: a text of the program's page,
        jmp     resume                  ; which is at the same address for the kernel.
.Lexit:
        mov     r0, current
        mov     r0, [r0]
        mov     r1, P_STATE
        add     r0, r1
        mov     r1, ENDED
        mov     [r0], r1
.Lswitch:
        call    choose_next
        condbr  r0 != 0, .Lgo_on
        call    power_off               ; Nobody is left: r0 is 0, all went well.
.Lgo_on:
        mov     r1, current
        mov     [r1], r0
        jmp     resume
        .endfunc

; Give the process whose turn it is after the current one in r0; 0 where all have ended.
        .func choose_next
        mov     r1, current
        mov     r1, [r1]
        mov     r0, r1
.Lnext:
        mov     r2, P_NEXT
        add     r0, r2
        mov     r0, [r0]
        condbr  r0 != 0, .Lfound
        mov     r0, first_process       ; Behind the last comes the first.
        mov     r0, [r0]
.Lfound:
        mov     r2, P_STATE
        add     r2, r0
        mov     r2, [r2]
        condbr  r2 == READY, .Lchosen
        mov     r2, r0                  ; It has ended. Once round without finding another:
        sub     r2, r1
        condbr  r2 != 0, .Lnext
        mov     r0, 0                   ; nobody.
.Lchosen:
        ret
        .endfunc

; Go on with the current process.
        .func resume
        mov     ks1, current
        mov     ks1, [ks1]
        mov     ks0, P_PTBR
        add     ks1, ks0
        take    ptbr
        mov     ks0, P_SAVED - P_PTBR - 4
        add     ks1, ks0
        take    r0
        take    r1
        take    r2
        take    r3
        take    r4
        take    r5
        take    r6
        take    r7
        take    r8
        take    r9
        take    r10
        take    r11
        take    r12
        take    r13
        take    r14
        take    r15
        take    epc
        take    link
        take    estatus
        iret
        .endfunc

        .include "../common/serial.s"
        .include "../common/traps.s"

; ------------------------------------------------------------------------------- the program

        .org    0x2000
program:

; What both processes run, from here on. r0: the text of this one.
        .func process
        .cfi_undefined link             ; Nobody has called it: a backtrace ends here.
        call    worker
        trap    EXIT
        .endfunc

        .func worker
        push    link
        mov     r4, r0
        mov     r5, OWN_PAGE
.Lline:
        mov     r0, r4
        trap    SEND
        mov     r0, [r5]                ; Count in a page that is nobody else's.
        mov     r1, 1
        add     r0, r1
        mov     [r5], r0
        call    work
        trap    YIELD
        mov     r0, [r5]
        condbr  r0 != LINES, .Lline
        pop     link
        ret
        .endfunc

; Take some time.
        .func work
        mov     r0, WORK
        mov     r1, 1
.Lwork:
        sub     r0, r1
        condbr  r0 > 0, .Lwork
        ret
        .endfunc

; ------------------------------------------------------------------------------- what it knows

        .data
        .align  4096                    ; Not beside code: rights are given page by page.
vectors:
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 0
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 4
        .word   enter_kernel, unexpected_trap, unexpected_trap, unexpected_trap     ; 8
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 12
        .word   enter_kernel, unexpected_trap, unexpected_trap, unexpected_trap     ; 16
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 20
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 24
        .word   unexpected_trap, unexpected_trap, unexpected_trap, unexpected_trap  ; 28

current:
        .word   0                       ; the process that runs
first_process:
        .word   0                       ; the list of all

ping:   .word   pong, 1, READY, table_of_ping + 1
        .string32 "ping"
        .space  P_SAVED - P_NAME - 4 * 5
        .space  4 * 19
pong:   .word   0, 2, READY, table_of_pong + 1
        .string32 "pong"
        .space  P_SAVED - P_NAME - 4 * 5
        .space  4 * 19

; For debuggers: where the processes are, and what is where in one.
        .ascii  "soclet-p"
        .word   1                       ; version of this table
        .word   current
        .word   first_process
        .word   P_NEXT, P_PID, P_NAME, P_STATE
        .word   state_names
        .word   P_PTBR
        .word   -1                      ; the registers are saved in the process itself:
        .word   P_SAVED, P_SAVED + 4, P_SAVED + 8, P_SAVED + 12             ; r0
        .word   P_SAVED + 16, P_SAVED + 20, P_SAVED + 24, P_SAVED + 28      ; r4
        .word   P_SAVED + 32, P_SAVED + 36, P_SAVED + 40, P_SAVED + 44      ; r8
        .word   P_SAVED + 48, P_SAVED + 52, P_SAVED + 56, P_SAVED + 60      ; r12
        .word   P_SAVED + 64, P_SAVED + 68, P_SAVED + 72    ; pc, link, status
state_names:
        .asciz  "ready"
        .asciz  "ended"

        .align  4096
texts:                                  ; The program's part of the data: a page, nothing else in it.
text_ping:
        .string32 "ping\n"
text_pong:
        .string32 "pong\n"
        .align  4096
table_of_ping:
        .space  4096
table_of_pong:
        .space  4096
memory_of_ping:
        .space  4096
memory_of_pong:
        .space  4096
