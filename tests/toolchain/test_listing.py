"""A listing shows the source beside what it became."""

from toolchain.assembler import assemble
from toolchain.listing import listing


def test_a_listing_shows_addresses_bytes_and_source():
    text = '; begin\nx:  nop\n    push r4\n.data\n    .ascii "0123456789"\n    .space 100\n'
    assert "\n".join(listing(assemble("t.s", text))) == (
        "; t.s\n"
        "                                      1  ; begin\n"
        "00001000  02 00 00 00 00 00 00 00     2  x:  nop\n"
        "00001008  01 0c 00 00 04 00 00 00     3      push r4\n"
        "00001010  06 0f 0c 00 00 00 00 00\n"
        "00001018  04 0f 04 00 00 00 00 00\n"
        "                                      4  .data\n"
        '00001020  30 31 32 33 34 35 36 37     5      .ascii "0123456789"\n'
        "00001028  38 39\n"
        "0000102a  00 00 00 00 00 00 00 00     6      .space 100\n"
        "00001032  00 00 00 00 00 00 00 00\n"
        "0000103a  00 00 00 00 00 00 00 00\n"
        "00001042  00 00 00 00 00 00 00 00\n"
        "          … 100 bytes"
    )


def test_macros_show_their_bytes_where_they_are_used_and_includes_where_they_are(tmp_path):
    (tmp_path / "part.s").write_text("nop\n")
    main = tmp_path / "main.s"
    main.write_text('.macro two\nnop\nnop\n.endm\ntwo\n.include "part.s"\n.if 0\nnop\n.endif\n')
    lines = list(listing(assemble(main)))
    assert [line.split("  ", 1)[0] for line in lines] == [
        f"; {main}", "", "", "", "", "00001000", "00001008", "",
        f"; {tmp_path / 'part.s'}", "00001010",
        f"; {main}", "", "", "",
    ]  # fmt: skip
