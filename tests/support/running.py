"""`soclet` in a process of its own, for tests: started, listened to, and always gone at the end.

Nothing waits for a time: a wait ends with what it is for, or with the process. The one deadline
here turns a hang into a failure.
"""

import json
import os
import re
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from soclet.__main__ import main
from toolchain.assembler import assemble
from toolchain.writers import write_image

ROOT = Path(__file__).resolve().parents[2]
DEMOS = ROOT / "firmware"
SOCLET = (sys.executable, "-m", "soclet")
DEADLINE = 120
"""Seconds that only a hang takes."""


@dataclass(frozen=True)
class Ended:
    """What a process left: its status, and all it wrote."""

    status: int
    output: bytes
    errors: str

    @property
    def complaint(self):
        """The one line on standard error."""
        assert "Traceback" not in self.errors, self.errors
        lines = self.errors.splitlines()
        assert len(lines) == 1, self.errors
        return lines[0]


def soclet(*words, typed=b"", **options):
    """Run a command to its end, with bytes on a pipe as standard input."""
    done = subprocess.run(
        [*SOCLET, *map(str, words)],
        input=typed,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
        **options,
    )
    return Ended(done.returncode, done.stdout, done.stderr.decode())


def soclet_here(capfd, *words):
    """Run a command within this process, which is quicker: for what reads no standard input."""
    capfd.readouterr()
    try:
        main([str(word) for word in words])
    except SystemExit as end:
        status = end.code
    said = capfd.readouterr()
    return Ended(status, said.out.encode(), said.err)


class Running:
    """A `soclet` that runs beside the test. Use it as a context: it is killed at the end.

    Its own group of processes, so that nothing meant for it reaches the test.
    """

    command = SOCLET
    """What is run."""

    def __init__(self, *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **options):
        self.process = subprocess.Popen(
            [*self.command, *map(str, words)],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **options,
        )
        self._errors = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def said(self, pattern):
        """Wait for a line on standard error that a pattern matches wholly; give the match."""
        whole = re.compile(rf"^{pattern}\n", re.MULTILINE)
        while not (match := whole.search(self._errors.decode())):
            data = receive(self.process.stderr.fileno())
            assert data, f"the process ended; it said {self._errors.decode()!r}"
            self._errors += data
        return match

    def port(self, kind):
        """Wait for a listener's line, `gdb` or `serial`, and give its port."""
        return int(self.said(rf"{kind}: listening on 127\.0\.0\.1:(\d+)")[1])

    def send_signal(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def wait(self):
        """Wait for the end; give what there was."""
        output, errors = self.process.communicate(timeout=DEADLINE)
        return Ended(self.process.returncode, output or b"", (self._errors + errors).decode())


def receive(descriptor):
    """Read what there is, once there is something; nothing at the end."""
    ready, _, _ = select.select([descriptor], [], [], DEADLINE)
    assert ready, "nothing has come"
    return os.read(descriptor, 65536)


def read_until(read, wanted):
    """Call `read` until what came ends with, or holds, some bytes; give all of it."""
    data = b""
    while wanted not in data:
        more = read()
        assert more, f"it ended; there was {data!r}"
        data += more
    return data


def build(path, text):
    """Assemble a text into an image; its source lies beside it for gdb to show."""
    source = path.with_suffix(".s")
    source.write_text(text)
    write_image(assemble(source), path)
    return path


def state_of(path):
    return json.loads(path.read_text())
