"""A target for the tests of gdbstub: an endless row of four-byte instructions, and no machine.

It writes down what it was asked to do, so that a test can say what must have reached it. It runs
only as far as a test tells it to: `resume` with a `Continue` gives None, unless a breakpoint lies
within `reach` of pc.
"""

from dataclasses import dataclass, field

from gdbstub.agent.program import BreakpointProgram
from gdbstub.target import (
    BreakpointKind,
    Continue,
    Killed,
    OsTable,
    RangeStep,
    Reason,
    Register,
    Signal,
    Step,
    Stop,
    TargetError,
    ThreadInfo,
)

FEATURES = (
    b"PacketSize=4000;BreakpointCommands+;ConditionalBreakpoints+;QStartNoAckMode+;"
    b"binary-upload+;error-message+;hwbreak+;qXfer:exec-file:read+;qXfer:features:read+;"
    b"qXfer:memory-map:read+;swbreak+;vContSupported+"
)
"""What a `FakeTarget` has advertised for it."""

INSTRUCTION = 4
RAM = range(0x1000, 0x1_1000)
FLASH = range(0x2000, 0x6000)

ELF = b"\x7fELF#$}*" + bytes(range(256)) * 200
SOURCE = b"start: halt\n"

ARM_XML = """<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>arm</architecture>
<osabi>none</osabi>
<feature name="org.gnu.gdb.arm.core">
{core}
</feature>
</target>
"""

NAMES = [*(f"r{n}" for n in range(13)), "sp", "lr", "pc", "cpsr"]
PC = NAMES.index("pc")
CPSR = NAMES.index("cpsr")
TYPES = {"sp": ' type="data_ptr"', "pc": ' type="code_ptr"'}


@dataclass
class PlainTarget:
    """A target with no ability at all beyond the Target protocol."""

    byte_order: str = "little"
    running: bool = False
    stop: object = field(default_factory=lambda: Stop(Signal.TRAP))
    asked: list = field(default_factory=list)
    values: dict = field(default_factory=lambda: {n: 0x100 + n for n in range(len(NAMES))})
    memory: dict = field(default_factory=dict)
    breakpoints: set = field(default_factory=set)
    programs: dict = field(default_factory=dict)
    watchpoints: set = field(default_factory=set)
    reach: int = 0
    answer: object = None

    def __post_init__(self):
        self.values[PC] = 0x1000
        self.values[CPSR] = 0

    @property
    def registers(self):
        return [Register(name, 32, expedite=name in ("sp", "lr", "pc")) for name in NAMES]

    def attach(self):
        self.asked.append("attach")
        self.running = False

    def detach(self):
        self.asked.append("detach")
        self.running = True

    def abandon(self):
        self.asked.append("abandon")

    def read_register(self, number):
        return self.values[number]

    def write_register(self, number, value):
        if number == CPSR:
            raise TargetError("cpsr is constant")
        self.asked.append(("register", number, value))
        self.values[number] = value

    def read_memory(self, address, length):
        if address not in RAM:
            raise TargetError(f"nothing is at {address:#x}", 14)
        stop = min(address + length, RAM.stop)
        data = bytearray(stop - address)
        for at, value in self.memory.items():
            if address <= at < stop:
                data[at - address] = value
        return bytes(data)

    def write_memory(self, address, data):
        if address not in RAM or address + len(data) > RAM.stop:
            raise TargetError(f"nothing is at {address:#x}", 14)
        self.asked.append(("memory", address, data))
        self.memory.update(enumerate(data, address))

    def resume(self, action):
        start = action.end if isinstance(action, RangeStep) else action.address
        if start is not None and start >= 2**32:
            raise TargetError(f"{start:#x} is no address", 14)
        self.asked.append(action)
        if self.answer is not None:
            answer, self.answer = self.answer, None
            return answer
        if isinstance(action, RangeStep):
            self.values[PC] = action.end
            return Stop(Signal.TRAP)
        if action.address is not None:
            self.values[PC] = action.address
        if isinstance(action, Step):
            self.values[PC] = (self.values[PC] + INSTRUCTION) % 2**32
            return Stop(Signal.TRAP)
        assert isinstance(action, Continue)
        for at in range(self.values[PC], self.values[PC] + self.reach, INSTRUCTION):
            if (BreakpointKind.SOFTWARE, at) in self.breakpoints:
                self.values[PC] = at
                return Stop(Signal.TRAP, Reason.SOFTWARE_BREAKPOINT)
        self.running = True
        return None

    def interrupt(self):
        self.asked.append("interrupt")
        self.running = False
        return Stop(Signal.INT)


