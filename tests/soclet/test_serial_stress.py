"""A whole machine's serial line under clients of all habits: not a byte amiss, and memory level.

In CI each line carries a little; all of it with
`pytest tests/soclet/test_serial_stress.py --serial-megabytes 100 --timeout 0 -rP`.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import guests
import pytest
from running import Running, build
from serial_stress import Console, Stress, descriptors_of, guest_text, resident

SEED = 1
MIB = 1 << 20
MOST_GROWTH = 2 * MIB
"""What a process may still grow after the first quarter: no more for 100 MB than for a little."""

MOST_WARM_UP = 16 * MIB
"""What a process may grow in its first seconds, when faster engines take over."""

HISTORY = 4
"""Mebibytes of the past that a debugger is to have."""


@dataclass(frozen=True)
class Case:
    serial: str
    more: tuple[str, ...] = ()
    may_grow: int = MOST_GROWTH


CASES = {
    "tcp": Case("tcp:0"),
    "telnet": Case("telnet:0"),
    "unix": Case("unix:{folder}/console"),
    "pty": Case("pty"),
    "debuggers-port": Case(
        "tcp:0", ("--gdb", "0", "--history", f"{HISTORY}M"), MOST_GROWTH + 2 * HISTORY * MIB
    ),
}


@pytest.fixture
def size(request):
    """Bytes that go each way."""
    return int(request.config.getoption("--serial-megabytes") * 1_000_000)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_not_a_byte_is_amiss_either_way_and_memory_and_descriptors_stay_level(case, size, tmp_path):
    image = build(tmp_path / "guest.elf", guest_text(size))
    serial = case.serial.format(folder=tmp_path)
    with Running("run", image, "--serial", serial, *case.more) as run:
        where = run.said(r"serial: (?:listening on|pty) (.+)")[1]
        before = descriptors_of(run.process.pid)
        stress = Stress(where, size, SEED, run.process.pid, telnet=serial.startswith("telnet:"))
        began = time.monotonic()
        stress.run()
        assert stress.most_descriptors <= before + 2
        assert run.wait().status == 0, "a byte was amiss on the way in"
        print(f"{serial}: {stress.figures(time.monotonic() - began)}")
    assert stress.growth <= case.may_grow


SENDS_FOR_EVER = f"""{guests.PORTS}
        mov r1, TX
        mov r2, STATUS
        mov r3, 0
        mov r4, 1
space:  mov r5, [r2]
        condbr r5 < 2, space
        mov [r1], r3
        add r3, r4
        mov pc, space
"""


@pytest.mark.parametrize("kind", ["tcp", "unix", "pty"])
def test_a_machine_whose_client_takes_nothing_stands_still_and_takes_no_memory(
    kind, guest, tmp_path
):
    image, serial = guest(SENDS_FOR_EVER), CASES[kind].serial.format(folder=tmp_path)
    with Running("run", image, "--serial", serial) as run:
        where = run.said(r"serial: (?:listening on|pty) (.+)")[1]
        console = Console(where, 4096)
        first = first_byte(console)
        before = resident(run.process.pid)
        stand_still(run.process.pid)
        assert resident(run.process.pid) - before <= MOST_WARM_UP
        shown = first
        while len(shown) < 300_000:
            console.wait(to_give=False)
            shown += console.take(65_536)
        assert shown in bytes(range(256)) * (len(shown) // 256 + 2)
        console.leave(abruptly=True)


def first_byte(console):
    """Wait for the first byte, after which the rest waits for the client."""
    while not (byte := console.take(1)):
        console.wait(to_give=False)
    return byte


def stand_still(pid):
    """Wait until a process has taken no processor time for a while."""
    idle, taken = 0, processor_ticks(pid)
    while idle < 30:
        time.sleep(0.02)
        before, taken = taken, processor_ticks(pid)
        idle = idle + 1 if taken == before else 0


def processor_ticks(pid):
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return int(user) + int(system)
