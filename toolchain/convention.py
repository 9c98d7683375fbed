"""The calling convention (isa §7), as far as tools must know it."""

from typing import Final

from isa_spec.registers import BY_NAME, LINK, SP

AT: Final = BY_NAME["at"].number
"""What pseudo-instructions may destroy."""

FP: Final = BY_NAME["fp"].number
"""The frame pointer, where one is used."""

SLOT: Final = 4
"""Bytes of the stack that a register takes."""

KEPT: Final = (*range(4, FP + 1), LINK)
"""The registers whose values a caller can be told, sp aside: those that the callee keeps, and
link, which leads back to the caller."""

CLOBBERED: Final = (*range(4), *range(AT, SP), LINK)
"""The registers that a call may change."""
