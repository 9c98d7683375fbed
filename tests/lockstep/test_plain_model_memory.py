"""Memory and the MMU of the plain model, against cases worked out by hand."""

import pytest
from plain_model.bench import (
    DATA,
    LOAD_R1_R2,
    SIZE,
    START,
    STORE_R2_R1,
    TABLE,
    after,
    entry_of,
    mapped,
    one,
    set_registers,
    trapped,
    virtual,
)
from plain_model.encoding import MOV, encode


@pytest.mark.parametrize(
    ("address", "vector"),
    [
        (DATA + 1, 5),
        (DATA + 2, 5),
        (SIZE + 2, 5),
        (SIZE, 6),
        (0xFFFFFFFC, 6),
        (0x0003, 6),
        (0x0006, 6),
    ],
)
@pytest.mark.parametrize(("instruction", "kind"), [(LOAD_R1_R2, 0), (STORE_R2_R1, 0x100)])
def test_an_address_is_first_a_port_then_aligned_then_in_range(
    address: int, vector: int, instruction: bytes, kind: int
):
    assert trapped(one(instruction, r2=address)) == (vector + kind, address, START)


@pytest.mark.parametrize(
    ("pc", "cause"), [(0x1004, 0x205), (SIZE, 0x206), (0x0, 0x206), (0x4, 0x205)]
)
def test_a_fetch_is_aligned_to_8_and_lies_in_memory(pc: int, cause: int):
    model = one(b"", pc=pc)
    assert trapped(model) == (cause, pc, pc)
    assert model.instruction == b""


def test_user_mode_without_translation_reaches_memory_but_no_port():
    assert trapped(one(LOAD_R1_R2, status=0, r2=0x28)) == (6, 0x28, START)
    model = one(STORE_R2_R1, status=0, r1=5, r2=DATA)
    assert model.step() == "instruction"
    assert model.memory[DATA] == 5


def test_a_load_through_the_table_sets_accessed_alone():
    model = virtual(LOAD_R1_R2, DATA | 0x803, r2=0x9010)
    model.load(DATA + 0x10, (0xABCD).to_bytes(4, "little"))
    assert after(model)["r1"] == 0xABCD
    assert entry_of(model, 9) == DATA | 0x823
    assert entry_of(model, 1) == 0x1000 | 0x3F


def test_a_store_through_the_table_sets_accessed_and_dirty():
    model = virtual(STORE_R2_R1, DATA | 0x05, r1=0x77, r2=0x9010)
    after(model)
    assert model.memory[DATA + 0x10] == 0x77
    assert entry_of(model, 9) == DATA | 0x65


@pytest.mark.parametrize(
    ("instruction", "entry", "status", "cause"),
    [
        (LOAD_R1_R2, DATA | 0x1E, 3, 0x003),
        (LOAD_R1_R2, DATA | 0x1D, 3, 0x004),
        (STORE_R2_R1, DATA | 0x1B, 3, 0x104),
        (LOAD_R1_R2, DATA | 0x0F, 2, 0x004),
        (STORE_R2_R1, DATA | 0x1E, 2, 0x103),
        (encode(MOV, 16, 2), DATA | 0x17, 3, 0x204),
        (encode(MOV, 16, 2), DATA | 0x0F, 2, 0x204),
    ],
)
def test_a_refused_translation_reports_its_kind_and_marks_nothing(
    instruction: bytes, entry: int, status: int, cause: int
):
    model = virtual(instruction, entry, status, r2=0x9010)
    while model.step() != "trap":
        pass
    assert (model.registers["cause"], model.registers["detail"]) == (cause, 0x9010)
    assert entry_of(model, 9) == entry


def test_a_failure_after_translation_keeps_accessed_and_dirty():
    model = virtual(STORE_R2_R1, DATA | 0x07, r2=0x9011)
    assert trapped(model) == (0x105, 0x9011, START)
    assert entry_of(model, 9) == DATA | 0x67
    model = virtual(LOAD_R1_R2, 0xFFFFF003, r2=0x9010)
    assert trapped(model) == (6, 0x9010, START)
    assert entry_of(model, 9) == 0xFFFFF023


@pytest.mark.parametrize(
    ("length", "address", "cause"),
    [(1, 0x400000, 3), (2, 0x400000, 3), (0, 0xFFFFFFFC, 6), (1025, 0xFFFFFFFC, 6)],
)
def test_the_length_of_the_table_comes_before_its_place(length: int, address: int, cause: int):
    model = virtual(LOAD_R1_R2, 0, r2=address)
    set_registers(model, ptbr=TABLE | length)
    assert trapped(model) == (cause, address, START)


def test_the_address_of_a_table_word_is_not_reduced():
    model = one(b"", pc=0x4000_0000, status=3, ptbr=0xFFFFF000)
    mapped(model, 0, 0x1000 | 0x1F, table=START + 4)
    assert trapped(model) == (0x206, 0x4000_0000, 0x4000_0000)


def test_user_mode_uses_a_port_through_a_user_page():
    model = virtual(LOAD_R1_R2, 0x13, status=2, r2=0x9028)
    assert after(model)["r1"] == SIZE
    model = virtual(LOAD_R1_R2, 0x13, status=2, r2=0x9029)
    assert trapped(model) == (6, 0x9029, START)


def test_a_fetch_from_the_io_page_through_the_table_is_trap_6():
    model = virtual(b"", 0x09, pc=0x9010)
    assert trapped(model) == (0x206, 0x9010, 0x9010)


def test_a_store_to_the_following_instruction_holds_for_its_fetch():
    model = one(STORE_R2_R1, r1=0x0501, r2=START + 8)
    assert after(model, 2)["r5"] == 0
    assert model.instruction == encode(0x01, 5)
