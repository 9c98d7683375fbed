"""Section 4 of the ISA manual: the address space, the page table, and the order of checks."""

import pytest
from board import ALL, DATA, KERNEL, SIZE, START, TABLE, VIRTUAL, Board, handler, program

from isa_spec.memory_map import DEFAULT_MEMORY
from isa_spec.paging import ENTRY, Entry
from machine.machine import Machine

P, R, W, X, U, A, D = (int(bit) for bit in Entry)
VIRTUAL_DATA = 0x5000
LOAD, STORE, JUMP = "mov r1, [r2]", "mov [r2], r1", "mov pc, r2"
CAUSE = {LOAD: 0x000, STORE: 0x100, JUMP: 0x200}


def access(line: str, entry: int, status: int = KERNEL | VIRTUAL, frame: int = DATA >> 12) -> Board:
    """A machine before an access to virtual page 5, which has the entry's flags."""
    board = Board(line).translated(status).set(r1=0xABCD, r2=VIRTUAL_DATA + 8)
    board.write(TABLE + 4 * 5, frame << 12 | entry)
    board.write(DATA + 8, int.from_bytes(program("mov r7, r7")[:4], "little"))
    return board


def do(board: Board, line: str) -> Board:
    """Execute the access; a jump only shows at the fetch that follows."""
    return board.step(2 if line == JUMP else 1)


def entry_of(board: Board, page: int = 5) -> int:
    return board.word(TABLE + 4 * page)


def succeeded(board: Board, line: str) -> bool:
    match line:
        case "mov r1, [r2]":
            return board["r1"] == board.word(DATA + 8)
        case "mov [r2], r1":
            return board.word(DATA + 8) == 0xABCD
    return board["pc"] == VIRTUAL_DATA + 16


# The address space


@pytest.mark.isa("4.1")
@pytest.mark.parametrize("address", [0x1000, SIZE - 4])
def test_memory_runs_from_0x1000_to_the_machines_size(address: int):
    board = Board("mov [r2], r1", "mov r3, [r2]", at=0x5000).set(r1=0xABCD, r2=address).step(2)
    assert board["r3"] == 0xABCD


@pytest.mark.isa("4.1", "4.2", "5.nothing")
@pytest.mark.parametrize("address", [SIZE, SIZE + 4, 0x8000_0000, 0xFFFF_FFFC, 0x0FFC, 0x0000])
@pytest.mark.parametrize("line", [LOAD, STORE])
def test_all_other_addresses_are_trap_6(address: int, line: str):
    board = Board(line).set(r2=address)
    assert board.trapped() == (6 + CAUSE[line], address, START)


@pytest.mark.isa("4.2", "4.22")
@pytest.mark.parametrize("address", [SIZE, 0xFFFF_FFF8])
def test_a_fetch_beyond_memory_is_trap_6(address: int):
    assert Board().set(pc=address).trapped() == (0x206, address, address)


@pytest.mark.isa("4.3")
def test_a_machine_has_1_mib_unless_said_otherwise():
    assert Machine().memory.size == DEFAULT_MEMORY == 0x10_0000


@pytest.mark.isa("4.4")
@pytest.mark.parametrize("size", [0x2000, 0x3000, 0x8000_0000])
def test_these_sizes_are_possible(size: int):
    assert Machine(size).memory.size == size


@pytest.mark.isa("4.4")
@pytest.mark.parametrize("size", [0, 0x1000, 0x2001, 0x2800, 0x8000_1000, -0x2000])
def test_these_sizes_are_refused(size: int):
    with pytest.raises(ValueError, match="must be a multiple of 4 KiB from 8 KiB to 2 GiB"):
        Machine(size)


@pytest.mark.isa("4.6", "5.misaligned")
@pytest.mark.parametrize("offset", [1, 2, 3])
@pytest.mark.parametrize("line", [LOAD, STORE])
@pytest.mark.parametrize("base", [DATA, SIZE])
def test_a_word_must_be_aligned_also_where_there_is_no_memory(offset: int, line: str, base: int):
    board = Board(line).set(r2=base + offset)
    assert board.trapped() == (5 + CAUSE[line], base + offset, START)


@pytest.mark.isa("4.6", "6.1")
def test_ports_need_no_alignment():
    board = Board(LOAD).set(r2=0x15).step()
    assert board["r1"] == 2
    board = Board(LOAD).set(r2=0x12)
    assert board.trapped()[0] == 6


# Without translation


@pytest.mark.isa("4.7")
@pytest.mark.parametrize("status", [0, 1])
def test_without_translation_addresses_are_physical(status: int):
    board = Board(LOAD).set(ptbr=0xFFFF_F001, r2=DATA, status=status)
    board.write(DATA, 0x1234)
    assert board.step()["r1"] == 0x1234


