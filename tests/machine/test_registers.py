"""Section 1 of the ISA manual: the registers, their names, masks and reset; what reset leaves."""

import pytest
from board import DATA, HANDLERS, START, Board, handler

from isa_spec.formats import GENERAL
from isa_spec.registers import REGISTERS
from isa_spec.words import WORD
from machine.events import Reset, SerialInput, WriteRegister
from machine.machine import Machine, NotHalted
from machine.reason import Reason

MOV = 0x02
EXPECTED = [
    *((f"r{number}", WORD, 0, False) for number in range(16)),
    ("pc", WORD, 0x1000, False),
    ("link", WORD, 0, False),
    ("status", 0b111, 1, True),
    ("ptbr", WORD, 0, True),
    ("ivec", 0xFFFF_FFFC, 0, True),
    ("imask", 0xFFFF_0000, 0, True),
    ("epc", WORD, 0, True),
    ("estatus", 0b111, 0, True),
    ("cause", WORD, 0, True),
    ("detail", WORD, 0, True),
    ("ks0", WORD, 0, True),
    ("ks1", WORD, 0, True),
]
"""Number by number: name, bits kept, value after reset, whether it is the kernel's."""
NUMBERS = range(len(EXPECTED))
ALIASES = {"sp": 15, "fp": 11, "at": 12} | {f"r{number}": number for number in NUMBERS}


def mov(a: int, b: int) -> bytes:
    return GENERAL.build({"opcode": MOV, "a": a, "b": b})


@pytest.mark.isa("1.1", "1.r0-r14", "1.r15")
def test_there_are_28_registers_with_these_names():
    assert [register.name for register in REGISTERS] == [name for name, *_ in EXPECTED]
    assert Machine().cpu.r == [reset for _, _, reset, _ in EXPECTED]


@pytest.mark.isa("1.r15", "7.3", "7.4")
def test_registers_have_these_further_names():
    names = {name: r.number for r in REGISTERS for name in r.names if name != r.name}
    assert names == {
        alias: n for alias, n in ALIASES.items() if alias not in {name for name, *_ in EXPECTED}
    }


@pytest.mark.isa(
    "1.1", "1.2", "1.r0-r14", "1.r15", "1.link", "1.ptbr", "1.ivec", "1.imask", "1.epc",
    "1.estatus", "1.cause", "1.detail", "1.ks0-ks1",
)  # fmt: skip
@pytest.mark.parametrize("number", [n for n in NUMBERS if EXPECTED[n][0] not in ("pc", "status")])
def test_an_instruction_writes_all_bits_that_a_register_keeps_and_no_other(number: int):
    source = 1 if number == 0 else 0
    board = Board(code=mov(number, source)).set(**{f"r{source}": WORD}).step()
    assert board.machine.cpu.r[number] == EXPECTED[number][1]
    assert board["pc"] == START + 8


@pytest.mark.isa("1.2", "1.status")
@pytest.mark.parametrize("value", range(8))
def test_status_keeps_three_bits(value: int):
    board = Board("mov status, r0").set(r0=value | 0xFFFF_FFF8).step()
    assert board["status"] == value


@pytest.mark.isa("1.2")
@pytest.mark.parametrize("number", NUMBERS)
def test_a_debugger_writes_only_the_bits_that_a_register_keeps(number: int):
    machine = Machine()
    machine.post(WriteRegister(number, WORD))
    assert machine.cpu.r[number] == EXPECTED[number][1]


@pytest.mark.isa("1.status")
def test_the_status_bits_are_kernel_then_virtual_then_interrupts():
    absent = Board("mov r0, r0").set(status=0b011, ptbr=DATA | 1)
    assert absent.trapped()[0] == 0x203
    interrupted = Board("mov r0, r0").set(status=0b101, imask=1 << 18).step(0)
    assert interrupted.step()["pc"] == handler(18)
    user = Board("mov r0, status").set(status=0b000)
    assert user.trapped()[0] == 2


@pytest.mark.isa("1.pc")
def test_pc_is_the_address_of_the_instruction_to_come():
    board = Board("mov r0, r0", "mov r1, pc").step(2)
    assert (board["r1"], board["pc"]) == (START + 8, START + 16)


