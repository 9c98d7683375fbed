"""The source around an address, in a report."""

from pathlib import PurePath

import pytest

from soclet.excerpt import excerpt
from toolchain.assembler import assemble
from toolchain.images import load_image
from toolchain.program import SourceLine
from toolchain.writers import write_image

SOURCE = "".join(f"name{n}:\tnop\n" for n in range(1, 13))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "made" / "main.s"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def test_the_line_is_marked_among_those_around_it(source):
    assert excerpt(load_image(source), SourceLine("main.s", 10), around=2) == [
        "   8  name8:  nop",
        "   9  name9:  nop",
        "> 10  name10: nop",
        "  11  name11: nop",
        "  12  name12: nop",
    ]


def test_there_are_no_lines_beyond_the_first_and_the_last(source):
    assert [each[:3] for each in excerpt(load_image(source), SourceLine("main.s", 1))] == [
        "> 1",
        "  2",
        "  3",
        "  4",
    ]
    assert len(excerpt(load_image(source), SourceLine("main.s", 12))) == 4


def test_an_elf_files_source_is_found_where_its_debugging_information_says(source, tmp_path):
    elf = tmp_path / "elsewhere.elf"
    write_image(assemble(source), elf)
    image = load_image(elf)
    assert image.directories() == (PurePath(source.parent),)
    assert len(excerpt(image, SourceLine("main.s", 6))) == 7


def test_a_source_that_has_moved_is_found_beside_the_image(source, tmp_path):
    elf = tmp_path / "moved.elf"
    write_image(assemble(source), elf)
    image = load_image(elf)
    source.rename(tmp_path / "main.s")
    assert len(excerpt(image, SourceLine("main.s", 6))) == 7
    (tmp_path / "main.s").unlink()
    assert excerpt(image, SourceLine("main.s", 6)) == []


def test_a_line_that_the_file_does_not_have_shows_nothing(source):
    assert excerpt(load_image(source), SourceLine("main.s", 13)) == []
    assert load_image(b"\1" * 8, name="raw.bin").directories() == ()