@pytest.mark.isa("4.8")
@pytest.mark.parametrize("line", [LOAD, STORE])
@pytest.mark.parametrize("address", [0x10, 0x14, 0x15, 0x20, 0xFFF])
def test_user_mode_without_translation_has_no_ports(line: str, address: int):
    board = Board(line).set(r2=address, status=0)
    assert board.trapped() == (6 + CAUSE[line], address, START)


@pytest.mark.isa("4.9")
def test_user_mode_without_translation_writes_all_memory():
    board = Board(STORE).set(r2=handler(6), r1=7, status=0).step()
    assert board.word(handler(6)) == 7


# With translation


@pytest.mark.isa("4.10", "4.page", "1.ptbr")
@pytest.mark.parametrize("line", [LOAD, STORE, JUMP])
def test_every_access_goes_through_the_entry_of_its_page(line: str):
    assert succeeded(do(access(line, ALL), line), line)


@pytest.mark.isa("4.10")
def test_the_table_is_where_ptbr_says():
    board = access(LOAD, ALL)
    for page in (1, 5):
        board.write(0x6000 + 4 * page, entry_of(board, page))
        board.write(TABLE + 4 * page, 0)
    board.set(ptbr=0x6001).step()
    assert succeeded(board, LOAD)


@pytest.mark.isa("4.present", "4.readable", "4.writable", "4.executable", "4.user", "4.accessed",
                 "4.dirty", "4.software", "4.page")  # fmt: skip
def test_the_bits_of_an_entry():
    fields = dict.fromkeys(("present", "readable", "writable", "executable", "user", "accessed",
                            "dirty", "software", "page"), 0)  # fmt: skip
    bits = {
        name: int.from_bytes(ENTRY.build(fields | {name: 1}), "little").bit_length() - 1
        for name in fields
    }
    assert list(bits.values()) == [0, 1, 2, 3, 4, 5, 6, 7, 12]
    assert (P, R, W, X, U, A, D) == (1, 2, 4, 8, 16, 32, 64)


@pytest.mark.isa("4.present", "4.15", "5.absent")
@pytest.mark.parametrize("line", [LOAD, STORE, JUMP])
def test_without_p_the_page_is_absent(line: str):
    board = do(access(line, ALL & ~P), line)
    at = VIRTUAL_DATA + 8 if line == JUMP else START
    assert board.trap == (3 + CAUSE[line], VIRTUAL_DATA + 8, at)


@pytest.mark.isa("4.readable", "4.writable", "4.executable", "4.16", "4.12", "5.protected")
@pytest.mark.parametrize("status", [KERNEL | VIRTUAL, VIRTUAL])
@pytest.mark.parametrize(("line", "needed"), [(LOAD, R), (STORE, W), (JUMP, X)])
def test_each_access_needs_its_permission_and_no_other(line: str, needed: int, status: int):
    allowed = do(access(line, P | U | needed, status), line)
    assert succeeded(allowed, line)
    board = do(access(line, ALL & ~needed, status), line)
    at = VIRTUAL_DATA + 8 if line == JUMP else START
    assert board.trap == (4 + CAUSE[line], VIRTUAL_DATA + 8, at)


@pytest.mark.isa("4.user", "4.12", "4.16")
@pytest.mark.parametrize("line", [LOAD, STORE, JUMP])
def test_without_u_only_kernel_mode_may_use_the_page(line: str):
    assert succeeded(do(access(line, ALL & ~U), line), line)
    assert do(access(line, ALL & ~U, VIRTUAL), line).trap[0] == 4 + CAUSE[line]


@pytest.mark.isa("4.accessed", "4.dirty")
@pytest.mark.parametrize(("line", "marks"), [(LOAD, A), (STORE, A | D), (JUMP, A)])
@pytest.mark.parametrize("before", [0, A, D, A | D])
def test_a_translation_sets_accessed_and_for_a_write_dirty(line: str, marks: int, before: int):
    board = do(access(line, ALL | before), line)
    assert entry_of(board) == DATA | ALL | before | marks


@pytest.mark.isa("4.accessed")
def test_the_fetch_of_the_instruction_sets_accessed_too():
    assert entry_of(access(LOAD, ALL).step(), 1) == START | ALL | A


@pytest.mark.isa("4.11")
@pytest.mark.parametrize("line", [LOAD, STORE, JUMP])
@pytest.mark.parametrize("flags", [0, ALL & ~P, P, P | U])
def test_a_translation_that_fails_sets_nothing(line: str, flags: int):
    assert entry_of(do(access(line, flags), line)) == DATA | flags


@pytest.mark.isa("4.software")
@pytest.mark.parametrize("bit", range(7, 12))
def test_the_software_bits_mean_nothing_and_stay(bit: int):
    board = do(access(STORE, ALL | 1 << bit, VIRTUAL), STORE)
    assert succeeded(board, STORE)
    assert entry_of(board) == DATA | ALL | A | D | 1 << bit


