"""Conditions of many shapes: decided in the machine and by gdb, they stop at the same places."""

CHANGES = """
.func start
        mov sp, 0x8000
        mov r4, -12
        mov r5, 1
        mov r6, table
        mov ks0, 0x12345678
        mov imask, 0x10000
        mov [r6], r4
loop:   mov r1, [r6]
        mov link, r4
        mul link, r1
        add sp, r4
        add r4, r5
        mov [r6], r4
check:  nop
        condbr r4 != 12, loop
done:   mov pc, done
.endfunc
.data
table:  .word 0, 0x80000000, 7, 0x00ff8001
text:   .string32 "hello"
"""

BY_THE_MACHINE = [
    *("$r4 == 7", "$r4 > 3", "(int)$r4 > 3", "(int)$r4 < -8", "(long long)$r4 > 10"),
    *("(char)$r4 == 10", "(signed char)$r4 == -6", "(unsigned char)$r4 == 0xfa"),
    *("(short)$r4 > -9 && (int)$r4 < -5", "(unsigned short)$r4 == 0xfffa"),
    *("(int)$r4 % 7 == -4", "$r4 % 7 == 4", "(int)$r4 / 3 == -3", "$r4 / 3 == 3"),
    *("!($r4 & 3)", "~$r4 == 5", "-(int)$r4 == 5", "($r4 ^ 0xff) == 0xf4", "($r4 | 1) == 9"),
    *("(int)$r4 << 3 == -56", "(int)$r4 >> 2 == -2", "$r4 >> 28 == 0", "$r4 << 30 == 0x80000000"),
    *("(int)$r4 > 2 && (int)$r4 % 5 == 4", "(int)$r4 >= -3 || $r4 == 0xfffffff8"),
    *("((int)$r4 > 5 ? (int)$r4 * 2 : 1) == 22", "(int)$r4 * 0x7fffffff == 0x7ffffffb"),
    *("(long long)$r4 * 0x100000000 == 0x500000000", "(int)$r4 <= -11 + 2 && $r4 != 0xfffffff5"),
    *("table[0] == -7", "*(unsigned char *)&table == 0xf7", "*((char *)&table + 3) == 0"),
    *("((short *)&table)[0] == -3", "((unsigned *)&table)[1] == 0x80000000 && $r4 == 9"),
    *("((int *)&table)[2] == (int)$r4", "*(int *)($r6 + 8) == (int)$r4 + 1"),
    *("*(unsigned short *)(13 + (char *)&table) == 0xff80 && $r4 == 1", "&table[0] == $r6 - 0"),
    *("$sp < 0x7fe0", "(int)$sp == 0x8000 - 12 - 11", "$r15 < 0x7fe0"),
    *("$link == 0", "(int)$link > 0 && (int)$link < 100", "$pc == check && $r4 == 6"),
    *("$ks0 == 0x12345678 && $r4 == 2", "$imask == 0x10000 && $r4 == 2", "$ptbr == $ivec"),
    *("(int)$status == 1 && $r4 == 4", "$epc == 0 && (int)$r4 == -5"),
]
BY_GDB = ["$status == 1 && $r4 == 4", "$cause == 0 && $r4 == 1", "(int)$lr > 0 && $r4 == 4"]
"""What gdb has no bytecode for: flags, enumerations, a vector's cast."""


def stops(gdb, condition, decider):
    """Where a condition stops the first two times, by r4, and who gdb says has decided."""
    gdb.ask(f"set breakpoint condition-evaluation {decider}")
    gdb.ask("delete")
    gdb.ask("set $pc = start")
    gdb.ask("break done")
    assert gdb.ask(f"break check if {condition}").startswith("Breakpoint")
    found = []
    for _ in range(2):
        assert "Breakpoint" in gdb.ask("continue")
        found.append(gdb.number("$r4"))
    return found, "(target evals)" in gdb.ask("info breakpoints")


def test_a_condition_stops_at_the_same_places_whoever_decides_it(debug):
    _, gdb = debug(CHANGES)
    for condition in BY_THE_MACHINE + BY_GDB:
        by_gdb, _ = stops(gdb, condition, "host")
        by_the_machine, decided = stops(gdb, condition, "target")
        assert by_the_machine == by_gdb, condition
        assert by_gdb != [12, 12], f"{condition} never stops"
        assert decided == (condition in BY_THE_MACHINE), condition


def test_a_condition_that_gdb_cannot_express_stops_and_says_why(debug):
    _, gdb = debug(CHANGES)
    gdb.ask("set breakpoint condition-evaluation target")
    gdb.ask("break check if $lr == 1")
    told = gdb.ask("continue")
    assert "cannot be carried out: the agent opcode equal finds too little" in told
    assert "Breakpoint" in told