@dataclass
class FakeTarget(PlainTarget):
    """A target with all that a board without an operating system can do."""

    @property
    def target_xml(self):
        core = "\n".join(
            f'<reg name="{name}" bitsize="32"{TYPES.get(name, "")}/>' for name in NAMES
        )
        return ARM_XML.format(core=core)

    @property
    def memory_map_xml(self):
        return '<memory-map><memory type="ram" start="0x0" length="0x100000000"/></memory-map>'

    def set_breakpoint(self, kind, address):
        if address not in RAM:
            raise TargetError(f"nothing is at {address:#x}", 14)
        self.asked.append(("set", kind, address))
        self.breakpoints.add((kind, address))

    def clear_breakpoint(self, kind, address):
        self.asked.append(("clear", kind, address))
        self.breakpoints.remove((kind, address))
        self.programs.pop((kind, address), None)

    def set_breakpoint_program(self, kind, address, program):
        if address not in RAM:
            raise TargetError(f"nothing is at {address:#x}", 14)
        self.asked.append(("program", kind, address, program))
        self.breakpoints.add((kind, address))
        self.programs[kind, address] = program

    def set_watchpoint(self, kind, address, length):
        if address not in RAM or address + length > RAM.stop:
            raise TargetError(f"nothing is at {address:#x}", 14)
        self.asked.append(("watch", kind, address, length))
        self.watchpoints.add((kind, address, length))

    def clear_watchpoint(self, kind, address, length):
        self.asked.append(("unwatch", kind, address, length))
        self.watchpoints.remove((kind, address, length))

    @property
    def flash_regions(self):
        return [FLASH]

    @property
    def flash_block_size(self):
        return 0x1000

    def flash(self, erased, writes):
        self.asked.append(("flash", erased, writes))

    def monitor(self, command):
        if command == "fail":
            raise TargetError('unknown command "fail"; "monitor help" lists them')
        return None if command == "dig" else f"did {command}\n"

    def give_up(self):
        self.asked.append("give up")

    def kill(self, *, stay):
        self.asked.append(("kill", stay))
        self.stop = Killed(Signal.KILL)

    def restart(self):
        self.asked.append("restart")
        self.stop = Stop(Signal.TRAP)
        self.values[PC] = 0x1000

    def exited(self, *, stay):
        self.asked.append(("exited", stay))

    @property
    def exec_file(self):
        return "/firmware/hello.elf"

    def file(self, name):
        return {self.exec_file: ELF, "/firmware/hello.s": SOURCE}.get(name)


@dataclass
class CompleteTarget(FakeTarget):
    """A target with every ability that there is: threads, a past, tables of a system.

    Each thread has registers and memory of its own; the first one's are the target's.
    """

    current: int = 1
    infos: list = field(
        default_factory=lambda: [
            ThreadInfo(1, "idle"),
            ThreadInfo(0x1F, 'sh <"&">', "asleep"),
            ThreadInfo(3),
        ]
    )
    others: dict = field(default_factory=dict)
    points_for: list = field(default_factory=list)

    def of(self, thread):
        if all(thread != each.id for each in self.infos):
            raise TargetError(f"thread {thread} has ended", 3)
        if thread == self.current:
            return self
        if thread not in self.others:
            self.others[thread] = PlainTarget(asked=self.asked)
            self.others[thread].values[1] = thread
        return self.others[thread]

    def current_thread(self):
        return self.current

    def threads(self):
        return self.infos

    def read_thread_register(self, thread, number):
        return self.of(thread).read_register(number)

    def write_thread_register(self, thread, number, value):
        self.of(thread).write_register(number, value)

    def read_thread_memory(self, thread, address, length):
        return self.of(thread).read_memory(address, length)

    def write_thread_memory(self, thread, address, data):
        self.of(thread).write_memory(address, data)

    def set_thread_breakpoint(self, thread, kind, address, program):
        self.points_for.append(thread)
        if program == BreakpointProgram():
            self.set_breakpoint(kind, address)
        else:
            self.set_breakpoint_program(kind, address, program)

    def set_thread_watchpoint(self, thread, kind, address, length):
        self.points_for.append(thread)
        self.set_watchpoint(kind, address, length)

    def resume_threads(self, actions):
        self.asked.append(list(actions))
        return self.resume(next(each.action for each in actions if each.action is not None))

    def reverse_step(self):
        self.asked.append("reverse step")
        if self.values[PC] == 0x1000:
            return Stop(reason=Reason.HISTORY_BEGIN)
        self.values[PC] = (self.values[PC] - INSTRUCTION) % 2**32
        return Stop()

    def reverse_continue(self):
        self.asked.append("reverse continue")
        if self.answer is not None:
            answer, self.answer = self.answer, None
            return answer
        self.running = True
        return None

    def os_tables(self):
        rows = (("1", "idle"), ("31", 'sh <"&">\n'))
        return [
            OsTable("processes", "Processes", "All processes", ("pid", "command"), rows),
            OsTable("nothing", "Nothing", "An empty table", ("a",), ()),
        ]
