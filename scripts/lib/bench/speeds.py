"""Measures how fast kernels run: on our engines, and on whoever else is here.

Medians of interleaved runs: every round runs each kernel on everybody in turn, so that a busy host
slows all of them alike. Figures of one table can be compared; those of two hosts cannot. Speeds are
millions of our machine's instructions a second, also those of others: what our machine executes for
the same work, over their time.
"""

import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from guest_runs import Guest, Run
from kernels import Kernel
from peers import Peer, Peers, py65_mips

from machine.engines import AUTO, ENGINES, NATIVE, native_refusal

FIRST_REPEATS: Final = 3
"""What a first run does: the same on each engine, a third of a second on the slowest."""
MOST_INSTRUCTIONS: Final = 1 << 31
"""Of a run. The kernels look at the low word of the time alone."""
PY65_TURNS: Final = 20_000


@dataclass(frozen=True, slots=True)
class EngineSpeed:
    """A kernel on an engine.

    instructions: of the first run. first: from a fresh machine, with whatever the engine makes of
    code. warm: further runs of that machine. translated: those with translation on, None where the
    kernel itself turns it on. by_python: the share in % of a warm run's instructions that were left
    to Python, None where the engine does not count them.
    """

    kernel: str
    engine: str
    instructions: int
    first: float
    warm: float
    translated: float | None
    by_python: float | None


@dataclass(frozen=True, slots=True)
class PeerSpeed:
    """A kernel on somebody else."""

    kernel: str
    peer: str
    mips: float


@dataclass(frozen=True, slots=True)
class Speeds:
    """All that was measured. py65: the speed of its own instructions; None where it is not here."""

    engines: tuple[EngineSpeed, ...]
    peers: tuple[PeerSpeed, ...]
    py65: float | None


@dataclass(slots=True)
class _Samples:
    """A kernel's runs on one of our engines. repeats: of runs that are not the first."""

    repeats: int
    first: list[Run] = field(default_factory=list)
    warm: list[Run] = field(default_factory=list)
    translated: list[Run] = field(default_factory=list)


def engines_here() -> list[str]:
    """Give the names of the engines that this host can run, `auto` the last."""
    return [name for name in (*ENGINES, AUTO) if name != NATIVE or native_refusal() is None]


def measure(
    kernels: Iterable[Kernel],
    engines: Iterable[str],
    peers: Peers,
    *,
    rounds: int,
    seconds: float,
    tell: Callable[[str], None] = lambda _line: None,
) -> Speeds:
    """Measure; every run is to take about so many seconds. Raises WrongError.

    `tell` is told what is being done.
    """
    kernels = tuple(kernels)
    lengths = {kernel.name: Length(kernel) for kernel in kernels}
    samples: dict[tuple[str, str], _Samples] = {}
    times: dict[tuple[str, str], list[float]] = {}
    repeats: dict[tuple[str, str], int] = {}
    py65 = []
    for number in range(rounds):
        for kernel in kernels:
            tell(f"round {number + 1} of {rounds}: {kernel.name}")
            length = lengths[kernel.name]
            for engine in engines:
                key = kernel.name, engine
                if key not in samples:
                    samples[key] = _Samples(fit_engine(kernel, engine, length, seconds))
                _sample(kernel, engine, samples[key])
            for peer in _takers(peers, kernel):
                key = kernel.name, peer.name
                if key not in repeats:
                    repeats[key] = _fit_peer(kernel, peer, length, seconds)
                times.setdefault(key, []).append(peer.run(kernel, repeats[key]))
        if peers.py65:
            py65.append(py65_mips(PY65_TURNS))
    return Speeds(
        tuple(_engine_speed(*key, taken) for key, taken in samples.items()),
        tuple(
            PeerSpeed(
                name,
                peer,
                _mips(lengths[name].instructions(repeats[name, peer]), statistics.median(taken)),
            )
            for (name, peer), taken in times.items()
        ),
        statistics.median(py65) if py65 else None,
    )


class Length:
    """How many instructions our machine executes for a kernel that does its work so often."""

    def __init__(self, kernel: Kernel) -> None:
        guest = Guest(kernel, "reference")
        once = guest.run(1).instructions
        self._turn = guest.run(2).instructions - once
        self._rest = once - self._turn

    def instructions(self, repeats: int) -> int:
        """Give them: each turn takes the same."""
        return self._rest + repeats * self._turn

    def repeats(self, instructions: int) -> int:
        """Give how often the work is to be done for about so many instructions."""
        return max(1, round((instructions - self._rest) / self._turn))

    @property
    def most_repeats(self) -> int:
        """How often a run may do its work."""
        return MOST_INSTRUCTIONS // self._turn


def fit(run: Callable[[int], float], seconds: float, most: int) -> int:
    """Find how often work is to be done for a run to take about so many seconds.

    The better of two runs counts: either may be slow for a reason that does not come again.
    """
    repeats = 1
    while (taken := min(run(repeats), run(repeats))) < seconds / 2 and repeats < most:
        wanted = repeats * seconds / max(taken, 1e-9)
        repeats = min(most, int(max(2 * repeats, min(10 * repeats, wanted))))
    return max(1, min(most, round(repeats * seconds / max(taken, 1e-9))))


def fit_engine(kernel: Kernel, engine: str, length: Length, seconds: float) -> int:
    """Give how often a kernel is to do its work for a run on an engine to take so many seconds."""
    guest = Guest(kernel, engine)
    guest.run(FIRST_REPEATS)
    return fit(lambda repeats: guest.run(repeats).seconds, seconds, length.most_repeats)


def _fit_peer(kernel: Kernel, peer: Peer, length: Length, seconds: float) -> int:
    return fit(
        lambda repeats: peer.run(kernel, repeats),
        seconds * peer.patience,
        length.most_repeats,
    )


def _takers(peers: Peers, kernel: Kernel) -> Iterator[Peer]:
    return (peer for peer in peers.here if kernel.computes or not peer.only_computes)


def _sample(kernel: Kernel, engine: str, samples: _Samples) -> None:
    guest = Guest(kernel, engine)
    samples.first.append(guest.run(FIRST_REPEATS))
    samples.warm.append(guest.run(samples.repeats))
    if kernel.translatable:
        guest.run(FIRST_REPEATS, translated=True)
        samples.translated.append(guest.run(samples.repeats, translated=True))


def _engine_speed(kernel: str, engine: str, samples: _Samples) -> EngineSpeed:
    last = samples.warm[-1]
    return EngineSpeed(
        kernel,
        engine,
        samples.first[-1].instructions,
        _speed(samples.first),
        _speed(samples.warm),
        _speed(samples.translated) if samples.translated else None,
        None if last.stepped is None else 100 * last.stepped / last.instructions,
    )


def _speed(runs: list[Run]) -> float:
    return _mips(runs[-1].instructions, statistics.median(run.seconds for run in runs))


def _mips(instructions: int, seconds: float) -> float:
    return instructions / seconds / 1e6
