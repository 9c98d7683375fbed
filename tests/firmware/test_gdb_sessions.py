"""The debugging session in each README, typed into a real gdb: what it shows is what one sees."""

import os
import re
import shlex
import subprocess
import sys
from contextlib import contextmanager

import pexpect

PROMPT = "(gdb) "
QUIET = ["set pagination off", "set confirm off", "set width 0", "set style enabled off"]


def session_of(readme):
    """Give the commands of a README's session, each with the lines that answer it."""
    (block,) = re.findall(r"```console\n(\(gdb\) .*?)```", readme, re.DOTALL)
    session = []
    for line in block.splitlines():
        if line.startswith(PROMPT):
            session.append((line.removeprefix(PROMPT), []))
        elif line.strip():
            session[-1][1].append(line)
    return session


@contextmanager
def running(demo, image):
    """Run an image as the README says, on a free port; give the port."""
    (line,) = re.findall(r"^soclet run \S+\.elf --gdb 1234 --halt.*$", demo.readme, re.MULTILINE)
    words, _, typed = line.partition(" < ")
    assert typed in ("", f"firmware/{demo.name}/input.txt")
    options = shlex.split(words)[5:]
    command = [sys.executable, "-m", "soclet", "run", str(image), "--gdb", "0", "--halt", *options]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as machine:
        try:
            machine.stdin.write(demo.input)
            machine.stdin.close()
            announced = machine.stderr.readline().decode()
            assert announced.startswith("gdb: listening on 127.0.0.1:"), announced
            yield announced.rpartition(":")[2].strip()
        finally:
            machine.kill()


class Gdb:
    """A gdb on a terminal."""

    def __init__(self, image):
        words = ["-nx", "-q", *(word for line in QUIET for word in ("-ex", line)), str(image)]
        environment = {**os.environ, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        self._child = pexpect.spawn(
            "gdb-multiarch", words, env=environment, echo=False, encoding="utf-8", timeout=60
        )
        self._child.expect_exact(PROMPT)

    def ask(self, command):
        """Type a command; give the lines that it prints, empty ones left out."""
        self._child.sendline(command)
        self._child.expect_exact(PROMPT)
        return [line.rstrip() for line in self._child.before.splitlines() if line.strip()]

    def close(self):
        self._child.close(force=True)


def test_gdb_shows_what_the_readme_says(demo, tmp_path):
    image = tmp_path / f"{demo.name}.elf"
    assemble = [sys.executable, "-m", "soclet", "asm", str(demo.source), "-o", str(image)]
    subprocess.run(assemble, check=True)
    session = session_of(demo.readme)
    assert 3 <= len(session) <= 9
    with running(demo, image) as port:
        gdb = Gdb(image)
        try:
            gdb.ask(f"target remote 127.0.0.1:{port}")
            for command, answer in session:
                assert gdb.ask(command) == answer, command
        finally:
            gdb.close()
