"""Section 2 of the ISA manual: what each instruction does, and what all of them have in common."""

import pytest
from board import DATA, HANDLERS, SIZE, START, TABLE, Board, handler, program
from hypothesis import given
from hypothesis import strategies as st

from isa_spec.formats import CONDBR, GENERAL, WITH_VALUE
from isa_spec.instruction import EXTENSIONS, Rows
from isa_spec.instructions import BASE
from isa_spec.words import WORD
from machine.events import Debugger
from machine.reason import Reason

words = st.one_of(
    st.sampled_from([0, 1, 2, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF]), st.integers(0, WORD)
)


def signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


def after(line: str, **registers: int) -> Board:
    return Board(line).set(**registers).step()


# Single instructions


@pytest.mark.isa("2.mov_value", "2.12")
@given(words)
def test_mov_value_sets_a_register(value: int):
    board = after(f"mov r3, {value}")
    assert (board["r3"], board["pc"]) == (value, START + 8)


@pytest.mark.isa("2.mov")
@given(words)
def test_mov_copies_a_register(value: int):
    board = after("mov r3, r4", r4=value)
    assert (board["r3"], board["r4"]) == (value, value)


@pytest.mark.isa("2.load", "4.5")
def test_a_load_gets_the_word_at_the_address_in_b_low_byte_first():
    board = Board("mov r3, [r4]").set(r4=DATA)
    board.machine.flash([(DATA, b"\x78\x56\x34\x12")])
    assert board.step()["r3"] == 0x12345678


@pytest.mark.isa("2.store", "4.5")
def test_a_store_puts_b_at_the_address_in_a_low_byte_first():
    board = after("mov [r3], r4", r3=DATA, r4=0x12345678)
    assert board.machine.memory.read(DATA - 4, 12) == bytes(4) + b"\x78\x56\x34\x12" + bytes(4)
    assert (board["r3"], board["r4"]) == (DATA, 0x12345678)


@pytest.mark.isa("2.add")
@given(words, words)
def test_add_is_modulo_two_to_the_32(a: int, b: int):
    board = after("add r3, r4", r3=a, r4=b)
    assert (board["r3"], board["r4"]) == ((a + b) % 2**32, b)


@pytest.mark.isa("2.sub")
@given(words, words)
def test_sub_is_modulo_two_to_the_32(a: int, b: int):
    board = after("sub r3, r4", r3=a, r4=b)
    assert (board["r3"], board["r4"]) == ((a - b) % 2**32, b)


@pytest.mark.isa("2.mul")
@given(words, words)
def test_mul_gives_the_low_word_of_the_product(a: int, b: int):
    assert after("mul r3, r4", r3=a, r4=b)["r3"] == a * b % 2**32


@pytest.mark.isa("2.div")
@given(words, words.filter(bool))
def test_div_is_signed_and_toward_zero(a: int, b: int):
    quotient = signed(after("div r3, r4", r3=a, r4=b)["r3"])
    if (a, b) == (0x8000_0000, WORD):
        assert quotient == -(2**31)
    else:
        remainder = signed(a) - quotient * signed(b)
        assert abs(remainder) < abs(signed(b))
        assert remainder == 0 or (remainder < 0) == (signed(a) < 0)


@pytest.mark.isa("2.div")
@pytest.mark.parametrize(
    ("a", "b", "quotient"),
    [(7, 2, 3), (-7, 2, -3), (7, -2, -3), (-7, -2, 3), (-(2**31), -1, -(2**31)), (1, -(2**31), 0)],
)
def test_div_rounds_toward_zero_for_all_signs(a: int, b: int, quotient: int):
    assert signed(after("div r3, r4", r3=a & WORD, r4=b & WORD)["r3"]) == quotient


@pytest.mark.isa("2.div", "5.division")
def test_division_by_zero_is_trap_7():
    board = Board("div r3, r4").set(r3=5, r4=0)
    assert board.trapped() == (7, 0, START)
    assert board["r3"] == 5


@pytest.mark.isa("2.branch")
def test_branch_jumps_and_links():
    board = after("branch [r3]", r3=0x1800)
    assert (board["pc"], board["link"], board["r3"]) == (0x1800, START + 8, 0x1800)


@pytest.mark.isa("2.branch", "2.16")
def test_branch_through_link_returns():
    board = after("branch [link]", link=0x1800)
    assert (board["pc"], board["link"]) == (0x1800, START + 8)


@pytest.mark.isa("2.branch", "2.10")
def test_branch_through_pc_jumps_to_itself():
    board = after("branch [pc]")
    assert (board["pc"], board["link"]) == (START, START + 8)


