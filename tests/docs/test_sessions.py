"""What the documents show is what one sees: their commands are typed, into bash and real gdbs."""

import shlex

import pytest
from documents import DOCUMENTS, matches, words_with_free_ports

WITH_SESSIONS = [
    document
    for document in DOCUMENTS
    if {"console", "gdb"} & {block.language for block in document.blocks}
]


class Sessions:
    """The sessions of one document, from its first block to its last."""

    def __init__(self, shell, new_machine, new_gdb):
        self._shell = shell
        self._new_machine = new_machine
        self._new_gdb = new_gdb
        self._run = None
        self._gdb = None
        self._port = None

    def prepare(self, block):
        """Do what can be done of a `sh` block: build, record, and keep what runs for gdb."""
        for command in block.commands:
            if command.startswith("soclet asm "):
                assert self._shell(command) == [], command
            elif "--capsule" in command:
                self._shell(command)
            elif command.startswith(("soclet run ", "soclet replay ")):
                self._run = command

    def type(self, block):
        """Type a block's commands, and compare the answers."""
        for command, shown in block.turns:
            if command.startswith("gdb-multiarch "):
                real = self._attach(command)
            elif block.language == "gdb":
                real = self._ask(command)
            else:
                real = self._shell(command)
            assert matches(shown, real), (command, real)

    def _attach(self, command):
        machine = self._new_machine(words_with_free_ports(self._run))
        self._port = machine.listening("gdb")
        words = shlex.split(self._with_port(command))[1:]
        self._gdb = self._new_gdb(words)
        return self._as_shown(self._gdb.answer())

    def _ask(self, command):
        return self._as_shown(self._gdb.ask(self._with_port(command)))

    def _with_port(self, command):
        return command.replace(":1234", f":{self._port}")

    def _as_shown(self, lines):
        return [line.replace(f":{self._port}", ":1234") for line in lines]


@pytest.mark.parametrize("document", WITH_SESSIONS, ids=str)
def test_sessions_are_true(document, folder, shell, new_machine, new_gdb):
    sessions = Sessions(shell, new_machine, new_gdb)
    for block in document.blocks:
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            sessions.prepare(block)
        elif block.language == "console" or (block.language == "gdb" and not document.is_readme):
            sessions.type(block)


def test_what_is_left_out_may_be_anything():
    assert matches(["a", "…", "d …"], ["a", "b", "c", "d e"])
    assert matches(["…"], [])
    assert not matches(["a", "…"], ["b"])
    assert not matches([], ["a"])