@pytest.mark.isa("4.13", "5.absent")
@pytest.mark.parametrize("line", [LOAD, STORE, JUMP])
def test_an_entry_beyond_the_table_is_trap_3(line: str):
    board = access(line, ALL).set(r2=1024 << 12)
    board.write(TABLE + 0x1000, DATA | ALL)
    assert do(board, line).trap[:2] == (3 + CAUSE[line], 1024 << 12)


@pytest.mark.isa("4.14", "4.18", "5.nothing")
@pytest.mark.parametrize("line", [LOAD, STORE, JUMP])
def test_a_table_word_outside_memory_is_trap_6_with_the_access_that_asked(line: str):
    board = access(line, ALL).set(ptbr=TABLE, r2=(SIZE - TABLE) << 10)
    assert do(board, line).trap[:2] == (6 + CAUSE[line], (SIZE - TABLE) << 10)


@pytest.mark.isa("4.14")
def test_a_table_in_the_io_page_is_outside_memory():
    assert Board().set(ptbr=1, status=3).trapped() == (0x206, START, START)


@pytest.mark.isa("4.14")
def test_the_address_of_a_table_word_does_not_wrap():
    board = Board(LOAD)
    page = (TABLE + 0x1000) // 4
    board.write(TABLE, DATA | ALL)
    board.set(ptbr=0xFFFF_F000, pc=page << 12, status=3)
    assert board.trapped() == (0x206, page << 12, page << 12)


@pytest.mark.isa("4.17")
@pytest.mark.parametrize(
    ("ptbr", "address", "cause"),
    [(0xFFFF_F001, 1024 << 12, 3), (SIZE | 1, VIRTUAL_DATA, 6), (TABLE | 1, 0x6000, 3),
     (TABLE | 1, 0x7000, 4)],
)  # fmt: skip
def test_length_comes_before_the_table_word_then_p_then_permission(
    ptbr: int, address: int, cause: int
):
    board = Board(LOAD)
    board.map(6, 0xFFFFF, 0)
    board.map(7, 0xFFFFF, P)
    board.set(ptbr=ptbr, pc=address, status=3)
    assert board.trapped()[:2] == (0x200 + cause, address)


@pytest.mark.isa("4.18")
def test_a_fetch_whose_table_word_is_missing_is_reported_as_a_fetch():
    board = Board().set(ptbr=SIZE | 1, status=3)
    assert board.trapped() == (0x206, START, START)


@pytest.mark.isa("4.19")
def test_a_changed_entry_holds_from_the_next_access_on():
    board = Board("mov r3, [r2]", "mov [r4], r5", "mov r6, [r2]").translated()
    board.map(5, DATA >> 12)
    board.map(3, TABLE >> 12)
    board.write(DATA, 1)
    board.write(DATA + 0x1000, 2)
    board.set(r2=VIRTUAL_DATA, r4=TABLE + 20, r5=(DATA + 0x1000) | ALL).step(3)
    assert (board["r3"], board["r6"]) == (1, 2)


@pytest.mark.isa("4.19")
def test_a_changed_entry_of_the_codes_own_page_holds_from_the_next_fetch_on():
    board = Board("mov [r4], r5", "mov r6, 1").translated()
    board.map(3, TABLE >> 12)
    board.load_program(DATA + 8, "mov r6, 2")
    board.set(r4=TABLE + 4, r5=DATA | ALL).step(2)
    assert board["r6"] == 2


@pytest.mark.isa("4.19")
def test_a_changed_ptbr_holds_from_the_next_fetch_on():
    board = Board("mov ptbr, r1", "mov r6, 1").translated()
    board.load_program(DATA + 8, "mov r6, 2")
    board.write(0x6004, DATA | ALL)
    assert board.set(r1=0x6001).step(2)["r6"] == 2


@pytest.mark.isa("4.19")
def test_a_debuggers_change_of_the_table_holds_from_the_next_access_on():
    board = Board("loop:", "mov r3, [r2]", "mov pc, loop").translated().set(r2=VIRTUAL_DATA)
    board.map(5, DATA >> 12)
    board.step(20)
    board.map(5, DATA >> 12, 0)
    assert board.step(2).trap[0] == 3


