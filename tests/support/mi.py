"""gdb's machine interface, as an editor's adapter uses it (GDB manual: The GDB/MI Interface)."""

import json
import os
import re
import select
import subprocess

from documents import DEADLINE
from tools import tool


class Mi:
    """A gdb that is told MI commands. What it says unasked is passed over, but for stops."""

    def __init__(self, path, cwd):
        self._process = subprocess.Popen(
            [tool(path), "-nx", "--interpreter=mi2"],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._unread = b""
        self._stops = []
        self._token = 0

    def ask(self, command):
        """Give what follows `^done,` (or `^running`, `^connected`) in the answer."""
        self._token += 1
        self._process.stdin.write(f"{self._token}{command}\n".encode())
        self._process.stdin.flush()
        pattern = rf"{self._token}\^(done|running|connected|exit|error)(?:,(.*))?"
        while not (answer := re.fullmatch(pattern, self._line())):
            pass
        assert answer[1] != "error", (command, answer[2])
        return answer[2] or ""

    def console(self, command):
        """Carry out a command of gdb's command line, as an adapter does."""
        return self.ask(f"-interpreter-exec console {json.dumps(command)}")

    def stopped(self):
        """Wait for the program to stop; give how and where."""
        while not self._stops:
            self._line()
        return self._stops.pop(0)

    def resume(self, command):
        """Have the program go on, and wait for it to stop; give how and where."""
        self.ask(command)
        return self.stopped()

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def _line(self):
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self._process.stdout], [], [], DEADLINE)
            assert ready, f"nothing has come; there was {self._unread!r}"
            data = os.read(self._process.stdout.fileno(), 65536)
            assert data, "gdb has ended"
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        text = line.decode().rstrip()
        if text.startswith("*stopped,"):
            self._stops.append(text.removeprefix("*stopped,"))
        return text