@pytest.mark.isa("1.imask")
@pytest.mark.parametrize(("mask", "pc"), [(1 << 18, handler(18)), (1 << 17, START + 8)])
def test_bit_n_of_imask_lets_interrupt_n_through(mask: int, pc: int):
    # An interrupt takes no tick, so the step also executes the handler's jump to itself.
    assert Board("mov r0, r0").set(status=5, imask=mask).step()["pc"] == pc


@pytest.mark.isa("1.3", "1.r15")
@pytest.mark.parametrize("line", ["trap 1", "branch [r1]", "iret", "mov r2, r15"])
def test_nothing_but_naming_it_changes_r15(line: str):
    board = Board(line).set(r15=DATA, r1=HANDLERS, epc=HANDLERS).step()
    assert board["sp"] == DATA


@pytest.mark.isa("1.4")
@pytest.mark.parametrize("number", range(18))
def test_the_registers_up_to_17_are_open_to_user_mode(number: int):
    written = Board(code=mov(number, 0)).set(status=0, r0=HANDLERS).step()
    assert written.machine.cpu.r[number] == HANDLERS
    assert written["cause"] == 0
    read = Board(code=mov(1, number)).set(status=0).step()
    assert read["cause"] == 0


@pytest.mark.isa("1.5", "5.privileged")
@pytest.mark.parametrize("number", range(18, 28))
@pytest.mark.parametrize("operand", ["a", "b"])
def test_naming_a_register_from_18_on_in_user_mode_is_trap_2(number: int, operand: str):
    code = mov(number, 0) if operand == "a" else mov(0, number)
    board = Board(code=code).set(status=0, r0=7)
    assert board.trapped() == (2, int.from_bytes(code[:4], "little"), START)
    assert board["r0"] == 7


@pytest.mark.isa("1.5")
@pytest.mark.parametrize(
    "line",
    ["mov r18, 1", "mov r1, [r19]", "mov [r20], r1", "branch [r21]", "condbr r22 < 1, 0x1000",
     "add r23, r1", "div r1, r24"],
)  # fmt: skip
def test_every_instruction_refuses_privileged_registers_in_user_mode(line: str):
    assert Board(line).set(status=0).trapped()[0] == 2


@pytest.mark.isa("1.6")
@pytest.mark.parametrize("number", [28, 29, 30, 31, 32, 255])
@pytest.mark.parametrize("operand", ["a", "b"])
@pytest.mark.parametrize("status", [0, 1])
def test_naming_a_register_that_does_not_exist_is_trap_1(number: int, operand: str, status: int):
    code = mov(number, 0) if operand == "a" else mov(0, number)
    board = Board(code=code).set(status=status)
    assert board.trapped() == (1, int.from_bytes(code[:4], "little"), START)


@pytest.mark.isa("1.7")
@pytest.mark.parametrize("power_off", [False, True])
def test_memory_keeps_its_bytes_over_reset_and_power_off(power_off: bool):
    board = Board("mov [r1], r2", "mov [r3], r4").set(
        r1=DATA, r2=0x1234, r3=0x20 if power_off else DATA + 4
    )
    board.step(2)
    assert (board.machine.cpu.exit_status is not None) == power_off
    board.machine.power_cycle()
    assert board.word(DATA) == 0x1234
    assert board.machine.cpu.exit_status is None
    assert board["pc"] == START


@pytest.mark.isa("1.8")
def test_a_halted_machine_can_be_flashed():
    machine = Machine()
    machine.flash([(0x1000, b"abcd"), (0x3000, b"efgh")])
    assert machine.memory.read(0x1000, 4) + machine.memory.read(0x3000, 4) == b"abcdefgh"


@pytest.mark.isa("1.8")
def test_a_running_machine_refuses_to_be_flashed():
    machine = Machine()
    machine.halted = False
    with pytest.raises(NotHalted, match="halt it to flash it"):
        machine.flash([(0x1000, b"abcd")])
    assert machine.memory.read(0x1000, 4) == bytes(4)


