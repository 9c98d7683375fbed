"""A guest at standard input and output, as a process that a test starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import line_guest

CHECKOUT = Path(__file__).parents[2]
HANG = 60
"""Seconds."""


class Process:
    """A guest of line_guest.py."""

    def __init__(self, report):
        self.path = report

    def start(self, *words, shell="", **streams):
        command = [sys.executable, "-W", "error", line_guest.__file__, str(self.path), *words]
        if shell:
            command = ["sh", "-c", f'"$@" {shell}', "sh", *command]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, **streams)
        return self.process

    def end(self):
        """The report, of a process that ended well and had nothing to say."""
        _, told = self.process.communicate(timeout=HANG)
        assert told == b""
        assert self.process.returncode == 0
        return self.report()

    def report(self):
        return json.loads(self.path.read_text())

    def kill(self):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
