"""Runs images at random while the interpreter's audit hook listens: what the host is asked for.

As a program, since a hook cannot be taken away again: given an engine, and first and last seed.
Prints what events there were that concern files, processes or sockets.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine_fuzz.images import make_image

from machine.engines import maker
from machine.events import SerialInput
from machine.machine import Machine

TOUCHY = ("open", "os.", "socket.", "subprocess.", "shutil.", "tempfile.", "pty.", "fcntl.")
WARM = 20
"""Images that are run before anybody listens: engines load what they are made of only then."""


class Listening:
    """Notes events while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.heard: set[str] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, _arguments: tuple[object, ...]) -> None:
        if self.on and event.startswith(TOUCHY):
            self.heard.add(event)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen meanwhile."""
        self.on = True
        try:
            yield
        finally:
            self.on = False


def main() -> None:
    """Run them; say what was heard."""
    engine, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    listener, executed = Listening(), 0
    for seed in range(first - WARM, last + 1):
        image = make_image(seed)
        machine = Machine(image.memory_size, byte_ticks=image.byte_ticks, engine=maker(engine))
        machine.flash(image.segments)
        for tick, data in image.feeds:
            machine.schedule(tick, SerialInput(data))
        if seed < first:
            machine.run(image.limit)
            continue
        with listener.listening():
            machine.run(image.limit)
            machine.take_output()
        executed += machine.cpu.executed
    heard = frozenset(listener.heard)
    with listener.listening():
        Path(__file__).read_bytes()
    assert listener.heard >= {"open"}, "the hook hears nothing"
    print(executed, *sorted(heard), sep="\n")


if __name__ == "__main__":
    main()
