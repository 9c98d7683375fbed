"""Assembler, ELF and DWARF, images, listings: imports isa_spec, nothing else of ours.

Knows programs as files and bytes. Must not know how a machine runs them. Start-up time counts, so
nothing here is imported before it is used: take what you need from the modules.
"""
