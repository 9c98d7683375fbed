"""The frames that debuggers are told of are the frames that the program really has.

A plain machine runs programs by the rows' own bodies and keeps the true stack of calls; before
every instruction the frame information, read back from the file by pyelftools, must give it.
"""

import io
from dataclasses import dataclass, field

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from isa_spec.formats import LENGTH
from isa_spec.instructions import BASE
from isa_spec.registers import LINK, PC, REGISTERS, SP
from isa_spec.words import WORD
from toolchain.assembler import assemble
from toolchain.program import How, Rule

KEPT = range(4, 12)
COLUMNS = {register.number: register.dwarf for register in REGISTERS if register.dwarf is not None}


class Frames:
    """The frame information of a file, as pyelftools understands it."""

    def __init__(self, elf: bytes) -> None:
        dwarf = ELFFile(io.BytesIO(elf)).get_dwarf_info()
        self.entries = [
            (entry["initial_location"], entry["address_range"], entry.get_decoded().table)
            for entry in dwarf.CFI_entries()
            if "initial_location" in entry.header
        ]

    def row(self, pc):
        """Give the row that holds at an address, None outside functions."""
        for start, size, table in self.entries:
            if start <= pc < start + size:
                return [row for row in table if row["pc"] <= pc][-1]
        return None

    def caller(self, r, memory):
        """Give the caller's registers, by our numbers; None for what is lost."""
        row = self.row(r[PC])
        numbers = {column: number for number, column in COLUMNS.items()}
        cfa = (r[numbers[row["cfa"].reg]] + row["cfa"].offset) & WORD
        found = {}
        for number in (*KEPT, LINK, SP):
            rule = row.get(COLUMNS[number])
            match rule.type if rule else "SAME_VALUE":
                case "SAME_VALUE":
                    found[number] = r[number]
                case "OFFSET":
                    found[number] = memory.get((cfa + rule.arg) & WORD, 0)
                case "VAL_OFFSET":
                    found[number] = (cfa + rule.arg) & WORD
                case "UNDEFINED":
                    found[number] = None
        return found


class PowerOffError(Exception):
    pass


@dataclass
class Plain:
    """A machine without anything that tests of frames do not need."""

    memory: dict[int, int]
    r: list[int] = field(default_factory=lambda: [0] * len(REGISTERS))
    next: int = 0

    def load(self, address):
        return self.memory.get(address, 0)

    def store(self, address, word):
        self.memory[address] = word

    def trap(self, vector, detail):
        raise PowerOffError(vector, detail)

    def step(self):
        pc = self.r[PC]
        word = self.memory[pc] | self.memory[pc + 4] << 32
        decoded = BASE.decode(word)
        assert decoded is not None, hex(pc)
        self.next = pc + LENGTH
        row = decoded.row
        row.body(self.r if row.meaning.quiet else self, *decoded.operands)
        jumped = PC in decoded.written
        self.r[PC] = self.r[PC] if jumped else self.next
        return row


def check(text, steps=20_000, lost=()):
    """Run a program to its `trap`, comparing what debuggers see with what is so.

    `lost`: functions that lose their caller, as they may.
    """
    program = assemble("t.s", text)
    frames = Frames(program.elf())
    memory = {}
    for segment in program.segments:
        data = segment.data + bytes(-len(segment.data) % 4)
        for n in range(0, len(data), 4):
            memory[segment.address + n] = int.from_bytes(data[n : n + 4], "little")
    cpu = Plain(memory)
    cpu.r[PC] = 0x1000
    calls = []
    seen = set()
    for _ in range(steps):
        pc = cpu.r[PC]
        function = next(f.symbol.name for f in program.functions if f.symbol.address <= pc < f.end)
        if frames.row(pc) is not None and function not in lost:
            found = frames.caller(cpu.r, memory)
            expected = calls[-1] if calls else None
            if expected is None:
                assert found[LINK] is None, f"{function}+{pc:#x} has no caller"
            else:
                assert found == expected, f"in {function} at {pc:#x}, depth {len(calls)}"
            seen.add(pc)
        try:
            row = cpu.step()
        except PowerOffError:
            assert not calls
            return seen
        if calls and cpu.r[PC] == calls[-1][LINK] and cpu.r[SP] == calls[-1][SP]:
            calls.pop()
        elif row.syntax == "branch [a]":
            at_call = {number: cpu.r[number] for number in (*KEPT, SP)}
            calls.append(at_call | {LINK: pc + LENGTH})
    raise AssertionError("the program does not end")


