"""Guests for tests of the testing library: an echo that polls, and one that sleeps."""

ECHO = """
start:  mov r1, 0x15        ; STATUS
        mov r2, 0x10        ; RX
        mov r3, 0x14        ; TX
        mov r4, 0x20        ; power off
poll:   mov r0, [r1]
        condbr r0 < 3, poll
        mov r0, [r2]
        condbr r0 == 33, off
        mov [r3], r0
        mov pc, poll
off:    mov r0, 7
        mov [r4], r0
"""
"""Sends back what is typed; ! ends it with status 7."""

SLEEPY = """
start:  mov r1, vectors
        mov ivec, r1
        mov imask, 0x20000
        mov r2, 0x10
        mov r3, 0x14
        mov status, 5
again:  wait
        mov pc, again
handler: mov ks0, r0
        mov r0, [r2]
        mov [r3], r0
        mov r0, ks0
        iret
        .align 8
vectors:
        .word 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, handler
"""
"""Sends back what is typed, by an interrupt, and sleeps meanwhile."""
