"""What stock gdb makes of all this: gdb-multiarch itself, talking to a fake target on a socket."""

import asyncio
import re
from typing import ClassVar

from fake_target import INSTRUCTION, PC, CompleteTarget, FakeTarget
from tools import tool

from gdbstub.agent.expression import AgentFault
from gdbstub.agent.program import BreakpointProgram, fault_sentence
from gdbstub.server import serve
from gdbstub.target import (
    BreakpointKind,
    Continue,
    Exited,
    Reason,
    Step,
    Stop,
    TargetError,
    ThreadAction,
    WatchKind,
)

END = 0x1100
"""Where the program of a `Walker` ends."""
DEADLINE = 120
"""Seconds that only a hang takes."""


class Context:
    """What an agent expression sees of a `Walker`."""

    def __init__(self, target):
        self.target = target

    def register(self, number):
        return self.target.values[number]

    def memory(self, address, size):
        self.target.addresses.append(address)
        try:
            data = self.target.read_memory(address & 0xFFFF_FFFF, size)
            return int.from_bytes(data, "little")
        except TargetError as error:
            raise AgentFault(error.message) from error

    def show(self, text):
        self.target.server.console(text)


class Walker(FakeTarget):
    """A fake target that runs by itself, one instruction after the other, each adding 1 to r1."""

    server = None
    addresses: ClassVar = []

    def resume(self, action):
        if isinstance(action, Continue):
            self.asked.append(action)
            asyncio.get_running_loop().call_soon(self.run)
            return None
        return self.step() or Stop()

    def run(self):
        while not (stop := self.step()):
            pass
        self.server.stopped(stop)

    def step(self):
        self.values[1] += 1
        self.values[PC] += INSTRUCTION
        if self.values[PC] >= END:
            return Exited(0)
        place = (BreakpointKind.SOFTWARE, self.values[PC])
        if place not in self.breakpoints:
            return None
        try:
            stops = self.programs.get(place, BreakpointProgram()).compile()(Context(self))
        except AgentFault as fault:
            return Stop(fault=fault_sentence(self.values[PC], fault))
        return Stop(reason=Reason.SOFTWARE_BREAKPOINT) if stops else None

    def restart(self):
        super().restart()
        self.values[1] = 0


def gdb(target, *commands):
    """All that gdb prints for commands, with `PORT` in them put right."""

    async def run():
        target.server = server = await serve(target)
        try:
            words = [tool("gdb-multiarch"), "-nx", "-batch", "-ex", "set confirm off"]
            for command in ("set pagination off", *commands):
                words += ["-ex", command.replace("PORT", str(server.address[1]))]
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            try:
                output, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
            finally:
                if process.returncode is None:
                    process.kill()
            return output.decode()
        finally:
            await server.close()

    return asyncio.run(run())


def test_a_condition_is_evaluated_by_the_target_alone():
    target = Walker()
    output = gdb(
        target,
        "target remote localhost:PORT",
        "break *0x1010 if $r1 == 5 && *(char *) 0x3000 != 3",
        "break *0x1020 if $r1 - 0x108 < 3 || $r1 > 0x106",
        "break *0x1030",
        "continue",
        "info registers pc",
        "continue",
        "info registers pc",
        "info breakpoints",
        "kill",
    )
    assert "0x1020" in output
    assert output.count("target evals") == 2
    assert output.count("stop only if") == 2
    assert target.asked.count(Continue()) == 2
    assert (
        len([each for each in target.asked if isinstance(each, tuple) and each[0] == "program"])
        == 4
    )


def test_gdb_extends_an_address_with_its_sign():
    target = Walker()
    target.addresses = []
    target.values[2] = 0x8000_0000
    commands = ("break *0x1010 if *(char *) ($r2 + 4) == 5", "continue", "kill")
    output = gdb(target, "target remote localhost:PORT", *commands)
    assert target.addresses == [0xFFFF_FFFF_8000_0004]
    assert "cannot be carried out: nothing is at 0x80000004" in output


def test_a_condition_that_cannot_be_evaluated_stops_and_says_so_once():
    target = Walker()
    target.values[2] = 0
    output = gdb(
        target,
        "target remote localhost:PORT",
        "break *0x1010 if *(int *) $r2 == 5",
        "continue",
        "kill",
    )
    assert (
        "the breakpoint at 0x1010 stops because its condition or command cannot be carried out: "
        "nothing is at 0x0" in output
    )


