"""Assembler, object files and listings: knows the instruction set, not the machine."""
