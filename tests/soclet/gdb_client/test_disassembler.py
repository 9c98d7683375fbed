"""The script's disassembler: the text is isa_spec's, whatever the bytes."""

import pytest
from fake_gdb import ARM, show
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from isa_spec.instructions import BASE
from isa_spec.registers import REGISTERS
from toolchain.elf import MACHINE

WORDS = st.one_of(
    st.binary(min_size=8, max_size=8),
    st.builds(
        lambda row, noise: (
            int.from_bytes(noise, "little") & ~row.fixed[0] | row.fixed[1]
        ).to_bytes(8, "little"),
        st.sampled_from(list(BASE)),
        st.binary(min_size=8, max_size=8),
    ),
    st.builds(
        lambda row, a, b, rest: bytes([row.opcode, a, b, 0]) + rest,
        st.sampled_from(list(BASE)),
        st.integers(0, len(REGISTERS)),
        st.integers(0, len(REGISTERS)),
        st.one_of(st.just(bytes(4)), st.binary(min_size=4, max_size=4)),
    ),
)


@pytest.fixture
def gdb(load, script):
    return load(script)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS, st.integers(0, (1 << 29) - 1))
@example(bytes.fromhex("0a00fdff05000000"), 0)
def test_the_text_is_what_isa_spec_makes_of_the_bytes(gdb, code, number):
    address = number * 8
    length, text = show(gdb, address, code)
    low, high = code[:4][::-1].hex(), code[4:][::-1].hex()
    words = f".word {int(low, 16):#x}, {int(high, 16):#x}"
    assert length == 8
    assert text == (BASE.disassemble(code, address) or words)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("0b00010005000000", "condbr r0 == 5, 0x1008 <start+8>"),
        ("0b00ffff05000000", "condbr r0 == 5, 0xff8"),
        ("0b00000005000000", "condbr r0 == 5, 0x1000 <start>"),
        ("010c000000200000", "mov r12, 0x2000\t; <table>"),
        ("010c000004200000", "mov r12, 0x2004"),
        ("0110000018100000", "mov pc, 0x1018\t; <start+24>"),
        ("0110000000100000", "mov pc, 0x1000\t; <start>"),
        ("0100000005000000", "mov r0, 5"),
        ("ff00000001000000", ".word 0xff, 0x1"),
    ],
)
def test_addresses_have_names(gdb, code, text):
    gdb.symbols = {0x1000: "start", 0x2000: "table"}
    assert show(gdb, 0x1000, bytes.fromhex(code)) == (8, text)


def test_what_lies_between_instructions_is_data(gdb):
    assert show(gdb, 0x1004, bytes(range(8))) == (4, ".word 0x3020100")
    assert show(gdb, 0x1002, bytes(range(8))) == (1, ".byte 0x0")
    assert show(gdb, 0x1000, b"\1\0\0\0") == (4, ".word 0x1")


@pytest.mark.parametrize(("address", "length"), [(0x1000, 3), (0x1004, 3), (0x1001, 0)])
def test_memory_that_cannot_be_read_is_gdbs_to_tell(gdb, address, length):
    with pytest.raises(gdb.MemoryError):
        show(gdb, address, bytes(length))


def test_other_targets_are_left_alone(gdb, tmp_path):
    code = bytes.fromhex("0100000005000000")
    # gdb's full-screen mode asks for another architecture than the machine's.
    assert show(gdb, 0x1000, code, architecture=ARM) == (8, "mov r0, 5")
    gdb.architecture = ARM
    assert show(gdb, 0x1000, code) is None
    gdb.pid = 0
    assert show(gdb, 0x1000, code, architecture=ARM) is None
    for machine, mine in ((MACHINE, True), (40, False)):
        file = tmp_path / f"{machine}.elf"
        file.write_bytes(b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(32))
        shown = show(gdb, 0x1000, code, architecture=ARM, filename=str(file))
        assert shown == ((8, "mov r0, 5") if mine else None)
    assert show(gdb, 0x1000, code, architecture=ARM, filename=str(tmp_path / "none")) is None
    assert show(gdb, 0x1000, code, architecture=ARM, filename=str(tmp_path)) is None


def test_a_gdb_without_disassemblers_does_without(fake, load, script):
    del fake.disassembler
    load(script)
    assert not hasattr(fake, "shows")
