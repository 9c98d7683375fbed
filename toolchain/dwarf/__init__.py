"""Debugging information in DWARF 4, the version that old debuggers read and new ones still do.

Each module knows one section's format and what of a program goes into it. Must not know ELF.
"""

from toolchain.program import Program


def debug_sections(program: Program) -> dict[str, bytes]:
    """Give the sections of a program's debugging information by their names."""
    from toolchain.dwarf.aranges import aranges_section
    from toolchain.dwarf.frame import frame_section
    from toolchain.dwarf.info import info_sections
    from toolchain.dwarf.line import line_section

    return {
        **info_sections(program),
        ".debug_line": line_section(program),
        ".debug_aranges": aranges_section(program),
        ".debug_frame": frame_section(program),
    }