@pytest.mark.isa("4.20")
@pytest.mark.parametrize(
    ("address", "flags", "frame", "cause"),
    [
        pytest.param(VIRTUAL_DATA + 1, ALL & ~P, DATA >> 12, 3, id="translation before alignment"),
        pytest.param(VIRTUAL_DATA + 1, P, DATA >> 12, 4, id="permission before alignment"),
        pytest.param(VIRTUAL_DATA + 1, ALL, 0, 6, id="the I/O page before alignment"),
        pytest.param(VIRTUAL_DATA + 1, ALL, SIZE >> 12, 5, id="alignment before range"),
        pytest.param(VIRTUAL_DATA + 4, ALL, SIZE >> 12, 6, id="range"),
    ],
)
@pytest.mark.parametrize("line", [LOAD, STORE])
def test_the_order_within_a_load_or_store(
    line: str, address: int, flags: int, frame: int, cause: int
):
    board = access(line, flags, frame=frame).set(r2=address)
    assert board.trapped() == (cause + CAUSE[line], address, START)


@pytest.mark.isa("4.21", "4.20", "6.14")
def test_user_mode_uses_ports_through_a_u_page():
    board = access("mov [r2], r1", ALL, VIRTUAL, frame=0).set(r2=VIRTUAL_DATA + 0x14, r1=ord("!"))
    board.step()
    assert [sent.byte for sent in board.machine.take_output()] == [ord("!")]
    assert entry_of(board) == ALL | A | D


@pytest.mark.isa("4.21", "6.14")
def test_user_mode_that_may_use_page_0_may_power_off():
    board = access("mov [r2], r1", ALL, VIRTUAL, frame=0).set(r2=VIRTUAL_DATA + 0x20, r1=9).step()
    assert board.machine.cpu.exit_status == 9


@pytest.mark.isa("4.21")
@pytest.mark.parametrize("line", [LOAD, STORE])
def test_user_mode_does_not_use_ports_through_another_page(line: str):
    board = access(line, ALL & ~U, VIRTUAL, frame=0).set(r2=VIRTUAL_DATA + 0x15)
    assert board.trapped()[0] == 4 + CAUSE[line]


@pytest.mark.isa("4.22", "4.11")
def test_a_fetch_checks_alignment_before_translation():
    board = access(JUMP, 0).set(r2=VIRTUAL_DATA + 4).step(2)
    assert board.trap == (0x205, VIRTUAL_DATA + 4, VIRTUAL_DATA + 4)
    assert entry_of(board) == DATA


@pytest.mark.isa("4.22")
def test_a_fetch_checks_translation_before_range():
    beyond = SIZE >> 12
    assert access(JUMP, ALL & ~X, frame=beyond).step(2).trap[0] == 0x204
    board = access(JUMP, ALL, frame=beyond).step(2)
    assert board.trap == (0x206, VIRTUAL_DATA + 8, VIRTUAL_DATA + 8)
    assert entry_of(board) == SIZE | ALL | A


@pytest.mark.isa("4.23")
@pytest.mark.parametrize("address", [0x0, 0x10, 0xFF8])
def test_a_fetch_from_the_io_page_is_trap_6(address: int):
    assert Board().set(pc=address).trapped() == (0x206, address, address)
    assert access(JUMP, ALL, frame=0).step(2).trap[0] == 0x206


@pytest.mark.isa("4.24")
def test_a_store_to_the_next_instruction_holds_at_once():
    # Straight-line code that the store changes in the middle, run once before.
    board = Board("mov [r1], r2", "mov r3, r4", "mov r5, r4", "mov pc, 0x1000")
    replacement = int.from_bytes(program("mov r6, r4")[:4], "little")
    original = board.word(START + 8)
    board.set(r1=START + 8, r2=original, r4=1).step(4)
    assert (board["r3"], board["r5"]) == (1, 1)
    board.set(r2=replacement, r4=2).step(4)
    assert (board["r3"], board["r6"], board["r5"]) == (1, 2, 2)


@pytest.mark.isa("4.24")
def test_a_store_to_the_value_of_the_next_instruction_holds_at_once():
    board = Board("mov [r1], r2", "mov r3, 1").set(r1=START + 12, r2=0xABCD).step(2)
    assert board["r3"] == 0xABCD


@pytest.mark.isa("4.24", "4.20")
def test_an_entry_that_lies_in_code_changes_the_code_when_it_is_marked():
    # Instruction words that are a page table too: fetching through them sets their A bits.
    board = Board("mov pc, 0x1000").set(ptbr=START | 1)
    entry = START | P | X
    board.write(START + 4 * 1, entry)
    board.write(START, 0x1001)
    board.set(status=3).step()
    assert board.word(START + 4) == board["pc"] == entry | A


def test_looking_at_an_address_sets_no_bits_and_ignores_permissions():
    board = access(LOAD, P)
    mmu = board.machine.cpu.mmu
    assert mmu.look(VIRTUAL_DATA + 8) == DATA + 8
    assert entry_of(board) == DATA | P
    board.map(5, DATA >> 12, ALL & ~P)
    assert mmu.look(VIRTUAL_DATA + 8) is None
    assert mmu.look(1024 << 12) is None
    board.set(ptbr=SIZE | 1)
    assert mmu.look(VIRTUAL_DATA) is None
