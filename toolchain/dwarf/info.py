"""The sections .debug_info, .debug_abbrev and .debug_ranges: functions, data and constants.

Knows what each thing of a program is called there. Must not know how the lines' numbers or the
frames are found.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from construct import Array, Flag, Int8ul, Int16ul, Int32ul, Struct, VarInt
from elftools.dwarf.enums import (
    ENUM_DW_AT,
    ENUM_DW_ATE,
    ENUM_DW_FORM,
    ENUM_DW_LANG,
    ENUM_DW_TAG,
)

from toolchain.dwarf.encoding import ADDRESS, ADDRESS_SIZE, BLOCK, STRING, file_name, unit
from toolchain.program import DataObject, Element, Function, Program, SourceLine, Symbol

VERSION: Final = 4
PRODUCER: Final = "soclet"
LANGUAGE: Final = ENUM_DW_LANG["DW_LANG_Mips_Assembler"]
"""Debuggers that see it leave prologues alone: `break f` stops at f's first instruction."""

HEADER: Final = Struct(
    "version" / Int16ul, "abbreviations_offset" / Int32ul, "address_size" / Int8ul
)
_FORMS: Final = {
    "addr": ADDRESS,
    "data1": Int8ul,
    "data2": Int16ul,
    "data4": Int32ul,
    "udata": VarInt,
    "string": STRING,
    "flag": Flag,
    "ref4": Int32ul,
    "sec_offset": Int32ul,
    "exprloc": BLOCK,
}


class Op(IntEnum):
    """Operations of location expressions."""

    ADDR = 0x03
    CALL_FRAME_CFA = 0x9C


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """A kind of entry: its tag, and the forms of its attributes in their order."""

    tag: str
    attributes: dict[str, str]
    has_children: bool = False


_DECLARED: Final = {"decl_file": "udata", "decl_line": "udata", "external": "flag"}
_UNIT: Final = {
    "producer": "string",
    "language": "data2",
    "name": "string",
    "comp_dir": "string",
    "stmt_list": "sec_offset",
}
_FUNCTION: Final = {
    "name": "string",
    **_DECLARED,
    "type": "ref4",
    "low_pc": "addr",
    "high_pc": "data4",
    "frame_base": "exprloc",
}
ABBREVIATIONS: Final = {
    "unit": Abbreviation("compile_unit", _UNIT, has_children=True),
    "unit of one range": Abbreviation(
        "compile_unit", {**_UNIT, "low_pc": "addr", "high_pc": "data4"}, has_children=True
    ),
    "unit of ranges": Abbreviation(
        "compile_unit", {**_UNIT, "low_pc": "addr", "ranges": "sec_offset"}, has_children=True
    ),
    "function": Abbreviation("subprogram", _FUNCTION, has_children=True),
    "entry function": Abbreviation(
        "subprogram", {**_FUNCTION, "main_subprogram": "flag"}, has_children=True
    ),
    "any parameters": Abbreviation("unspecified_parameters", {}),
    "base type": Abbreviation(
        "base_type", {"name": "string", "encoding": "data1", "byte_size": "data1"}
    ),
    "array type": Abbreviation("array_type", {"type": "ref4"}, has_children=True),
    "elements": Abbreviation("subrange_type", {"type": "ref4", "count": "udata"}),
    "variable": Abbreviation(
        "variable", {"name": "string", **_DECLARED, "type": "ref4", "location": "exprloc"}
    ),
    "constant": Abbreviation(
        "variable", {"name": "string", **_DECLARED, "type": "ref4", "const_value": "udata"}
    ),
}
"""The kinds of entries that a program has; a kind's place is its code."""

_CODES: Final = {kind: code for code, kind in enumerate(ABBREVIATIONS, 1)}
_END: Final = b"\0"

TYPES: Final = {
    Element.WORD: ("word", "DW_ATE_unsigned"),
    Element.BYTE: ("byte", "DW_ATE_unsigned"),
    Element.CHARACTER: ("char", "DW_ATE_unsigned_char"),
    Element.WIDE_CHARACTER: ("char32_t", "DW_ATE_UTF"),
}
"""What the elements of data are called, and how debuggers are to show them."""

RANGE: Final = Struct("begin" / ADDRESS, "end" / ADDRESS)


