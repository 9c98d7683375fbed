"""Sections 7 and 8 of the ISA manual: the tools that know the conventions keep to them."""

from io import BytesIO

import pytest
from board import DATA, SIZE, START, Board
from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile

from isa_spec.registers import REGISTERS, SP
from machine.reason import Reason
from toolchain.assembler import assemble
from toolchain.convention import AT, CLOBBERED, FP, KEPT
from toolchain.images import ImageError, load_image
from toolchain.pseudo import PSEUDO

STACK = 0x8000
POWER_OFF = """
        mov  at, 0x20
        mov  [at], at
"""


def run(source: str, **registers: int) -> Board:
    """Assemble, run until power-off, with the stack pointer set."""
    board = Board(size=SIZE)
    board.machine.flash(
        (segment.address, segment.data) for segment in assemble("test.s", source).segments
    )
    board.set(sp=STACK, pc=START, **registers)
    assert board.run() is Reason.POWER_OFF
    return board


CALLEE = """
        call f
        {POWER_OFF}
        .func f
        enter 16
        push r4-r10
        mov  r4, 1
        mov  r5, 1
        mov  r6, 1
        mov  r7, 1
        mov  r8, 1
        mov  r9, 1
        mov  r10, 1
        mov  r0, fp
        call g
        pop  r4-r10
        leave
        ret
        .endfunc
        .func g
        mov  r1, r2
        ret
        .endfunc
""".replace("{POWER_OFF}", POWER_OFF)


@pytest.mark.isa("7.2", "7.3", "7.6", "7.7")
def test_a_function_of_enter_push_pop_leave_and_ret_keeps_what_a_callee_keeps():
    kept = {f"r{n}": 0x100 + n for n in range(4, 12)}
    board = run(CALLEE, **kept)
    assert {name: board[name] for name in kept} == kept
    assert board["sp"] == STACK


