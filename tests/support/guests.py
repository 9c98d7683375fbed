"""Small firmware for tests of what is around the machine, each a text of assembly."""

PORTS = """
.equ TIME, 0x04
.equ DEADLINE, 0x05
.equ RX, 0x10
.equ TX, 0x14
.equ STATUS, 0x15
.equ POWER_OFF, 0x20
"""


def powers_off(status):
    return f"""{PORTS}
        mov r0, {status}
        mov r1, POWER_OFF
        mov [r1], r0
"""


SPINS = """
here:   mov pc, here
"""

CHECK_STOPS = """
        mov ivec, 0x2000            ; whose words are 0: no handler can be there
        mov r1, 0
        div r0, r1
"""

SLEEPS_FOR_EVER = """
        mov r3, 7
        wait
        mov r3, 8
"""

SLEEPS_UNTIL_1000 = f"""{PORTS}
        mov r1, DEADLINE
        mov r0, 1000
        mov [r1], r0
        mov r0, 0
        mov [r1], r0
        mov imask, 1 << 16
        wait
        mov r0, 3
        mov r1, POWER_OFF
        mov [r1], r0
"""

SENDS = f"""{PORTS}
        mov r1, TX
        mov r0, '!'
        mov [r1], r0
        mov r0, 0
        mov r1, POWER_OFF
        mov [r1], r0
"""

COUNTS_RUNS = f"""{PORTS}
; Adds one to a word that outlives the power, sends it as a letter, and switches off.
        mov r1, 0x8000
        mov r0, [r1]
        mov r2, 1
        add r0, r2
        mov [r1], r0
        mov r2, 'a' - 1
        add r0, r2
        mov r1, TX
        mov [r1], r0
        mov r0, 0
        mov r1, POWER_OFF
        mov [r1], r0
"""

ANNOUNCES = f"""{PORTS}
; Stores a count to two pages, then sends its lowest byte, and so on.
        mov r0, 0
        mov r1, 0x8000
        mov r2, 0x9000
        mov r3, TX
        mov r4, 1
again:  add r0, r4
        mov [r1], r0
        mov [r2], r0
        mov [r3], r0
        mov r5, 200
pause:  sub r5, r4
        condbr r5 > 0, pause
        mov pc, again
"""

COUNTS_INPUT = f"""{PORTS}
; Takes bytes until none is left, without a wait, and powers off with how many they were.
        mov r0, 0
        mov r1, STATUS
        mov r2, RX
        mov r4, 1
next:   mov r3, [r1]
        condbr r3 == 2, over
        mov r3, [r2]
        add r0, r4
        mov pc, next
over:   mov r1, POWER_OFF
        mov [r1], r0
"""

ECHOES = f"""{PORTS}
; Echoes by polling; a byte 'q' switches off with 0.
        mov r1, STATUS
        mov r2, RX
        mov r3, TX
again:  mov r0, [r1]
        condbr r0 == 2, again
        mov r0, [r2]
echo:   mov [r3], r0
        condbr r0 != 'q', again
        mov r0, 0
        mov r1, POWER_OFF
        mov [r1], r0
"""

GREETS = f"""
        mov r0, '>'
        mov r1, 0x14
        mov [r1], r0
{ECHOES}"""

LOOPS = """
start:  mov r0, 1
        mov r1, 2
        add r0, r1
loop:   add r2, r0
        mov pc, loop
"""
LOOP = 0x1018
"""Where its loop begins."""