def jumps(comparison: str, a: int, value: int) -> bool:
    pc = after(f"condbr r3 {comparison} {value}, 0x1100", r3=a)["pc"]
    assert pc in (0x1100, START + 8)
    return pc == 0x1100


@pytest.mark.isa("2.condbr_less")
@given(words, words)
def test_condbr_less_compares_signed(a: int, value: int):
    assert jumps("<", a, value) == (signed(a) < signed(value))


@pytest.mark.isa("2.condbr_greater")
@given(words, words)
def test_condbr_greater_compares_signed(a: int, value: int):
    assert jumps(">", a, value) == (signed(a) > signed(value))


@pytest.mark.isa("2.condbr_equal", "2.condbr_different")
@given(words, words)
def test_condbr_equal_and_condbr_different_are_opposites(a: int, value: int):
    assert jumps("==", a, value) == (a == value)
    assert jumps("!=", a, value) == (a != value)


@pytest.mark.isa("2.condbr_less", "2.condbr_equal", "2.condbr_greater", "2.condbr_different")
@pytest.mark.parametrize("value", [0, 1, 0x7FFF_FFFF, 0x8000_0000, WORD])
def test_a_word_compares_with_itself_as_equal_only(value: int):
    assert [jumps(c, value, value) for c in ("<", "==", ">", "!=")] == [False, True, False, False]


@pytest.mark.isa("2.trap", "5.system-call")
@given(words)
def test_trap_is_the_system_call(value: int):
    board = Board(f"trap {value}").set(status=0)
    assert board.trapped() == (8, value, START + 8)
    assert board["estatus"] == 0


@pytest.mark.isa("2.iret")
@pytest.mark.parametrize("status", [0, 1, 4, 5])
def test_iret_sets_pc_and_status_at_once(status: int):
    board = after("iret", epc=0x1800, estatus=status)
    assert (board["pc"], board["status"], board["epc"]) == (0x1800, status, 0x1800)


@pytest.mark.isa("2.iret", "2.17")
def test_the_fetch_after_iret_is_in_the_mode_that_iret_set():
    board = Board("iret").set(epc=DATA, estatus=3, ptbr=TABLE | 1).step(2)
    assert board.trap == (0x203, DATA, DATA)
    assert board["estatus"] == 3


@pytest.mark.isa("2.wait")
def test_wait_goes_on_at_once_where_an_interrupt_is_let_through_already():
    board = Board("wait", "mov r0, 7").set(imask=1 << 18, status=1)
    assert board.run(2) is Reason.LIMIT
    assert (board["r0"], board.time) == (7, 2)


@pytest.mark.isa("2.wait", "3.20")
@pytest.mark.parametrize(("status", "pc"), [(1, START + 16), (5, handler(16))])
def test_wait_wakes_whether_interrupts_are_on_or_off(status: int, pc: int):
    board = Board("mov [r1], r2", "mov [r1], r3", "mov status, r4", "wait", "mov r0, r0")
    board.set(r1=5, r2=500, imask=1 << 16, r4=status)
    assert board.run(500) is Reason.LIMIT
    assert not board.machine.cpu.asleep
    board.machine.run(501)
    assert board["pc"] == (START + 40 if status == 1 else pc)


@pytest.mark.isa("2.wait")
def test_wait_sleeps_through_what_imask_holds_back():
    board = Board("wait", "mov r0, 7").set(imask=1 << 17, status=5)
    assert board.run(1000) is Reason.ASLEEP
    assert (board["pc"], board.time) == (START + 8, 1)


@pytest.mark.isa("2.brk", "5.break")
@pytest.mark.parametrize("status", [0, 1])
def test_brk_without_a_debugger_is_trap_9(status: int):
    assert Board("brk").set(status=status).trapped() == (9, 0, START + 8)


@pytest.mark.isa("2.brk", "2.18", "2.19")
@pytest.mark.parametrize("status", [0, 1, 2])
def test_brk_stops_in_the_debugger_in_either_mode(status: int):
    board = Board("brk", "mov r0, 7").translated(status)
    board.machine.post(Debugger(attached=True))
    assert board.run() is Reason.BRK
    assert (board.time, board["pc"], board["cause"], board["status"]) == (1, START + 8, 0, status)
    board.machine.run(2)
    assert board["r0"] == 7


def test_brk_traps_again_once_the_debugger_has_left():
    board = Board("brk")
    board.machine.post(Debugger(attached=True))
    board.machine.post(Debugger(attached=False))
    assert board.trapped()[0] == 9


# Shapes


