"""Programs run with recorders observing them."""

from machine.machine import Machine
from soclet.source_map import SourceMap
from toolchain.assembler import assemble
from toolchain.images import load_image

OFF = "\n        mov r0, 0x20\n        mov [r0], r0\n"


class Loaded:
    """A machine before a program, and the map of it."""

    def __init__(self, text, **options):
        self.program = assemble("main.s", text)
        self.image = self.program.image()
        self._begin(**options)

    @classmethod
    def file(cls, path, **options):
        loaded = cls.__new__(cls)
        loaded.image = load_image(path)
        loaded._begin(**options)
        return loaded

    def _begin(self, **options):
        self.machine = Machine(1 << 20, **options)
        self.machine.flash((part.address, part.data) for part in self.image.segments)
        self.places = SourceMap(self.machine, self.image)

    def address(self, name):
        return next(symbol.address for symbol in self.image.symbols if symbol.name == name)