START = """
.func start
    mov sp, 0x80000
    mov r4, 4
    mov r5, 5
    mov r6, 6
    mov r11, 11
    call main
    trap 0
.endfunc
"""


def test_a_function_that_pushes_and_pops_is_right_at_every_instruction():
    text = (
        START
        + """
    .func main
        push r4-r6, link
        mov r4, 40
        mov r5, 50
        call leaf
        push r4
        pop r6
        pop r4-r6, link
        ret
    .endfunc
    .func leaf
        mov r0, 1
        ret
    .endfunc
    """
    )
    (segment,) = assemble("t.s", text).segments
    assert check(text) == set(range(segment.address, segment.end, LENGTH))


def test_a_frame_with_a_pointer_and_locals_is_right_though_the_stack_moves():
    check(
        START
        + """
    .func main
        enter 24
        mov r0, 40
        mov [sp], r0
        push r4
        mov r4, 7
        mov r1, [sp]      ; whatever is there
        call deep
        mov r2, r0
        sub sp, r2        ; by an amount that nobody knows
        call deep
        mov r3, 0
        mov r4, 0
        leave
        mov r4, 4
        branch [link]
    .endfunc
    .func deep
        enter
        enter 8
        leave
        leave
        mov r0, 16
        ret
    .endfunc
    """,
        lost=("main",),
    )


def test_code_after_an_early_return_has_the_frame_that_it_was_jumped_to_with():
    check(
        START
        + """
    .func main
        push link
        mov r0, 3
    again:
        call count
        condbr r0 != 0, again
        pop link
        ret
    .endfunc
    .func count
        condbr r0 == 1, last
        push r4, link
        mov r4, 9
        condbr r0 == 3, three
        call none
        pop r4, link
        mov r0, 1
        ret
    three:
        call none
        mov r0, 2
        pop r4, link
        ret
    last:
        mov r0, 0
        branch [link]
    .endfunc
    .func none
        ret
    .endfunc
    """
    )


def test_loops_that_push_and_pop_evenly_keep_the_frame():
    check(
        START
        + """
    .func main
        push r4, r5, link
        mov r4, 3
        mov r5, -1
    loop:
        push r4
        call main.leaf
        pop r4
        add r4, r5
        condbr r4 != 0, loop
        pop r4, r5, link
        ret
    .endfunc
    .func main.leaf
        push r6
        mov r6, 1
        pop r6
        ret
    .endfunc
    """
    )


def test_a_frame_made_by_hand_with_known_numbers_needs_no_cfi_lines():
    check(
        START
        + """
    .func main
        mov r3, 12
        sub sp, r3
        mov r2, sp
        mov [r2], link
        mov r3, 4
        add r2, r3
        mov [r2], r5
        mov r5, 1
        call leaf
        mov link, [sp]
        mov r3, 4
        mov r2, sp
        add r2, r3
        mov r5, [r2]
        mov r3, 12
        add sp, r3
        mov pc, link
    .endfunc
    .func leaf
        mov r0, link
        ret
    .endfunc
    """
    )