@pytest.mark.isa("2.1", "2.general", "2.with-value", "2.condbr")
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("mov r3, 0x12345678", "01 03 00 00 78 56 34 12"),
        ("mov r3, r4", "02 03 04 00 00 00 00 00"),
        ("mov r3, [r4]", "03 03 04 00 00 00 00 00"),
        ("mov [r3], r4", "04 03 04 00 00 00 00 00"),
        ("add r3, r4", "05 03 04 00 00 00 00 00"),
        ("sub r3, r4", "06 03 04 00 00 00 00 00"),
        ("mul r3, r4", "07 03 04 00 00 00 00 00"),
        ("div r3, r4", "08 03 04 00 00 00 00 00"),
        ("branch [r3]", "09 03 00 00 00 00 00 00"),
        ("condbr r3 < 0x12345678, 0x1010", "0a 03 02 00 78 56 34 12"),
        ("condbr r3 == 0x12345678, 0x0ff8", "0b 03 ff ff 78 56 34 12"),
        ("condbr r3 > 0x12345678, 0x40ff8", "0c 03 ff 7f 78 56 34 12"),
        ("condbr r3 != 0x12345678, -0x3f000", "0d 03 00 80 78 56 34 12"),
        ("trap 0x12345678", "10 00 00 00 78 56 34 12"),
        ("iret", "11 00 00 00 00 00 00 00"),
        ("wait", "12 00 00 00 00 00 00 00"),
        ("brk", "13 00 00 00 00 00 00 00"),
    ],
)
def test_every_instruction_is_encoded_in_these_8_bytes(line: str, code: str):
    assert program(line) == bytes.fromhex(code)


@pytest.mark.isa("2.2")
@pytest.mark.parametrize("offset", range(1, 8))
def test_an_instruction_must_lie_at_a_multiple_of_8(offset: int):
    board = Board("mov r0, 7").set(pc=START + offset)
    assert board.trapped() == (0x205, START + offset, START + offset)


UNUSED = [
    (row, field.shift + bit)
    for row in BASE
    for name, field in row.format.fields.items()
    if name != "opcode" and name not in row.operands
    for bit in {0, field.ones.bit_length() - 1}
]


@pytest.mark.isa("2.3", "5.illegal")
@pytest.mark.parametrize(("row", "bit"), UNUSED, ids=lambda value: getattr(value, "syntax", value))
def test_an_unused_field_that_is_not_0_is_trap_1(row, bit: int):
    code = (row.opcode | 1 << bit).to_bytes(8, "little")
    board = Board(code=code)
    assert board.trapped() == (1, int.from_bytes(code[:4], "little"), START)


def test_every_row_with_unused_fields_was_tried():
    assert {row.syntax for row in BASE} - {row.syntax for row, _ in UNUSED} == {
        "condbr a < value, target", "condbr a == value, target",
        "condbr a > value, target", "condbr a != value, target",
    }  # fmt: skip


@pytest.mark.isa("2.4")
@pytest.mark.parametrize("displacement", [-2, -1, 0, 1, 2, 0x7FFF, -0x8000])
def test_a_target_is_8_times_the_displacement_from_the_condbr(displacement: int):
    at = 0x80000
    code = CONDBR.build({"opcode": 0x0B, "target": displacement})
    board = Board(code=code, at=at, size=0x100000).set(r0=0).step()
    assert board["pc"] == at + 8 * displacement


@pytest.mark.isa("2.5")
def test_a_target_wraps_at_two_to_the_32():
    board = after("condbr r0 == 0, -0x3f000")
    assert board["pc"] == (START - 8 * 0x8000) % 2**32
    assert board.trapped() == (0x206, 0xFFFC1000, 0xFFFC1000)


@pytest.mark.isa("2.5")
@pytest.mark.parametrize("line", ["mov r0, r0", "branch [r1]", "trap 3"])
def test_the_address_of_the_next_instruction_wraps_at_two_to_the_32(line: str):
    board = Board(size=0x80_0000)
    board.load_program(DATA + 0xFF8, line)
    board.write(0x40_0000 + 4 * 0xFFFFF, DATA | 0x1F)
    board.set(ptbr=0x40_0000, pc=0xFFFF_FFF8, r1=8, status=3).step()
    next_address = {"mov": board["pc"], "branch": board["link"], "trap": board["epc"]}
    assert next_address[line.split()[0]] == 0


@pytest.mark.isa("2.6", "2.iret", "2.wait")
@pytest.mark.parametrize("line", ["iret", "wait"])
def test_iret_and_wait_are_trap_2_in_user_mode(line: str):
    board = Board(line).set(status=0)
    assert board.trapped() == (2, program(line)[0], START)
    assert not board.machine.cpu.asleep


