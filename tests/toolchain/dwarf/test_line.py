"""The line table says of every instruction which line it is from."""

import io

from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from toolchain.assembler import assemble


def lines_of(program):
    """Give what pyelftools reads: sequences of (address, file, line), each with its end."""
    dwarf = ELFFile(io.BytesIO(program.elf())).get_dwarf_info()
    (unit,) = dwarf.iter_CUs()
    table = dwarf.line_program_for_CU(unit)
    assert table["minimum_instruction_length"] == 8
    names = [entry.name.decode() for entry in table["file_entry"]]
    sequences, rows = [], []
    for entry in table.get_entries():
        state = entry.state
        if state is None:
            continue
        if state.end_sequence:
            sequences.append((rows, state.address))
            rows = []
        else:
            rows.append((state.address, names[state.file - 1], state.line))
    assert not rows
    return sequences


@given(
    st.lists(
        st.one_of(
            st.integers(0, 400).map(lambda n: "\n" * n),
            st.sampled_from(["nop", "push r4-r10, link", "call x", ".word 1, 2", ".align 64"]),
        ),
        max_size=30,
    )
)
def test_any_program_reads_back_as_it_was(parts):
    text = "\n".join(parts) + "\nx: nop\n"
    program = assemble("t.s", text)
    assert lines_of(program) == [
        ([(row.address, row.source.file, row.source.line) for row in sequence.rows], sequence.end)
        for sequence in program.sequences
    ]


def test_long_ways_between_lines_and_between_addresses_are_written_down():
    text = "nop\n" + ".macro big\n" + "nop\n" * 500 + ".endm\nbig\nnop\n" + "\n" * 5000 + "nop\n"
    program = assemble("t.s", text)
    (read,) = lines_of(program)
    assert read[0] == [(r.address, "t.s", r.source.line) for r in program.sequences[0].rows]
    assert read[0][-1] == (0x1000 + 502 * 8, "t.s", 506 + 5000)


def test_included_files_are_named_from_where_the_source_lies(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "part.s").write_text("nop\nnop\n")
    main = tmp_path / "main.s"
    main.write_text('nop\n.include "lib/part.s"\nnop\n')
    (read,) = lines_of(assemble(main))
    assert read[0] == [
        (0x1000, "main.s", 1),
        (0x1008, "lib/part.s", 1),
        (0x1010, "lib/part.s", 2),
        (0x1018, "main.s", 3),
    ]


def test_readelf_decodes_the_line_table(tmp_path, readelf):
    path = tmp_path / "t.elf"
    path.write_bytes(assemble("t.s", "nop\n\nnop\n.org 0x2000\nnop\n").elf())
    shown = readelf("--debug-dump=decodedline", path)
    assert [line.split()[1:3] for line in shown.splitlines() if line.startswith("t.s")] == [
        ["1", "0x1000"],
        ["3", "0x1008"],
        ["-", "0x1010"],
        ["5", "0x2000"],
        ["-", "0x2008"],
    ]
