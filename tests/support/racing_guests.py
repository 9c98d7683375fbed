"""Guests with faults that only an explorer finds, and the same without them."""

_HANDLED = """
        .equ VECTORS, vectors
start:  mov sp, 0x8000
        mov r1, vectors
        mov ivec, r1
        mov imask, 0x10000
        mov status, 5
        mov r1, counter
        mov r2, 1
        mov r3, 0
work:   add r3, r2
        {before}
begin:  mov r0, [r1]
        add r0, r2
        mov [r1], r0
        {after}
        mov r5, 7
        mul r5, r3
end:    condbr r3 < 3, work
done:   mov pc, done
handler: push r0, r1
        mov r1, 5
        mov r0, 0xffffffff
        mov [r1], r0
        mov [r1], r0
        mov r1, counter
        mov r0, [r1]
        add r0, r2
        mov [r1], r0
        pop r0, r1
        iret
counter: .word 0
        .align 8
vectors: .word 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, handler
"""
RACY = _HANDLED.format(before="", after="")
"""Counts in the main program and in the handler of the timer, which loses a count at two places."""
SAFE = _HANDLED.format(before="mov status, 1", after="mov status, 5")
"""The same with interrupts off around it."""

_RECORD = """
start:  mov r1, 0x4000      ; the record: two words that belong together, and which is valid
        mov r2, [r1]
        mov r3, 1
        add r2, r3
begin:  {write}
end:    mov r1, 0x20
        mov r0, 0
        mov [r1], r0
"""
TORN = _RECORD.format(
    write="""
        mov [r1], r2
        mov r4, 4
        add r4, r1
        mov [r4], r2
"""
)
"""Writes two words that must be equal, one after the other, at each start."""
WHOLE = _RECORD.format(
    write="""
        mov r4, 0x4010      ; the copy, then the mark that it counts, then the record itself
        mov [r4], r2
        mov [r1], r2
"""
)
"""Writes one word last."""
