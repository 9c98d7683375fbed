"""Firmware with handlers of every kind, and with functions, for tests of backtraces."""

VECTORS = """
        .align 4
vectors:
        .word {others}, {others}, {others}, {others}, {others}, {others}, {others}, {others}
        .word {call}, {others}, {others}, {others}, {others}, {others}, {others}, {others}
        .word {timer}, {others}, {others}
"""
START = """
.equ DEADLINE, 5
start:  mov sp, 0x80000
        mov r0, 1 << 16
        mov imask, r0
        mov ivec, vectors
        mov r4, 4
        mov r5, 5
        mov r6, 6
        mov r11, 11
        mov r12, 12
        mov r13, 13
        mov r14, 14
        mov ks1, 0x1001
"""
DUE = """
        mov r0, DEADLINE
        mov r1, {tick}
        mov [r0], r1
        mov r1, 0
        mov [r0], r1
        mov status, 5
"""
OFF = """
        mov r0, 0x20
        mov [r0], r0
"""
BUSY = """
busy:   mov r7, 7
        mov r8, 9
again:  add r7, r8
        mov link, r7
        mov r1, 1
        sub r8, r1
        condbr r8 > 0, again
"""
DISARM = """
        mov r0, DEADLINE
        mov r1, -1
        mov [r0], r1
        mov [r0], r1
"""


def timer(handler, tick=40, *, others="timer", call="timer", more=""):
    return (
        START + DUE.format(tick=tick) + BUSY + OFF + handler + more
        + ".data\n" + VECTORS.format(others=others, call=call, timer="timer")
    )  # fmt: skip


HANDLERS = {
    "saves on the interrupted stack": f"""
timer:  mov ks0, at
        push r0-r3, link, epc
        {DISARM}
        pop r0-r3, link, epc
        mov at, ks0
        iret
""",
    "calls a function that knows nothing of it": f"""
timer:  mov ks0, at
        push r0-r3, r13-r14, link, epc, estatus
        mov r4, r4
        call disarm
        pop r0-r3, r13-r14, link, epc, estatus
        mov at, ks0
        iret
disarm: push r4, link
        mov r4, 77
        call leaf
        pop r4, link
        ret
leaf:   {DISARM}
        ret
""",
    "has a stack of its own at a fixed place": f"""
timer:  mov ks0, sp
        mov sp, 0x90000
        mov ks1, at
        push r0-r3, link
        {DISARM}
        pop r0-r3, link
        mov at, ks1
        mov sp, ks0
        iret
""",
    "finds its stack in memory and keeps the other one on it": f"""
timer:  mov ks0, at
        mov at, kernel
        mov ks1, sp
        mov sp, [at]
        push r0-r11, r13-r14, link, ks1, ks0, epc, estatus
        mov r5, 1234
        {DISARM}
        call nothing
        pop r0-r11, r13-r14, link, ks1, ks0, epc, estatus
        mov sp, ks1
        mov at, ks0
        iret
nothing: mov r0, 0
        mov r13, 99
        ret
        .data
kernel: .word 0xa0000
        .text
""",
    "keeps registers at fixed addresses": f"""
timer:  mov ks0, r0
        mov ks1, r1
        mov r0, saved
        mov [r0], at
        mov at, 4
        add r0, at
        mov [r0], link
        mov link, 0x55
        {DISARM}
        mov r0, saved
        mov at, 4
        add r0, at
        mov link, [r0]
        mov r0, saved
        mov at, [r0]
        mov r0, ks0
        mov r1, ks1
        iret
        .data
saved:  .space 8
        .text
""",
    "shares its end with others and has no symbol of its own there": f"""
timer:  mov ks0, at
        mov at, 16
        jmp common
other:  mov ks0, at
        mov at, 17
        jmp common
common: push r0-r1
        {DISARM}
        condbr r0 == 3, more
        mov r0, 1
more:   pop r0-r1
        mov at, ks0
        iret
""",
}


NESTED = (
    """
timer:  mov ks0, at
        push r0-r3, r13-r14, link, epc, estatus
        mov r1, ks0
        push r1
        mov r0, 5
        trap 1
        mov r1, 6
        pop r1
        mov ks0, r1
"""
    + DISARM
    + """
        pop r0-r3, r13-r14, link, epc, estatus
        mov at, ks0
        iret
call:   mov ks1, at
        push r2, link
        mov r2, 3
        pop r2, link
        mov at, ks1
        iret
"""
)


FUNCTIONS = """
start:  mov sp, 0x80000
        mov r4, 4
        mov r5, 5
        call main
        jmp end
end:    mov r0, 0x20
        mov r1, 0
        mov [r0], r1
stop:   jmp stop
main:   push r4-r5, link
        mov r4, 3
loop:   call leaf
        mov r0, 1
        sub r4, r0
        condbr r4 > 0, loop
        mov r5, leaf
        branch [r5]
        call framed
        pop r4-r5, link
        ret
leaf:   mov r0, 1
        condbr r0 == 2, skip
        mov r2, 5
skip:   mov r3, r2
        mov pc, link
framed: enter 16
        mov r0, 7
        mov [sp], r0
        push r5
        mov r5, 1
inside: call leaf
        mov r1, [sp]
        pop r5
        leave
        branch [link]
"""

PROCESS = (
    """
.equ TABLE, 0x10000
.equ USER_STACK, 0x9000             ; virtual: its page is at 0x20000
start:  mov sp, 0x80000
        mov ivec, vectors
        mov r0, TABLE
        mov r1, 0x303f              ; the code: where it is, all rights but D
        mov r2, r0
        mov r3, 3 * 4
        add r2, r3
        mov [r2], r1
        mov r1, 0x20037
        mov r2, r0
        mov r3, 8 * 4
        add r2, r3
        mov [r2], r1
        mov ptbr, TABLE + 1
        mov epc, user
        mov estatus, 2
        iret
.func call
        mov ks0, at
        mov ks1, sp
        mov sp, KERNEL_STACK
        push r0-r3, link, epc, estatus, ks0, ks1
        mov r0, 1
        call serve
        pop r0-r3, link, epc, estatus, ks0, ks1
        mov sp, ks1
        mov at, ks0
        iret
.endfunc
.func serve
        push r4, link
        mov r4, 1
        pop r4, link
        ret
.endfunc
        .data
"""
    + VECTORS.format(others="call", call="call", timer="call")
    + """
        .text
        .org 0x3000
.func user
        mov sp, USER_STACK
        call outer
stay:   jmp stay
.endfunc
.func outer
        push r4, link
        mov r4, 4
        call inner
        pop r4, link
        ret
.endfunc
.func inner
        push r5, link
        mov r5, 5
        trap 7
        mov r5, 6
        pop r5, link
        ret
.endfunc
"""
)
"""A process whose memory is translated makes a system call; the kernel's is not."""
