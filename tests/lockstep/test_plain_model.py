"""The instructions, registers and traps of the plain model, against cases worked out by hand."""

import pytest
from plain_model.bench import DATA, HANDLER, SIZE, START, after, one, set_registers, trapped
from plain_model.encoding import (
    ADD,
    BRK,
    DIFFERENT,
    DIV,
    EQUAL,
    GREATER,
    IRET,
    LESS,
    MOV,
    MUL,
    SUB,
    encode,
    encode_condbr,
)
from plain_model.model import Model


def test_an_instruction_is_encoded_as_the_manual_lays_it_out():
    assert encode(0x01, 3, value=0x12345678).hex() == "0103000078563412"
    assert encode_condbr(0x0A, 2, -2, -1).hex() == "0a02feffffffffff"


def test_reset_leaves_pc_at_1000_status_at_1_and_all_else_at_0():
    registers = Model(SIZE).registers
    assert registers.pop("pc") == 0x1000
    assert registers.pop("status") == 1
    assert set(registers.values()) == {0}
    assert len(registers) == 26


def test_mov_value_takes_one_tick_and_goes_to_the_next_instruction():
    model = one(encode(0x01, 5, value=7))
    assert after(model)["r5"] == 7
    assert (model.registers["pc"], model.time) == (0x1008, 1)


@pytest.mark.parametrize(
    ("opcode", "left", "right", "result"),
    [
        (MOV, 1, 2, 2),
        (ADD, 0xFFFFFFFF, 2, 1),
        (SUB, 1, 2, 0xFFFFFFFF),
        (MUL, 0x10001, 0x10001, 0x20001),
        (DIV, 7, 0xFFFFFFFE, 0xFFFFFFFD),
        (DIV, 0xFFFFFFF9, 2, 0xFFFFFFFD),
        (DIV, 0x80000000, 0xFFFFFFFF, 0x80000000),
        (DIV, 1, 0x80000000, 0),
    ],
)
def test_arithmetic_is_that_of_32_bit_words(opcode: int, left: int, right: int, result: int):
    assert after(one(encode(opcode, 1, 2), r1=left, r2=right))["r1"] == result


def test_division_by_zero_is_trap_7_with_detail_0_and_leaves_the_register():
    model = one(encode(DIV, 1, 2), r1=5, detail=9)
    assert trapped(model) == (7, 0, START)
    assert (model.registers["r1"], model.registers["pc"], model.time) == (5, HANDLER, 1)


@pytest.mark.parametrize(
    ("opcode", "left", "right", "taken"),
    [
        (LESS, 0xFFFFFFFF, 0, True),
        (LESS, 0, 0, False),
        (EQUAL, 5, 5, True),
        (EQUAL, 5, 6, False),
        (GREATER, 0, 0x80000000, True),
        (GREATER, 0x80000000, 0x7FFFFFFF, False),
        (DIFFERENT, 5, 6, True),
        (DIFFERENT, 5, 5, False),
    ],
)
def test_condbr_compares_signed_and_counts_instructions_from_itself(
    opcode: int, left: int, right: int, taken: bool
):
    model = one(encode_condbr(opcode, 1, -3, right), r1=left)
    assert after(model)["pc"] == (START - 24 if taken else START + 8)


def test_branch_reads_its_register_before_it_writes_link():
    assert after(one(encode(0x09, 17), link=0x5000)) == one(b"").registers | {
        "pc": 0x5000,
        "link": START + 8,
    }


def test_pc_reads_as_the_address_of_the_reading_instruction_and_jumps_when_written():
    assert after(one(encode(ADD, 16, 1), r1=0x40))["pc"] == START + 0x40
    assert after(one(encode(MOV, 1, 16)))["r1"] == START
    model = one(encode(0x03, 16, 2), r2=DATA)
    model.load(DATA, (0x4567).to_bytes(4, "little"))
    assert after(model)["pc"] == 0x4567


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("r15", 0xFFFFFFFF),
        ("link", 0xFFFFFFFF),
        ("status", 7),
        ("ptbr", 0xFFFFFFFF),
        ("ivec", 0xFFFFFFFC),
        ("imask", 0xFFFF0000),
        ("epc", 0xFFFFFFFF),
        ("estatus", 7),
        ("cause", 0xFFFFFFFF),
        ("detail", 0xFFFFFFFF),
        ("ks0", 0xFFFFFFFF),
        ("ks1", 0xFFFFFFFF),
    ],
)
def test_a_register_keeps_only_the_bits_it_has(name: str, kept: int):
    number = list(Model(SIZE).registers).index(name)
    assert after(one(encode(0x01, number, value=0xFFFFFFFF)))[name] == kept


@pytest.mark.parametrize(
    "word",
    [
        "0000000000000000",
        "ff00000000000000",
        "0e00000000000000",
        "4000000000000000",
        "011c000000000000",
        "0120000000000000",
        "02011c0000000000",
        "0a1c000000000000",
        "0101010000000000",
        "0101000100000000",
        "0201020100000000",
        "0201020001000000",
        "0901010000000000",
        "0901000000000001",
        "1001000000000000",
        "1100000001000000",
        "1200010000000000",
        "1300000100000000",
    ],
)
@pytest.mark.parametrize("status", [0, 1])
def test_an_illegal_instruction_is_trap_1_in_either_mode_with_its_low_word(word: str, status: int):
    instruction = bytes.fromhex(word)
    low_word = int.from_bytes(instruction[:4], "little")
    model = one(instruction, status=status)
    assert trapped(model) == (1, low_word, START)
    assert (model.registers["status"], model.registers["estatus"]) == (1, status)


@pytest.mark.parametrize(
    "word",
    [
        "0112000000000000",
        "021b010000000000",
        "0201120000000000",
        "0a13000000000000",
        "1100000000000000",
        "1200000000000000",
        "0916000000000000",
    ],
)
def test_what_is_privileged_is_trap_2_in_user_mode_with_its_low_word(word: str):
    instruction = bytes.fromhex(word)
    low_word = int.from_bytes(instruction[:4], "little")
    assert trapped(one(instruction, status=0)) == (2, low_word, START)


def test_link_is_open_to_user_mode():
    assert after(one(encode(0x01, 17, value=6), status=0))["link"] == 6


def test_a_system_call_saves_the_next_address_and_its_value():
    model = one(encode(0x10, value=0x99), status=4)
    assert trapped(model) == (8, 0x99, START + 8)
    assert model.registers["estatus"] == 4


def test_brk_without_a_debugger_is_trap_9_with_the_next_address():
    assert trapped(one(encode(BRK), status=0)) == (9, 0, START + 8)


def test_iret_restores_pc_and_status_at_once():
    registers = after(one(encode(IRET), epc=0x5554, estatus=6))
    assert (registers["pc"], registers["status"]) == (0x5554, 6)


def test_addresses_of_instructions_wrap_around_at_the_end():
    model = Model(0x402000)
    model.load(0x1000 + 4 * 0xFFFFF, (0x401000 | 9).to_bytes(4, "little"))
    model.load(0x401FF8, encode(0x09, 1))
    set_registers(model, pc=0xFFFFFFF8, ptbr=0x1000, status=3, r1=0x77)
    registers = after(model)
    assert (registers["pc"], registers["link"]) == (0x77, 0)
