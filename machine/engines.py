"""The engines there are, by name, and which of them this host can run."""

from functools import partial
from typing import Final

from isa_spec.instruction import InstructionSet
from machine.auto import Auto
from machine.cpu import Cpu
from machine.engine import Engine
from machine.machine import EngineMaker
from machine.reference import Reference

# Loaded only where they are asked for: that takes longer than everything else of a machine.


def _compiled(cpu: Cpu, instructions: InstructionSet) -> Engine:
    from machine.compiled.engine import Compiled

    return Compiled(cpu, instructions)


def _native(cpu: Cpu, instructions: InstructionSet) -> Engine:
    from machine.native.engine import Native

    return Native(cpu, instructions)


def _fastest(cpu: Cpu, instructions: InstructionSet) -> Engine:
    try:
        return _native(cpu, instructions)
    except OSError:
        return _compiled(cpu, instructions)


AUTO: Final = "auto"
NATIVE: Final = "native"
ENGINES: Final[dict[str, EngineMaker]] = {
    Reference.name: Reference,
    "compiled": _compiled,
    NATIVE: _native,
}


def native_refusal() -> str | None:
    """Say in a few words why this host cannot run the native engine; None where it can."""
    from machine.native.backend import refusal

    return refusal()


def maker(name: str) -> EngineMaker:
    """Give what makes an engine by its name; `auto` goes from one to a faster one by itself.

    Raises ValueError for a name that is none. What is made may raise OSError where the host cannot
    run it.
    """
    if name == AUTO:
        return partial(Auto, faster=_fastest)
    if name not in ENGINES:
        raise ValueError(f"no engine {name!r}; there are {', '.join((AUTO, *ENGINES))}")
    return ENGINES[name]
