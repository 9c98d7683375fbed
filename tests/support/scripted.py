"""gdb with our script: the script's file, and gdb's full-screen mode in a terminal to look at."""

import subprocess
import time
import uuid

from running import DEADLINE
from tools import tool

from soclet.gdb_client.generator import generate


def write_script(folder):
    """Write the script; give its path."""
    path = folder / "soclet-gdb.py"
    path.write_text(generate(), encoding="utf-8")
    return path


def texts(answer):
    """The assembly in what x/i or disassemble printed, by address."""
    lines = [line.removeprefix("=>").strip() for line in answer.splitlines() if ":\t" in line]
    return {int(line.split()[0].rstrip(":"), 16): line.split("\t", 1)[1] for line in lines}


class Screen:
    """A terminal that can be looked at, by tmux: a server of its own, gone at the end."""

    def __init__(self, folder, *command, width=100, height=40):
        self._server = [tool("tmux"), "-S", str(folder / f"tmux-{uuid.uuid4().hex[:8]}")]
        size = ["-x", str(width), "-y", str(height)]
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, *map(str, command))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([*self._server, "kill-server"], check=False, capture_output=True)

    def _tmux(self, *words):
        done = subprocess.run(
            [*self._server, *words], capture_output=True, text=True, check=True, timeout=DEADLINE
        )
        return done.stdout

    def type(self, line):
        self._tmux("send-keys", "-l", line)
        self._tmux("send-keys", "Enter")

    @property
    def text(self):
        return self._tmux("capture-pane", "-p")

    def shows(self, *fragments):
        """Wait until the screen has all of these; give it."""
        return self.becomes(lambda text: all(fragment in text for fragment in fragments))

    def becomes(self, wanted):
        """Wait until the screen is as wanted; give it."""
        end = time.monotonic() + DEADLINE
        while not wanted(text := self.text):
            assert time.monotonic() < end, text
            time.sleep(0.05)
        return text