@st.composite
def programs(draw):
    """Give a program of functions that call later ones, with frames of all kinds."""
    count = draw(st.integers(1, 4))
    functions = []
    for n in range(count):
        kept = draw(st.lists(st.sampled_from([f"r{k}" for k in range(4, 11)]), unique=True))
        saved = ", ".join([*kept, "link"])
        kind = draw(st.sampled_from(["push", "enter", "both"]))
        size = 4 * draw(st.integers(1, 5))
        begin = {
            "push": [f"push {saved}"],
            "enter": [f"enter {size}"],
            "both": [f"enter {size}", f"push {saved}"],
        }[kind]
        end = {
            "push": [f"pop {saved}"],
            "enter": ["leave"],
            "both": [f"pop {saved}", "leave"],
        }[kind]
        back = [draw(st.sampled_from(["ret", "branch [link]"]))]
        clobber = [f"mov {name}, {n + 100}" for name in kept] if kind != "enter" else []
        body = list(clobber)
        for k in range(draw(st.integers(0, 3))):
            callee = draw(st.integers(n + 1, count))
            step = draw(st.sampled_from(["call", "early", "temp", "skip", "computed"]))
            if step == "call":
                body += [f"call f{callee}"]
            elif step == "early":
                body += [f"condbr r0 == {k}, .Lgo{n}_{k}", *end, *back, f".Lgo{n}_{k}:"]
            elif step == "temp":
                body += ["push r0, r1", f"call f{callee}", "pop r0, r1"]
            elif step == "computed":
                body += [f"mov r3, f{callee}", "call r3"]
            else:
                body += [
                    f"condbr r1 != {k}, .Ls{n}_{k}",
                    f"jmp .Le{n}_{k}",
                    f".Ls{n}_{k}:",
                    f"call f{callee}",
                    f".Le{n}_{k}:",
                ]
        if draw(st.booleans()):
            body += [f"mov r0, {draw(st.integers(0, 2))}"]
        functions.append("\n".join([f".func f{n}", *begin, *body, *end, *back, ".endfunc"]))
    functions.append(f".func f{count}\nmov r1, 1\nret\n.endfunc")
    return START.replace("main", "f0") + "\n".join(functions)


@settings(max_examples=150, deadline=None)
@given(programs())
def test_frames_are_right_at_every_instruction_of_any_program(text):
    check(text)


def rows(text, name="f"):
    program = assemble("t.s", ".org 0x2000\n" + text)
    (function,) = (f for f in program.functions if f.symbol.name == name)
    return [(row.address - 0x2000, row.base, row.offset, dict(row.rules)) for row in function.frame]


def rule(text, register, at):
    found = [r[3][register] for r in rows(text) if r[0] <= at]
    return found[-1]


def test_the_function_that_the_machine_begins_with_has_no_caller():
    (function,) = assemble("t.s", ".func f\nnop\ncall f\n.endfunc").functions
    assert all(dict(row.rules)[LINK] == Rule(How.UNDEFINED) for row in function.frame)


def test_a_function_that_calls_without_keeping_link_has_lost_its_caller_from_the_call_on():
    text = ".func f\nnop\ncall f\nnop\n.endfunc"
    assert rule(text, LINK, 8) == Rule(How.SAME)
    assert rule(text, LINK, 16) == Rule(How.UNDEFINED)
    assert rule(text, LINK, 24) == Rule(How.UNDEFINED)


def test_a_register_that_is_changed_before_it_is_pushed_is_lost_and_not_saved():
    text = ".func f\nmov r4, 1\npush r4\nnop\n.endfunc"
    assert rule(text, 4, 0) == Rule(How.SAME)
    assert rule(text, 4, 40) == Rule(How.UNDEFINED)


def test_where_ways_with_different_stacks_meet_the_frame_is_not_claimed():
    text = ".func f\ncondbr r0 == 1, x\npush r1\nx: nop\n.endfunc"
    assert rule(text, LINK, 32) == Rule(How.UNDEFINED)


def test_a_frame_pointer_takes_over_where_the_stack_pointer_is_not_known():
    text = ".func f\nenter\nsub sp, r0\nnop\n.endfunc"
    assert rows(text)[-1][:3] == (0x38, 11, 8)


def test_code_that_nothing_jumps_to_goes_on_as_the_line_above_ended():
    text = ".func f\npush r4\nmov pc, r0\nnop\n.endfunc"
    assert rows(text)[-1][1:3] == (15, 4)


def test_a_system_call_comes_back_and_keeps_the_frame():
    text = ".func f\npush r4, link\ntrap 5\nmov r4, 1\nnop\n.endfunc"
    assert rule(text, LINK, 64) == Rule(How.OFFSET, -4)
    assert rule(text, 4, 64) == Rule(How.OFFSET, -8)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([".cfi_def_cfa r5, 12"], (5, 12)),
        ([".cfi_def_cfa_offset 8"], (15, 8)),
        ([".cfi_def_cfa_offset 8", ".cfi_def_cfa_register r7"], (7, 8)),
        ([".cfi_adjust_cfa_offset 8", ".cfi_adjust_cfa_offset -4"], (15, 4)),
        ([".cfi_remember_state", ".cfi_def_cfa r5, 12", ".cfi_restore_state"], (15, 0)),
        ([".cfi_startproc", ".cfi_endproc"], (15, 0)),
    ],
)
def test_cfi_lines_place_the_frame(lines, expected):
    text = "\n".join([".func f", "nop", *lines, "nop", ".endfunc"])
    assert rows(text)[-1][1:3] == expected


