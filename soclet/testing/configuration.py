"""What a machine under test is made of: the arguments of the marker and of the factory."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any, Final

from isa_spec.memory_map import MEMORY_START
from soclet import quantities
from soclet.errors import UserError

DEFAULT_TICKS: Final = 10_000_000
"""How long is waited for what a test expects, where it does not say."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """A machine under test.

    image: a file that `soclet run` takes, or `demo:NAME`. source: assembly, taken instead of what
    is in that file, if one is named. Without both, memory is all zeros, or what `nvram` holds.
    memory: bytes, as a number or as text such as `64k`. nvram: a file that keeps memory.
    nvram_sync: whether that survives the host's losing power, too. load_address: where a raw image
    goes. byte_ticks: how long a byte takes on the serial line.
    seed: of the faults of its serial line, and of `MachineUnderTest.random`. noise: how probable it
    is that a byte that is typed is dropped, doubled or corrupted, such as `{"drop": 0.01}`.
    engine: by its name. ticks: how long the machine is waited for where a call does not say.
    """

    image: str | PathLike[str] | None = None
    source: str | None = None
    memory: int | str | None = None
    nvram: str | PathLike[str] | None = None
    nvram_sync: bool = False
    load_address: int = MEMORY_START
    byte_ticks: int = 0
    engine: str = "auto"
    ticks: int | str = DEFAULT_TICKS
    seed: int = 0
    noise: Mapping[str, float] | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> "Configuration":
        """Make one of named arguments; raise UserError for a name that means nothing."""
        known = [field.name for field in fields(cls)]
        for name in arguments:
            if name not in known:
                raise UserError(f"a machine has no {name!r}; it has {', '.join(known)}")
        return cls(**arguments)

    @property
    def memory_size(self) -> int | None:
        """The memory asked for, in bytes; None where that is left open."""
        return quantities.size(self.memory) if isinstance(self.memory, str) else self.memory

    @property
    def patience(self) -> int:
        """`ticks` as a number."""
        return quantities.ticks_of(self.ticks)

    @property
    def nvram_file(self) -> Path | None:
        """The file that keeps memory, where there is one."""
        return None if self.nvram is None else Path(self.nvram)