@pytest.mark.isa("2.7")
@pytest.mark.parametrize(
    "opcode", sorted(set(range(256)) - {*range(0x01, 0x0E), *range(0x10, 0x14)})
)
def test_every_other_opcode_is_trap_1(opcode: int):
    assert Board(code=bytes([opcode]) + bytes(7)).trapped() == (1, opcode, START)


@pytest.mark.isa("2.8")
def test_opcodes_0x40_to_0x7f_are_left_to_extensions():
    assert (EXTENSIONS[0], EXTENSIONS[-1]) == (0x40, 0x7F)
    assert not any(row.opcode in EXTENSIONS for row in BASE)


extension = Rows()


@extension.instruction(0x40, "twice a, b", GENERAL)
def twice(r, a, b):
    """a ← 2 b"""
    r[a] = 2 * r[b] & WORD


@extension.instruction(0x41, "mask value", WITH_VALUE, privileged=True)
def mask(cpu, value):
    """imask ← value"""
    cpu.r[21] = value


def extended(code: bytes) -> Board:
    return Board(code=code, instructions=BASE + extension)


@pytest.mark.isa("2.8")
def test_an_extension_adds_instructions_to_a_machine():
    code = GENERAL.build({"opcode": 0x40, "a": 1, "b": 2})
    assert extended(code).set(r2=21).step()["r1"] == 42
    assert Board(code=code).trapped() == (1, 0x0002_0140, START)


@pytest.mark.isa("2.9")
@pytest.mark.parametrize(
    "code",
    [
        GENERAL.build({"opcode": 0x40, "a": 18, "b": 2}),
        GENERAL.build({"opcode": 0x40, "a": 1, "b": 27}),
        WITH_VALUE.build({"opcode": 0x41, "value": 0x10000}),
    ],
)
def test_an_extension_that_touches_privileged_state_traps_in_user_mode(code: bytes):
    board = extended(code).set(status=0)
    assert board.trapped() == (2, int.from_bytes(code[:4], "little"), START)
    assert board["imask"] == 0


# pc and link


@pytest.mark.isa("2.10")
@pytest.mark.parametrize(
    ("line", "register", "value"),
    [
        ("mov r1, pc", "r1", START),
        ("add r1, pc", "r1", START + 5),
        ("mov [r2], pc", None, START),
        ("mov r1, [pc]", "r1", 0x0010_0103),
    ],
)
def test_reading_pc_gives_the_instructions_own_address(line: str, register: str, value: int):
    board = Board("mov r0, r0", line).set(r1=5, r2=DATA)
    board.load_program(START, line)
    board.step()
    assert (board[register] if register else board.word(DATA)) == value


