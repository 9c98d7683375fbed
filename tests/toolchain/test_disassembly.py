"""What is disassembled can be assembled again, to the same bytes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from isa_spec.formats import LENGTH, Kind
from isa_spec.instructions import BASE
from isa_spec.registers import REGISTERS
from toolchain.assembler import assemble
from toolchain.disassembly import disassemble_image
from toolchain.images import Image, ImageSymbol, LoadSegment, SymbolKind, load_image

SOURCE = """
.func start
    mov sp, stack
again: condbr r0 != 0x64, again
    call put
    mov pc, link
.endfunc
.func put
    trap 3
.endfunc
.data
message: .asciz "hi"
    .align 4
table: .word start, 0xffffffff
    .byte 7
    .align 8
room: .space 40
stack:
"""


def again(image):
    """Disassemble and assemble; give the pieces."""
    text = "\n".join(disassemble_image(image)) + "\n"
    return [(s.address, s.data) for s in assemble("again.s", text).segments]


def pieces(image):
    return [(segment.address, segment.data) for segment in image.segments]


def test_a_program_is_shown_with_names_addresses_and_bytes():
    lines = list(disassemble_image(load_image(assemble("t.s", SOURCE).elf())))
    shown = "\n".join(line.rstrip() for line in lines)
    assert shown == EXPECTED.strip("\n")


EXPECTED = r"""
        .org 0x1000
start:
        mov sp, 0x1068                  ; 00001000  01 0f 00 00 68 10 00 00   stack
again:
        condbr r0 != 0x64, again        ; 00001008  0d 00 00 00 64 00 00 00
        mov r12, 0x1028                 ; 00001010  01 0c 00 00 28 10 00 00   put
        branch [r12]                    ; 00001018  09 0c 00 00 00 00 00 00
        mov pc, link                    ; 00001020  02 10 11 00 00 00 00 00
put:
        trap 3                          ; 00001028  10 00 00 00 03 00 00 00
        .org 0x1030
message:
        .word 0x6968                    ; 00001030  68 69 00 00               hi\x00\x00
table:
        .word 0x1000                    ; 00001034  00 10 00 00               start
        .word 0xffffffff                ; 00001038  ff ff ff ff
        .word 0x7                       ; 0000103c  07 00 00 00
room:
        .space 40                       ; 00001040  00 00 00 00 00 00 00 00 …
stack:
"""


@st.composite
def instruction_words(draw):
    row = draw(st.sampled_from(BASE.rows))
    operands = []
    for field in row.fields:
        if field.kind is Kind.REGISTER:
            operands.append(draw(st.integers(0, len(REGISTERS) - 1)))
        else:
            operands.append(field.bounds[draw(st.integers(0, len(field.bounds) - 1))])
    return row.encode(*operands)


@settings(deadline=None)
@given(st.lists(instruction_words(), min_size=1, max_size=20))
def test_random_instructions_go_round(words):
    code = b"".join(words)
    image = Image("x", "raw", (LoadSegment(0x1000, code),))
    text = list(disassemble_image(image))
    assert not any(".word" in line or ".byte" in line for line in text)
    assert again(image) == pieces(image)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=40),
            instruction_words(),
            st.integers(1, 60).map(bytes),
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(0x1000, 0x1010),
    st.lists(
        st.tuples(st.integers(0xFF0, 0x1060), st.sampled_from(SymbolKind), st.integers(0, 20)),
        max_size=5,
    ),
)
def test_any_bytes_with_any_names_go_round(parts, address, named):
    symbols = [ImageSymbol(f"name{n}", at, size, kind) for n, (at, kind, size) in enumerate(named)]
    symbols += [ImageSymbol("sp", address), ImageSymbol("a b", address), ImageSymbol(".", address)]
    image = Image(
        "x", "raw", (LoadSegment(address, b"".join(parts)), LoadSegment(0x4000, b"\1")), None,
        tuple(symbols),
    )  # fmt: skip
    assert again(image) == pieces(image)


def test_programs_go_round_with_their_names():
    image = load_image(assemble("t.s", SOURCE).elf())
    text = "\n".join(disassemble_image(image)) + "\n"
    second = assemble("again.s", text)
    assert {(s.name, s.address) for s in second.symbols} == {
        (s.name, s.address) for s in image.symbols
    }
    assert again(image) == [(s.address, s.data) for s in assemble("t.s", SOURCE).segments]


def test_names_of_an_address_given_twice_or_unsayable_are_left_out():
    symbols = (ImageSymbol("x", 0x1000), ImageSymbol("x", 0x1008), ImageSymbol("at", 0x1000))
    image = Image("i", "raw", (LoadSegment(0x1000, bytes(LENGTH)),), None, symbols)
    lines = list(disassemble_image(image))
    assert lines[1] == "x:"
    assert sum(line.endswith(":") for line in lines) == 1