@pytest.mark.isa("7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "7.7")
def test_the_tools_divide_the_registers_into_kept_and_not_kept():
    assert {n for n in KEPT if n <= SP} == set(range(4, 12))
    assert set(CLOBBERED) == {0, 1, 2, 3, 12, 13, 14, 17}
    assert {*KEPT, *CLOBBERED, SP} == {*range(16), 17}
    assert (FP, AT) == (11, 12)


@pytest.mark.isa("7.1")
def test_arguments_come_in_r0_to_r3_and_the_result_goes_out_in_r0():
    board = run(
        f"""
        mov  r0, 20
        mov  r1, 3
        call subtract
        {POWER_OFF}
        .func subtract
        sub  r0, r1
        ret
        .endfunc
        """
    )
    assert board["r0"] == 17


@pytest.mark.isa("7.3")
def test_enter_points_fp_at_the_callers_fp_and_link():
    board = run(CALLEE, r11=0xF00)
    frame = board["r0"]
    assert frame == STACK - 8
    assert (board.word(frame), board.word(frame + 4)) == (0xF00, START + 16)


@pytest.mark.isa("7.4")
@pytest.mark.parametrize(
    "line",
    ["nop", "jmp next", "call next", "push r4", "push r4-r10, link", "pop r4", "pop r4-r5"],
)
def test_a_pseudo_instruction_destroys_at_alone(line: str):
    given = {f"r{n}": 0x4000 + 4 * n for n in range(12)} | {"r13": 13, "r14": 14}
    board = run(f"{line}\nnext: {POWER_OFF}", **given)
    named = {"r4", "r5"} if line.startswith("pop") else set()
    assert {name: board[name] for name in given if name not in named} == {
        name: value for name, value in given.items() if name not in named
    }
    assert board["at"] == 0x20


def test_these_are_the_pseudo_instructions():
    assert set(PSEUDO) == {"nop", "jmp", "call", "ret", "push", "pop", "enter", "leave"}


@pytest.mark.isa("7.6", "7.8")
def test_the_stack_is_full_and_descending_and_the_first_pushed_register_lies_lowest():
    board = run(f"push r4, r5\nmov r0, sp\n{POWER_OFF}", r4=0x44, r5=0x55)
    assert board["r0"] == board["sp"] == STACK - 8
    assert (board.word(STACK - 8), board.word(STACK - 4), board.word(STACK)) == (0x44, 0x55, 0)


@pytest.mark.isa("7.6")
def test_pop_undoes_push():
    board = run(f"push r4-r9\nmov r4, 0\nmov r9, 0\npop r4-r9\n{POWER_OFF}", r4=0x44, r9=0x99)
    assert (board["r4"], board["r9"], board["sp"]) == (0x44, 0x99, STACK)


@pytest.mark.isa("7.6")
def test_a_frame_keeps_the_stack_pointer_a_multiple_of_8():
    board = run(f"call f\n{POWER_OFF}\nf: enter\nmov r0, sp\nleave\nret")
    assert board["r0"] % 8 == 0


@pytest.mark.isa("7.7")
def test_call_leaves_the_return_address_in_link():
    board = run(f"call f\nback: {POWER_OFF}\nf: mov r0, link\nret")
    assert board["r0"] == START + 16


@pytest.mark.isa("7.8")
def test_further_arguments_lie_on_the_stack_the_first_of_them_lowest():
    board = run(
        f"""
        mov  r4, 5
        mov  r5, 6
        push r4, r5
        call fifth_and_sixth
        {POWER_OFF}
        .func fifth_and_sixth
        mov  r0, [sp]
        mov  r13, sp
        mov  r14, 4
        add  r13, r14
        mov  r1, [r13]
        ret
        .endfunc
        """
    )
    assert (board["r0"], board["r1"]) == (5, 6)


# Object files


@pytest.fixture
def elf() -> ELFFile:
    source = (
        ".global start\nstart: mov r0, 1\n.func f\nret\n.endfunc\n.data\n.org 0x4000\nx: .word 7"
    )
    return ELFFile(BytesIO(assemble("test.s", source).elf()))


@pytest.mark.isa("8.1", "8.2", "8.3")
def test_object_files_are_elf32_of_our_machine(elf: ELFFile):
    assert (elf.elfclass, elf.little_endian) == (32, True)
    assert elf["e_type"] == "ET_EXEC"
    assert elf["e_machine"] == 0x50C1
    assert elf["e_entry"] == 0x1000 == Board().machine.cpu.r[16]


@pytest.mark.isa("8.3")
def test_an_object_file_that_begins_elsewhere_is_refused():
    data = bytearray(assemble("test.s", "nop").elf())
    data[24:28] = (0x1008).to_bytes(4, "little")
    with pytest.raises(ImageError, match="begins at 0x1008, but the machine begins at 0x1000"):
        load_image(bytes(data))


@pytest.mark.isa("8.4")
def test_segments_are_loaded_at_their_physical_address():
    data = bytearray(assemble("test.s", "nop").elf())
    header = int.from_bytes(data[28:32], "little")
    assert data[header + 8 : header + 16] == (0x1000).to_bytes(4, "little") * 2
    data[header + 12 : header + 16] = DATA.to_bytes(4, "little")
    assert [segment.address for segment in load_image(bytes(data)).segments] == [DATA]


@pytest.mark.isa("8.5")
def test_symbols_are_virtual_addresses_the_same_as_physical_ones_unless_linked_elsewhere(
    elf: ELFFile,
):
    segments = [
        (s["p_vaddr"], s["p_paddr"]) for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"
    ]
    assert segments == [(0x1000, 0x1000), (0x4000, 0x4000)]
    symbols = {s.name: s["st_value"] for s in elf.get_section_by_name(".symtab").iter_symbols()}
    assert (symbols["start"], symbols["f"], symbols["x"]) == (0x1000, 0x1008, 0x4000)
    functions = {
        die.attributes["DW_AT_name"].value: die.attributes["DW_AT_low_pc"].value
        for unit in elf.get_dwarf_info().iter_CUs()
        for die in unit.iter_DIEs()
        if die.tag == "DW_TAG_subprogram"
    }
    assert functions == {b"f": 0x1008}


@pytest.mark.isa("8.5")
def test_linked_elsewhere_symbols_stay_virtual():
    data = bytearray(assemble("test.s", ".global start\nstart: nop").elf())
    header = int.from_bytes(data[28:32], "little")
    data[header + 12 : header + 16] = DATA.to_bytes(4, "little")
    image = load_image(bytes(data))
    assert {symbol.name: symbol.address for symbol in image.symbols}["start"] == 0x1000
    assert image.segments[0].address == DATA


@pytest.mark.isa("8.r0-r12", "8.r15", "8.link", "8.pc")
def test_the_dwarf_numbers_of_the_registers():
    numbers = {
        register.name: register.dwarf for register in REGISTERS if register.dwarf is not None
    }
    assert numbers == {f"r{n}": n for n in range(13)} | {"r15": 13, "link": 14, "pc": 15}


@pytest.mark.isa("8.r15", "8.link", "8.r0-r12")
def test_call_frame_information_names_registers_by_their_dwarf_numbers():
    source = ".func first\nnop\n.endfunc\n.func f\nenter\npush r4\nleave\nret\n.endfunc"
    dwarf = ELFFile(BytesIO(assemble("test.s", source).elf())).get_dwarf_info()
    frames = [entry for entry in dwarf.CFI_entries() if isinstance(entry, FDE)]
    assert {frame.cie["return_address_register"] for frame in frames} == {14}
    rows = [row for frame in frames for row in frame.get_decoded().table]
    assert {row["cfa"].reg for row in rows} == {13}
    assert any(4 in row and row[4].type == "OFFSET" for row in rows)
