"""The documents as the tests see them: their fenced blocks, and machines and gdb to try them on.

What a fence's language says:

- `console`: commands after `$ `, each followed by what it prints. They are run, one after the
  other, in one folder per document.
- `sh`: commands for people to type, which stay running, ask questions, or take long. They are
  only read; where a gdb session follows, its machine is started by the `soclet run` in them.
- `gdb`: a session with a real gdb on that machine, and what it prints.
- `asm` and `python`: a file; its first line is a comment that begins with its name.
- `text`: anything else.

A line `…` stands for any lines, `…` within a line for any text.
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pexpect

ROOT = Path(__file__).resolve().parents[2]
PROMPT = "(gdb) "
DEADLINE = 20
"""Seconds that only a hang takes."""

_FENCE = re.compile(r"^```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"\$ |\(gdb\) ")
_FILE = re.compile(r"^(?:;|#|\"\"\") ?([\w./-]+\.(?:s|py))\b")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    language: str
    text: str

    @property
    def file(self):
        """The name of the file that it is, if it is one."""
        match = _FILE.match(self.text)
        return match[1] if match else None

    @property
    def turns(self):
        """What is typed after each prompt, with the lines that answer it.

        Lines before the first prompt answer what an earlier block has typed: nothing, here.
        """
        turns = [("", [])]
        for line in self.text.splitlines():
            prompt = _PROMPT.match(line)
            if prompt:
                turns.append((line[prompt.end() :], []))
            elif line.strip():
                turns[-1][1].append(line.rstrip())
        return turns if turns[0][1] else turns[1:]

    @property
    def commands(self):
        """The command lines in it, those that go on in the next line joined."""
        joined = self.text.replace("\\\n", " ")
        lines = joined.splitlines()
        if self.language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [line for line in lines if line.strip()]


@dataclass(frozen=True)
class Document:
    """A page of the documentation."""

    path: Path

    def __str__(self):
        return str(self.path.relative_to(ROOT))

    @property
    def is_readme(self):
        return self.path.name == "README.md"

    @property
    def text(self):
        return self.path.read_text(encoding="utf-8")

    @property
    def blocks(self):
        return [Block(language, text) for language, text in _FENCE.findall(self.text)]

    @property
    def prose(self):
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)


DOCUMENTS = [
    Document(path)
    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
]


def matches(shown, real):
    """Tell whether lines are what a document shows, `…` standing for anything."""
    text = "\n".join(line.expandtabs().rstrip() for line in real if line.strip())
    parts = []
    for line in shown:
        if line.strip() == "…":
            parts.append(r"(?:.*\n)*?")
        else:
            words = line.expandtabs().split("…")
            parts.append(".*".join(re.escape(word) for word in words) + "\n")
    return re.fullmatch("".join(parts), text + "\n" if text else "") is not None


class Gdb:
    """A gdb on a terminal, without anybody's settings."""

    _QUIET = (
        "set pagination off",
        "set confirm off",
        "set width 0",
        "set style enabled off",
        "set debuginfod enabled off",
    )

    def __init__(self, *words, cwd):
        quiet = [word for line in self._QUIET for word in ("-iex", line)]
        environment = {**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        self._child = pexpect.spawn(
            "gdb-multiarch",
            ["-nx", "-q", *quiet, *words],
            cwd=str(cwd),
            env=environment,
            echo=False,
            encoding="utf-8",
            timeout=DEADLINE,
        )
        self._child.delaybeforesend = None

    def answer(self):
        """Give what is printed up to the next prompt."""
        self._child.expect_exact(PROMPT)
        return [line.rstrip() for line in self._child.before.splitlines() if line.strip()]

    def type(self, command):
        """Type a command; `answer` waits for what it prints. `Ctrl-C` is the key."""
        if command == "Ctrl-C":
            self._child.sendintr()
        else:
            self._child.sendline(command)

    def ask(self, command):
        self.type(command)
        return self.answer()

    def says(self, text):
        """Wait for a text, without a prompt after it."""
        self._child.expect_exact(text)

    def close(self):
        self._child.close(force=True)


class Machine:
    """A `soclet run` beside the test, killed at the end; its ports are free ones."""

    def __init__(self, *words, cwd):
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "soclet", *words],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.ports = {}

    def listening(self, kind):
        """Wait for a listener's line, `gdb` or `serial`; give its port."""
        while kind not in self.ports:
            line = self._process.stderr.readline().decode()
            match = re.fullmatch(r"(gdb|serial): listening on 127\.0\.0\.1:(\d+)\n", line)
            assert match, line
            self.ports[match[1]] = match[2]
        return self.ports[kind]

    def end(self):
        """Wait for the end; give the exit status and what was printed."""
        output, errors = self._process.communicate(timeout=DEADLINE)
        return self._process.returncode, output.decode(), errors.decode()

    def close(self):
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            pipe.close()


def words_with_free_ports(command):
    """Give the words of a `soclet run …` or `soclet replay …`, with 0 for every port."""
    words = shlex.split(command)
    assert words[:2] in (["soclet", "run"], ["soclet", "replay"]), command
    words = [re.sub(r"^tcp:\d+$", "tcp:0", word) for word in words[1:]]
    for at, word in enumerate(words):
        if word == "--gdb":
            words[at + 1] = "0"
        elif word in ("-s", "-sS"):
            words[at : at + 1] = ["--gdb", "0", *(["--halt"] if "S" in word else [])]
    return words
