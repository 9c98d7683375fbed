"""Tables as the XML documents that gdb wants of them.

Knows their elements (GDB manual: Thread List Format, Operating System Information); must not know
packets.
"""

from collections.abc import Sequence
from typing import Final

from gdbstub.target import OsTable, ThreadInfo

_HEAD: Final = '<?xml version="1.0"?>\n'
_ENTITIES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
)

TABLE_OF_TABLES: Final = "types"
"""What gdb asks for with an empty annex, and how it is called in the document."""


def threads_xml(threads: Sequence[ThreadInfo]) -> str:
    """The list of threads, with names and what else is to be told of them."""
    lines = [_thread(each) for each in threads]
    return "\n".join([f"{_HEAD}<threads>", *lines, "</threads>\n"])


def _thread(thread: ThreadInfo) -> str:
    name = f' name="{_text(thread.name)}"' if thread.name else ""
    return f'<thread id="{thread.id:x}"{name}>{_text(thread.extra)}</thread>'


def osdata_xml(tables: Sequence[OsTable], name: str) -> str | None:
    """The table of this name; the table of tables for none; None where there is no such table."""
    if not name:
        rows = tuple((each.name, each.description, each.title) for each in tables)
        return _table(TABLE_OF_TABLES, ("Type", "Description", "Title"), rows)
    for each in tables:
        if each.name == name:
            return _table(each.name, each.columns, each.rows)
    return None


def _table(name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = []
    for row in rows:
        lines.append("<item>")
        lines += [
            f'<column name="{_text(column)}">{_text(cell)}</column>'
            for column, cell in zip(columns, row, strict=True)
        ]
        lines.append("</item>")
    return "\n".join([f'{_HEAD}<osdata type="{_text(name)}">', *lines, "</osdata>\n"])


def _text(text: str) -> str:
    """Text that XML may hold: what cannot be printed becomes a question mark."""
    return "".join(each if each.isprintable() else "?" for each in text).translate(_ENTITIES)
