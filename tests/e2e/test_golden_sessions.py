"""The golden sessions: whole conversations with the real gdb, compared line by line.

They lie in the folder `golden`, whose README says how to write them anew.
"""

import shutil
import sys
import time
from pathlib import Path

import golden
import pytest
from documents import Gdb, Machine
from running import DEMOS
from scripted import Screen, write_script

from soclet.gdb_client import debugger
from toolchain.assembler import assemble
from toolchain.writers import write_image

FOLDER = Path(__file__).parent / "golden"
SCREENS = FOLDER / "screens.txt"
SESSIONS = sorted(set(FOLDER.glob("*.txt")) - {SCREENS})
LEAST_COMMANDS = 60


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with the sources and the images, to be in."""
    for source in FOLDER.glob("*.s"):
        shutil.copy(source, tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("farm", "overrun"):
        write_image(assemble(f"{name}.s"), Path(f"{name}.elf"))
    write_image(assemble(DEMOS / "processes" / "processes.s"), Path("processes.elf"))
    return tmp_path


class Conversation:
    """gdb on a machine, begun as `soclet gdb` begins it."""

    def __init__(self, first, workplace):
        image, *options = golden.options_of(first)
        self._workplace = workplace
        self._machine = Machine("run", image, "--gdb", "0", "-S", *options, cwd=workplace)
        self._port = self._machine.listening("gdb")
        self._gdb = None
        words = debugger.command(
            "gdb-multiarch",
            script=write_script(workplace),
            address=f"127.0.0.1:{self._port}",
            symbols=image,
            arguments=(),
        )
        try:
            self._gdb = Gdb(*words[1:], cwd=workplace)
        except BaseException:
            self.close()
            raise

    def close(self):
        if self._gdb is not None:
            self._gdb.close()
        self._machine.close()

    def hear(self, turn):
        """Have a turn's command typed, unless it is the first; give what is shown."""
        if not turn.command.startswith("soclet gdb "):
            self._gdb.type(turn.command.replace("PORT", self._port))
        for line in turn.typed:
            if line == "Ctrl-C":
                self._gdb.says("Continuing")
                end, *rest = self._lines(self._gdb.ask("Ctrl-C"))
                return [f"Continuing{end}", *rest]
            self._gdb.says(">")
            self._gdb.type(line)
        return self._lines(self._gdb.answer())

    def _lines(self, lines):
        """Lines without what is another one each time."""
        plain = (line.replace(f":{self._port}", ":PORT") for line in lines)
        return [line.replace(str(self._workplace), "FOLDER") for line in plain]


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_a_session_is_what_its_file_says(path, workplace, request):
    turns = golden.read(path)
    heard = []
    conversation = Conversation(turns[0], workplace)
    try:
        for turn in turns:
            real = conversation.hear(turn)
            heard.append(turn.answered(real, golden.same_answer))
    finally:
        conversation.close()
    if request.config.getoption("--rewrite-golden"):
        path.write_text(golden.text_of(heard), encoding="utf-8")
    else:
        assert golden.text_of(heard) == golden.text_of(turns)


def test_the_full_screen_mode_shows_what_its_file_says(workplace, request):
    rewrite = request.config.getoption("--rewrite-golden")
    turns = golden.read(SCREENS, golden.INDENT)
    heard = []
    image, *options = golden.options_of(turns[0])
    quiet = ["-nx", "-iex", "set debuginfod enabled off"]
    words = [sys.executable, "-P", "-m", "soclet", "gdb", image, *options, "--", *quiet]
    with Screen(workplace, *words, width=80, height=30) as screen:
        for turn in turns:
            if heard:
                screen.type(turn.command)
            text = settled(screen) if rewrite else awaited(screen, turn.shown)
            heard.append(turn.answered(text.rstrip().splitlines(), golden.same_screen))
    if rewrite:
        SCREENS.write_text(golden.text_of(heard, golden.INDENT), encoding="utf-8")


def awaited(screen, shown):
    """Wait until a screen is as the file shows it."""
    return screen.becomes(lambda text: golden.same_screen(shown, text.splitlines()))


def settled(screen):
    """Wait until a screen has not changed for a while: only for writing it down."""
    text, since = "", time.monotonic()
    while time.monotonic() - since < 2:
        if screen.text != text:
            text, since = screen.text, time.monotonic()
        time.sleep(0.1)
    return text


def test_the_sessions_hold_enough_different_commands():
    turns = [turn for path in (*SESSIONS, SCREENS) for turn in golden.read(path)[1:]]
    names = {turn.name for turn in turns if not turn.is_comment}
    assert len(names) >= LEAST_COMMANDS, sorted(names)