def test_a_dprintf_is_printed_by_the_target():
    target = Walker()
    target.memory.update(enumerate(b'wor"ld\0', 0x3000))
    output = gdb(
        target,
        "target remote localhost:PORT",
        "set dprintf-style agent",
        r'dprintf *0x1010,"r1=%d hello\t%s %#lx %c%%\n",$r1,(char *) 0x3000,$pc,0x41',
        r'dprintf *0x1020,"again %5d|\n",$r1',
        "continue",
    )
    assert 'r1=261 hello\twor"ld 0x1010 A%\nagain   265|\n[Inferior 1' in output


def test_a_bare_target_remote_reads_the_program_s_file():
    output = gdb(FakeTarget(), "target remote localhost:PORT", "info files", "detach")
    assert "target:/firmware/hello.elf" in output
    assert "does not support" not in output


def test_sections_are_compared_and_bytes_are_found():
    target = FakeTarget()
    target.memory.update(enumerate(b"..needle", 0x2345))
    output = gdb(
        target,
        "target remote localhost:PORT",
        "find 0x1000, +0x8000, 'n', 'e', 'e', 'd', 'l', 'e'",
        "find /w 0x1000, +0x8000, 0x6c646565",
        "find 0x1000, +0x8000, 0x11223344",
        "detach",
    )
    assert "0x2347\n1 pattern found." in output
    assert "0x2348\n1 pattern found." in output
    assert "Pattern not found." in output


def test_in_extended_mode_the_program_is_run_killed_let_go_and_attached_to():
    target = Walker()
    output = gdb(
        target,
        "target extended-remote localhost:PORT",
        *("starti", "info registers pc", "kill"),
        *("starti", "stepi", "detach", "attach 1", "info registers pc", "kill"),
        *("set remote exec-file /bin/sh", "starti"),
        *("set remote exec-file hello.elf", "starti one two", "starti"),
        *("set args", "starti", "kill"),
    )
    assert re.findall(r"pc +(0x\w+)", output) == ["0x1000", "0x1004"]
    assert output.count("[Inferior 1 (Remote target) killed]") == 3
    assert 'Running "/bin/sh" on the remote target failed' in output
    assert output.count('Running "hello.elf" on the remote target failed') == 2
    assert [each for each in target.asked if each in ("restart", "detach", "attach")] == [
        *("attach", "restart", "restart", "detach", "attach", "restart"),
    ]


def test_threads_are_listed_and_looked_at():
    target = CompleteTarget()
    output = gdb(
        target,
        "target remote localhost:PORT",
        "info threads",
        "thread 2",
        "print $r1",
        "set $r1 = 77",
        "print *(char *) 0x3000",
        "thread 1",
        "print $r1",
        "set scheduler-locking step",
        "thread 2",
        "stepi",
        "detach",
    )
    assert re.search(r'Thread 31 "sh <"&">" \(asleep\)', output)
    assert re.search(r'\* 1 +Thread 1 "idle"', output)
    assert re.findall(r"\$\d+ = (\S+)", output) == ["31", "0", "257"]
    assert target.others[31].values[1] == 77
    assert [ThreadAction(Step(), 31)] in target.asked


def test_gdb_goes_backwards_until_there_is_no_more():
    target = CompleteTarget()
    output = gdb(
        target,
        "target remote localhost:PORT",
        *["stepi"] * 3,
        *["reverse-stepi"] * 4,
        "info registers pc",
        "detach",
    )
    assert "No more reverse-execution history" in output
    assert re.findall(r"pc +(0x\w+)", output) == ["0x1000"]


def test_tables_of_a_system_are_shown():
    output = gdb(
        CompleteTarget(), "target remote localhost:PORT", "info os", "info os processes", "detach"
    )
    assert re.search(r"processes +All processes", output)
    assert re.search(r'31 +sh <"&">\?', output)


def test_watchpoints_are_the_target_s():
    target = Walker()
    output = gdb(
        target,
        "target remote localhost:PORT",
        "watch *(int *) 0x3001",
        "rwatch *(char *) 0x3010",
        "awatch *(char (*)[100]) 0x3020",
        "stepi",
        "detach",
    )
    assert "Hardware watchpoint 1" in output
    assert "Hardware read watchpoint 2" in output
    assert "Hardware access (read/write) watchpoint 3" in output
    assert {each[1:] for each in target.asked if each[0] == "watch"} == {
        (WatchKind.WRITE, 0x3001, 4),
        (WatchKind.READ, 0x3010, 1),
        (WatchKind.ACCESS, 0x3020, 100),
    }
    assert target.watchpoints == set()