def test_a_flash_of_which_any_part_is_outside_memory_writes_nothing():
    machine = Machine(0x2000)
    for address, data in ((0xFFF, b"ab"), (0x1FFF, b"ab"), (0x8000_0000, b"a"), (0, b"a")):
        with pytest.raises(ValueError, match="do not lie in memory, which is 0x1000 to 0x2000"):
            machine.flash([(0x1000, b"good"), (address, data)])
    assert not dict(machine.memory.pages())


def test_flashing_is_an_event_in_the_log():
    machine = Machine()
    machine.flash([(0x1000, b"abcd")])
    assert len(machine.log) == 1


@pytest.mark.isa("1.9", "1.pc", "1.status")
def test_reset_sets_every_register():
    board = Board("mov r0, r0")
    for number in NUMBERS:
        board.machine.post(WriteRegister(number, 0x0101_0100))
    board.machine.reset()
    assert board.machine.cpu.r == [reset for _, _, reset, _ in EXPECTED]


@pytest.mark.isa("1.10")
def test_reset_sets_time_to_0():
    board = Board("loop:", "mov pc, loop").step(50)
    assert board.time == 50
    board.machine.reset()
    assert board.time == 0


@pytest.mark.isa("1.11")
def test_reset_disarms_the_timer_and_forgets_half_done_pairs():
    board = Board("mov [r1], r0", "mov [r1], r0", "mov [r1], r0", "mov r3, [r2]").set(r1=5, r2=4)
    board.step(4)
    timer = board.machine.bus.devices["timer"]
    assert timer.save(board.time) == (0, 0, 0)
    assert board.machine.bus.pending(board.time) & 1 << 16
    board.machine.post(Reset())
    assert timer.save(board.time) == ((1 << 64) - 1, None, None)
    assert not board.machine.bus.pending(board.time) & 1 << 16


@pytest.mark.isa("1.12")
def test_reset_empties_rx_and_tx():
    board = Board(*["mov [r1], r2"] * 16, byte_ticks=1000).set(r1=0x14).step(16)
    board.advance_time(5000)
    board.type(b"ab")
    board.advance_time(7000)
    assert board.machine.bus.load(0x15, board.time) == 3
    board.step(0)
    board.machine.reset()
    assert board.machine.bus.load(0x15, 0) == 2
    rx, tx, *_ = board.machine.bus.devices["serial"].save(0)
    assert (rx, tx) == (b"", b"")


@pytest.mark.isa("1.13")
def test_reset_ends_sleep():
    board = Board("wait", "mov r0, 7")
    board.run()
    assert board.machine.cpu.asleep
    board.machine.reset()
    board.load_program(START, "mov r0, 7")
    assert board.step()["r0"] == 7


@pytest.mark.isa("1.13")
def test_reset_ends_check_stop():
    board = Board("mov r0, 7", "trap 1").set(ivec=0x8000_0000)
    assert board.run() is Reason.CHECK_STOP
    board.machine.reset()
    assert board.machine.run(budget=1) is Reason.BUDGET
    assert board["r0"] == 7


@pytest.mark.isa("1.14", "1.ptbr")
@pytest.mark.parametrize(
    ("length", "last"),
    [(1, 1023), (2, 2047), (1023, 1023 * 1024 - 1), (1024, WORD >> 12), (0, WORD >> 12),
     (1025, WORD >> 12), (0xFFF, WORD >> 12)],
)  # fmt: skip
def test_the_length_in_ptbr_counts_pages_of_entries(length: int, last: int):
    table = 0x80_0000
    board = Board("mov r1, [r2]", size=table + 4 * 1024 * 1024)
    board.write(table + 4, START | 0x1F)
    board.write(table + 4 * last, DATA | 0x1F)
    board.write(DATA + 8, 0xABCD)
    board.set(ptbr=table | length, r2=(last << 12) + 8, status=3).step()
    assert board["r1"] == 0xABCD
    if last < WORD >> 12:
        board.write(table + 4 * (last + 1), DATA | 0x1F)
        board.set(pc=START, r2=(last + 1) << 12, status=3)
        assert board.trapped() == (3, (last + 1) << 12, START)


def test_input_on_the_line_survives_a_reset():
    board = Board("mov r0, r0")
    board.machine.post(SerialInput(bytes(range(1, 21))))
    board.machine.reset()
    board.machine.run(budget=1)
    assert board.machine.bus.peek(0x10, board.time) == 17