def info_sections(program: Program) -> dict[str, bytes]:
    """Give the sections that describe a program."""
    ranges = [(sequence.rows[0].address, sequence.end) for sequence in program.sequences]
    sections = {
        ".debug_info": _Info(program, ranges).section(),
        ".debug_abbrev": b"".join(
            _abbreviation(code, kind) for code, kind in enumerate(ABBREVIATIONS.values(), 1)
        )
        + _END,
    }
    if len(ranges) > 1:
        table = [{"begin": begin, "end": end} for begin, end in [*ranges, (0, 0)]]
        sections[".debug_ranges"] = Array(len(table), RANGE).build(table)
    return sections


def _abbreviation(code: int, kind: Abbreviation) -> bytes:
    pair = Struct("name" / VarInt, "form" / VarInt)
    attributes = (
        {"name": ENUM_DW_AT[f"DW_AT_{name}"], "form": ENUM_DW_FORM[f"DW_FORM_{form}"]}
        for name, form in kind.attributes.items()
    )
    return b"".join(
        (
            VarInt.build(code),
            VarInt.build(ENUM_DW_TAG[f"DW_TAG_{kind.tag}"]),
            Flag.build(kind.has_children),
            *(pair.build(attribute) for attribute in attributes),
            pair.build({"name": 0, "form": 0}),
        )
    )


class _Info:
    """The section .debug_info in the making: later entries refer to earlier ones."""

    def __init__(self, program: Program, ranges: list[tuple[int, int]]) -> None:
        self._program = program
        self._ranges = ranges
        self._files = {file: n for n, file in enumerate(program.files, 1)}
        self._entries = bytearray()

    def section(self) -> bytes:
        """Give the section."""
        self._add_unit()
        types = {
            element: self._add(
                "base type", name=name, encoding=ENUM_DW_ATE[shown], byte_size=element.bytes
            )
            for element, (name, shown) in TYPES.items()
        }
        for function in self._program.functions:
            self._add_function(function, types)
        for data in self._program.objects:
            self._add_variable(data, types)
        for constant in self._program.constants:
            self._add(
                "constant",
                name=constant.name,
                type=types[Element.WORD],
                const_value=constant.value,
                **self._declared(constant.source, is_global=False),
            )
        self._entries += _END
        header = {
            "version": VERSION,
            "abbreviations_offset": 0,
            "address_size": ADDRESS_SIZE,
        }
        return unit(HEADER.build(header) + bytes(self._entries))

    def _add_unit(self) -> None:
        common = {
            "producer": PRODUCER,
            "language": LANGUAGE,
            "name": file_name(self._program, self._program.name),
            "comp_dir": str(self._program.directory),
            "stmt_list": 0,
        }
        match self._ranges:
            case []:
                self._add("unit", **common)
            case [(begin, end)]:
                self._add("unit of one range", **common, low_pc=begin, high_pc=end - begin)
            case _:
                self._add("unit of ranges", **common, low_pc=0, ranges=0)

    def _add_function(self, function: Function, types: dict[Element, int]) -> None:
        # A source does not say what a function takes and gives. By the calling convention it
        # takes words and gives one, so that debuggers can call it and show what it gave.
        is_entry = function.symbol.address == self._program.entry
        self._add(
            "entry function" if is_entry else "function",
            **self._named(function.symbol),
            type=types[Element.WORD],
            low_pc=function.symbol.address,
            high_pc=function.symbol.size,
            frame_base=bytes([Op.CALL_FRAME_CFA]),
            main_subprogram=is_entry,
        )
        self._add("any parameters")
        self._entries += _END

    def _add_variable(self, data: DataObject, types: dict[Element, int]) -> None:
        type_ = types[data.element]
        if data.count != 1:
            array = self._add("array type", type=type_)
            self._add("elements", type=types[Element.WORD], count=data.count)
            self._entries += _END
            type_ = array
        location = bytes([Op.ADDR]) + ADDRESS.build(data.symbol.address)
        self._add("variable", **self._named(data.symbol), type=type_, location=location)

    def _named(self, symbol: Symbol) -> dict[str, Any]:
        declared = self._declared(symbol.source, is_global=symbol.is_global)
        return {"name": symbol.name, **declared}

    def _declared(self, source: SourceLine, *, is_global: bool) -> dict[str, Any]:
        return {
            "decl_file": self._files[source.file],
            "decl_line": source.line,
            "external": is_global,
        }

    def _add(self, kind: str, **values: Any) -> int:
        """Add an entry; give its offset in the section, by which others refer to it."""
        offset: int = 4 + HEADER.sizeof() + len(self._entries)
        self._entries += VarInt.build(_CODES[kind])
        for name, form in ABBREVIATIONS[kind].attributes.items():
            self._entries += _FORMS[form].build(values[name])
        return offset
