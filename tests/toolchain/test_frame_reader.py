"""Frames out of an ELF file: the same as the assembler's own; none where they cannot be read."""

import pytest
from running import DEMOS

from toolchain.assembler import assemble
from toolchain.elf_writer import elf_file
from toolchain.frame_reader import read_frames
from toolchain.images import load_image
from toolchain.program import How, Rule

NAMES = sorted(path.stem for path in DEMOS.glob("*/*.s") if path.stem == path.parent.name)


def said(row, of):
    """Give what a row says of where the frame is, and of the registers that another tells of."""
    rules = dict(row.rules)
    same = Rule(How.SAME)
    return row.address, row.base, row.offset, [rules.get(number, same) for number, _ in of.rules]


@pytest.mark.parametrize("name", NAMES)
def test_an_elf_file_gives_back_every_frame_row_of_the_program(name):
    program = assemble(DEMOS / name / f"{name}.s")
    ours, read = program.image().frames(), load_image(program.elf(), name="x.elf").frames()
    assert [(frame.start, frame.end) for frame in read] == [(f.start, f.end) for f in ours]
    for one, other in zip(ours, read, strict=True):
        for mine, its in zip(one.rows, other.rows, strict=True):
            assert said(its, mine) == said(mine, mine)


def test_a_register_beyond_the_rules_that_are_known_is_lost():
    text = ".func start\n.cfi_def_cfa r4, 8\n.cfi_val_offset r5, -8\nnop\n.endfunc\n"
    ((row,),) = [frame.rows for frame in read_frames(elf_file(assemble("main.s", text)))]
    assert (row.base, row.offset) == (4, 8)
    assert dict(row.rules)[5] == Rule(How.VALUE, -8)


@pytest.mark.parametrize("cut", [0, 16, 52, 400])
def test_a_file_that_cannot_be_read_has_none(cut):
    assert read_frames(elf_file(assemble("main.s", ".func start\nnop\n.endfunc\n"))[:cut]) == ()
