"""The engines there are, by name."""

from typing import Final

from machine.machine import EngineMaker
from machine.reference import Reference

AUTO: Final = "auto"
ENGINES: Final[dict[str, EngineMaker]] = {Reference.name: Reference}


def maker(name: str) -> EngineMaker:
    """Give what makes an engine by its name; `auto` is the fastest there is.

    Raises ValueError for a name that is none.
    """
    if name == AUTO:
        return Reference
    if name not in ENGINES:
        raise ValueError(f"no engine {name!r}; there are {', '.join((AUTO, *ENGINES))}")
    return ENGINES[name]