@pytest.mark.isa("2.11", "2.12")
@pytest.mark.parametrize(
    ("line", "pc"),
    [
        ("mov pc, 0x1800", 0x1800),
        ("mov pc, r1", 0x1010),
        ("mov pc, [r2]", 0x1700),
        ("add pc, r1", START + 0x1010),
        ("sub pc, r3", START - 8),
        ("mul pc, r4", START * 2),
        ("div pc, r4", START // 2),
        ("add pc, pc", 2 * START),
        ("mov pc, pc", START),
    ],
)
def test_writing_pc_jumps(line: str, pc: int):
    board = Board(line).set(r1=0x1010, r2=DATA, r3=8, r4=2)
    board.write(DATA, 0x1700)
    assert board.step()["pc"] == pc
    assert board["link"] == 0


@pytest.mark.isa("2.11")
def test_a_jump_to_where_no_instruction_can_be_traps_there():
    board = after("mov pc, 0x1004")
    assert board["pc"] == 0x1004
    assert board.trapped() == (0x205, 0x1004, 0x1004)


@pytest.mark.isa("2.13")
@pytest.mark.parametrize(
    "line",
    ["mov r1, 8", "mov r1, r2", "mov r1, [r2]", "mov [r2], r1", "add r1, r2", "sub r1, r2",
     "mul r1, r2", "div r1, r2", "condbr r1 == 0, 0x1100", "trap 1", "iret", "wait", "brk",
     "mov pc, 0x1100"],
)  # fmt: skip
def test_no_other_instruction_writes_link(line: str):
    assert after(line, r2=DATA, link=0x1234, epc=0x1100, imask=1 << 18)["link"] == 0x1234


# Order of checks, and what a trap leaves


@pytest.mark.isa("2.14")
@pytest.mark.parametrize(
    ("pc", "code", "registers", "cause"),
    [
        pytest.param(START + 4, b"\xff" * 8, {}, 0x205, id="fetch before opcode"),
        pytest.param(SIZE, b"", {}, 0x206, id="fetch outside memory"),
        pytest.param(START, b"\x11\x01" + bytes(6), {}, 1, id="unused field before privilege"),
        pytest.param(START, b"\x02\x12\x1c" + bytes(5), {}, 1, id="number before privilege"),
        pytest.param(START, b"\xff\x12" + bytes(6), {}, 1, id="opcode before privilege"),
        pytest.param(START, program("div r18, r1"), {"r1": 0}, 2, id="privilege before division"),
        pytest.param(START, program("mov r18, [r1]"), {"r1": 1}, 2, id="privilege before load"),
        pytest.param(START, program("mov [r1], r19"), {"r1": SIZE}, 2, id="privilege before store"),
        pytest.param(START, program("div r1, r2"), {}, 7, id="what the operation raises"),
    ],
)
def test_checks_come_in_this_order(pc: int, code: bytes, registers: dict[str, int], cause: int):
    board = Board(code=code).set(pc=pc, status=0, **registers)
    assert board.trapped()[0] == cause


@pytest.mark.isa("2.15")
@pytest.mark.parametrize(
    "line", ["div r1, r2", "mov r1, [r3]", "mov [r3], r1", "mov r1, r18", "wait", "trap 5", "brk",
             "mov pc, [r3]", "div pc, r2"]
)  # fmt: skip
def test_an_instruction_that_traps_changes_nothing_else(line: str):
    board = Board(line).set(r1=0x11, r2=0, r3=0x4001, link=0x22, sp=0x33, status=0)
    before = board.machine.snapshot()
    board.step()
    after_trap = board.machine.snapshot()
    assert board["cause"] != 0
    unchanged = [*range(16), 17, 19, 20, 21, 26, 27]
    assert [board.machine.cpu.r[n] for n in unchanged] == [before.cpu[0][n] for n in unchanged]
    assert after_trap.pages == before.pages
    assert after_trap.devices == before.devices


@pytest.mark.isa("2.15", "4.20")
@pytest.mark.parametrize(("line", "marks"), [("mov r1, [r2]", 0x20), ("mov [r2], r1", 0x60)])
def test_a_trap_after_translation_leaves_the_accessed_and_dirty_bits_set(line: str, marks: int):
    board = Board(line).translated().set(r2=0x5002, r1=9)
    slot = board.map(5, DATA >> 12)
    assert board.trapped()[0] & 0xFF == 5
    assert board.word(slot) == DATA | 0x1F | marks
    assert (board["r1"], board.word(DATA)) == (9, 0)


@pytest.mark.isa("2.17", "1.status")
def test_writing_status_holds_from_the_next_fetch_on():
    board = Board("mov status, r1", "mov r2, status").set(r1=0).step()
    assert (board["pc"], board["status"]) == (START + 8, 0)
    assert board.trapped()[0] == 2


@pytest.mark.isa("2.17", "4.19")
def test_switching_translation_on_holds_from_the_next_fetch_on():
    board = Board("mov status, r1", "mov r2, 7").set(r1=3, ptbr=TABLE | 1)
    board.map(1, DATA >> 12)
    board.load_program(DATA + 8, "mov r2, 9")
    assert board.step(2)["r2"] == 9


@pytest.mark.isa("2.17", "5.14")
def test_switching_interrupts_on_holds_before_the_next_instruction():
    board = Board("mov status, r1", "mov r2, 7").set(r1=5, imask=1 << 18).step(2)
    assert (board["epc"], board["r2"], board["pc"]) == (START + 8, 0, handler(18))


@pytest.mark.isa("2.20", "2.10")
def test_any_register_may_be_the_address_of_a_load():
    for name in (*(f"r{n}" for n in range(16)), "link", "ptbr", "ivec", "epc", "detail", "ks0"):
        board = Board(f"mov r1, [{name}]").set(**{name: DATA})
        board.write(DATA, 0xBEEF)
        assert board.step()["r1"] == 0xBEEF, name


@pytest.mark.isa("2.20", "4.24")
def test_pc_may_be_the_address_of_a_store():
    board = Board("mov [pc], r1", "mov r2, 5").set(r1=0x0000_0F02).step()
    assert board.word(START) == 0x0000_0F02
    assert board["pc"] == START + 8


@pytest.mark.isa("2.13")
def test_naming_r17_writes_link():
    board = after("mov link, 0x1800")
    assert board["link"] == 0x1800
    assert board["pc"] == START + 8
    assert HANDLERS not in board.registers