@pytest.mark.parametrize(
    ("lines", "register", "expected"),
    [
        ([".cfi_offset r4, -8"], 4, Rule(How.OFFSET, -8)),
        ([".cfi_def_cfa_offset 16", ".cfi_rel_offset r4, 4"], 4, Rule(How.OFFSET, -12)),
        ([".cfi_val_offset r5, -4"], 5, Rule(How.VALUE, -4)),
        ([".cfi_undefined link"], LINK, Rule(How.UNDEFINED)),
        ([".cfi_offset r4, -8", ".cfi_restore r4"], 4, Rule(How.SAME)),
        ([".cfi_undefined r4", ".cfi_same_value r4"], 4, Rule(How.SAME)),
        ([".cfi_val_offset r5, -4", ".cfi_offset r5, 4"], 5, Rule(How.OFFSET, 4)),
    ],
)
def test_cfi_lines_say_where_registers_are(lines, register, expected):
    text = "\n".join([".func f", "nop", *lines, "mov r4, r4", ".endfunc"])
    assert rule(text, register, 8) == expected
    frames = Frames(assemble("t.s", ".org 0x2000\n" + text).elf())
    shown = frames.row(0x2008).get(COLUMNS[register])
    names = {How.SAME: "SAME_VALUE", How.VALUE: "VAL_OFFSET"}
    assert (shown.type if shown else "SAME_VALUE") == names.get(expected.how, expected.how.name)
    assert not shown or shown.arg in (expected.offset, None)


def test_a_handler_that_says_where_it_saved_pc_gives_all_registers_back():
    lines = rows(".func f\npush r0-r3, epc\n.cfi_offset pc, -4\nnop\nnop\n.endfunc\n")
    assert PC not in lines[0][3]
    saved = lines[-1][3]
    assert saved[PC] == Rule(How.OFFSET, -4)
    assert [saved[n] for n in range(4)] == [Rule(How.OFFSET, at) for at in (-20, -16, -12, -8)]


def test_cfi_lines_act_on_what_the_line_above_leaves_though_it_returns():
    text = """
    .func f
        push link
        condbr r0 == 1, out
        .cfi_remember_state
        pop link
        ret
        .cfi_restore_state
    out:
        nop
    .endfunc
    """
    assert rows(text)[-1][1:3] == (15, 4)
    assert rule(text, LINK, 100) == Rule(How.OFFSET, -4)


def test_pushes_go_on_from_where_cfi_lines_say_the_frame_is():
    text = ".func f\nsub sp, r0\n.cfi_def_cfa_offset 16\npush r4\nnop\n.endfunc"
    assert rows(text)[-1][1:3] == (15, 20)
    assert rule(text, 4, 40) == Rule(How.OFFSET, -20)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (".cfi_offset r13, -4", "13: r13 has no number in debugging information; r0 to r12, sp"),
        (".cfi_offset r4, -3", "13: -3 is no multiple of 4; frames are made of words"),
        (".cfi_restore_state", "1: .cfi_restore_state without a state to restore; write"),
        (".cfi_offset r4", "1: offset is missing: a number that is known here; write"),
        (".cfi_offset 4, 4", "13: register must be a register; write `.cfi_offset register,"),
    ],
)
def test_cfi_lines_that_are_wrong_are_refused(errors, line, expected):
    assert errors(f".func f\n{line}\n.endfunc")[0].startswith(f"test.s:2:{expected}")


def test_a_long_way_between_rows_and_frames_above_the_caller_can_be_written_down():
    text = ".func f\nnop\n" + "nop\n" * 100 + "mov at, 4\nadd sp, at\nnop\n.endfunc"
    frames = Frames(assemble("t.s", ".org 0x2000\n" + text).elf())
    assert frames.row(0x2000 + 8 * 102)["cfa"].offset == 0
    assert frames.row(0x2000 + 8 * 103)["cfa"].offset == -4
