"""A gdb that is not there: enough of its Python module for the script to be loaded."""

from types import ModuleType, SimpleNamespace

from isa_spec.registers import REGISTERS


class GdbError(RuntimeError):
    """What gdb raises."""


class Registers:
    def __init__(self, names):
        self._names = names

    def find(self, name):
        return name if name in self._names else None


class Architecture:
    def __init__(self, names):
        self._names = names

    def registers(self):
        return Registers(self._names)


SOCLET = Architecture({register.name for register in REGISTERS})
ARM = Architecture({"r0", "sp", "lr", "pc", "cpsr"})


class Registry:
    """One of gdb.events."""

    def __init__(self):
        self.handlers = []

    def connect(self, handler):
        self.handlers.append(handler)

    def disconnect(self, handler):
        self.handlers.remove(handler)


class FakeGdb(ModuleType):
    """gdb's module. `answers`: what its commands print; `commands`: those that it was given."""

    def __init__(self):
        super().__init__("gdb")
        self.architecture = SOCLET
        self.pid = 1
        self.symbols = {}
        self.answers = {}
        self.commands = []
        self.defined = {}
        self.written = []
        self.error = GdbError
        self.GdbError = type("GdbError", (Exception,), {})
        self.MemoryError = type("MemoryError", (GdbError,), {})
        self.COMMAND_DATA = self.COMPLETE_NONE = self.COMPLETE_EXPRESSION = 0
        self.TYPE_CODE_FUNC = 7
        names = ("register_changed", "memory_changed", "cont", "stop", "new_objfile")
        self.events = SimpleNamespace(**{name: Registry() for name in names})
        self.disassembler = ModuleType("gdb.disassembler")
        self.disassembler.Disassembler = type("Disassembler", (), {"__init__": lambda *_: None})
        self.disassembler.DisassemblerResult = lambda length, string: (length, string)
        self.disassembler.register_disassembler = self._register_disassembler
        self.unwinder = ModuleType("gdb.unwinder")
        self.unwinder.Unwinder = type("Unwinder", (), {"__init__": lambda *_: None})
        self.unwinder.register_unwinder = self._register_unwinder
        self.FrameDecorator = ModuleType("gdb.FrameDecorator")
        self.FrameDecorator.FrameDecorator = type("FrameDecorator", (), {})
        self.frame_filters = {}
        fake = self

        class Command:
            def __init__(self, name, *_rest, **_options):
                fake.defined[name] = self

            def dont_repeat(self):
                pass

        self.Command = Command

    def _register_disassembler(self, disassembler):
        self.shows = disassembler

    def _register_unwinder(self, _locus, unwinder, *, replace):
        assert replace
        self.unwinds = unwinder

    def selected_inferior(self):
        return SimpleNamespace(pid=self.pid, architecture=lambda: self.architecture)

    def execute(self, command, **_options):
        self.commands.append(command)
        answer = self.answers.get(command, "")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def write(self, text):
        self.written.append(text)

    def format_address(self, address):
        start = max((at for at in self.symbols if at <= address), default=None)
        if start is None:
            return hex(address)
        offset = f"+{address - start}" if address > start else ""
        return f"{address:#x} <{self.symbols[start]}{offset}>"


def show(gdb, address, code, *, architecture=None, filename=None):
    """Have an instruction shown: (bytes, text), or None where it is left to gdb."""

    def read_memory(length, offset=0):
        if offset + length > len(code):
            raise gdb.MemoryError
        return memoryview(code[offset : offset + length])

    return gdb.shows(
        SimpleNamespace(
            address=address,
            architecture=architecture or gdb.architecture,
            progspace=SimpleNamespace(filename=filename),
            read_memory=read_memory,
        )
    )
