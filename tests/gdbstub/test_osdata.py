"""Tables of a system, as `info os` reads them."""

import pytest
from fake_target import CompleteTarget, FakeTarget

from gdbstub.documents import osdata_xml, threads_xml
from gdbstub.target import OsTable, ThreadInfo

HEAD = b'l<?xml version="1.0"?>\n'


@pytest.fixture
def target():
    return CompleteTarget()


def test_without_a_name_the_tables_are_listed(talk):
    assert talk.ask(b"qXfer:osdata:read::0,fff") == HEAD + (
        b'<osdata type="types">\n<item>\n<column name="Type">processes</column>\n'
        b'<column name="Description">All processes</column>\n'
        b'<column name="Title">Processes</column>\n</item>\n'
        b'<item>\n<column name="Type">nothing</column>\n'
        b'<column name="Description">An empty table</column>\n'
        b'<column name="Title">Nothing</column>\n</item>\n</osdata>\n'
    )


def test_a_table_has_its_rows(talk):
    assert talk.ask(b"qXfer:osdata:read:processes:0,fff") == HEAD + (
        b'<osdata type="processes">\n'
        b'<item>\n<column name="pid">1</column>\n<column name="command">idle</column>\n</item>\n'
        b'<item>\n<column name="pid">31</column>\n'
        b'<column name="command">sh &lt;&quot;&amp;&quot;&gt;?</column>\n</item>\n</osdata>\n'
    )
    assert talk.ask(b"qXfer:osdata:read:nothing:0,fff") == HEAD + (
        b'<osdata type="nothing">\n</osdata>\n'
    )


@pytest.mark.parametrize("name", [b"process", b"processes2", b"Processes", b"types", b"\xff"])
def test_a_table_is_known_by_its_exact_name(talk, name):
    assert talk.ask(b"qXfer:osdata:read:" + name + b":0,fff") == b"E00"


def test_a_table_comes_in_pieces(talk):
    whole = talk.ask(b"qXfer:osdata:read:processes:0,fff")[1:]
    assert talk.ask(b"qXfer:osdata:read:processes:0,10") == b"m" + whole[:16]
    assert talk.ask(b"qXfer:osdata:read:processes:10,fff") == b"l" + whole[16:]


def test_a_row_of_another_length_is_the_target_s_fault():
    with pytest.raises(ValueError, match="shorter"):
        osdata_xml([OsTable("t", "T", "", ("a", "b"), (("1",),))], "t")


def test_what_xml_cannot_hold_is_a_question_mark():
    assert 'name="a?b?"' in threads_xml([ThreadInfo(1, "a\0b\x1b")])


def test_without_the_ability_there_are_no_tables(connect):
    talk = connect(FakeTarget())
    assert b"osdata" not in talk.ask(b"qSupported")
    assert talk.ask(b"qXfer:osdata:read::0,fff") == b""
