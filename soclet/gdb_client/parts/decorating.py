"""The lines of frames in a backtrace that gdb itself shows wrongly.

gdb takes the pc of every frame but the innermost for where a call returns to, and shows the line
of the instruction before. Interrupted code has not made a call: it goes on at pc. And where gdb
itself has called a function, there is no line at all.
"""

from collections.abc import Callable, Iterable, Iterator

from soclet.gdb_client import api as gdb

_NAME = "soclet"
_PRIORITY = 100


class _Interrupted(gdb.FrameDecorator.FrameDecorator):
    """An interrupted frame, as the backtrace is to show it."""

    def __init__(self, frame: gdb.FrameDecorator.FrameDecorator) -> None:
        super().__init__(frame)
        self._pc = frame.inferior_frame().pc()

    def function(self) -> str | int | None:
        """Give the function's name."""
        block = gdb.block_for_pc(self._pc)
        while block is not None and block.function is None:
            block = block.superblock
        return self._pc if block is None or block.function is None else block.function.name

    def filename(self) -> str | None:
        """Give the source file's name."""
        symtab = gdb.find_pc_line(self._pc).symtab
        return None if symtab is None else symtab.filename

    def line(self) -> int | None:
        """Give the line's number."""
        return gdb.find_pc_line(self._pc).line or None


class _Gdb(gdb.FrameDecorator.FrameDecorator):
    """The frame that stands for gdb, below a function that it has called."""

    def filename(self) -> None:
        """Give the source file's name: there is none."""

    def line(self) -> None:
        """Give the line's number: there is none."""


class Filter:
    """Tells gdb which frames of a backtrace are interrupted ones, and which one is gdb's own."""

    def __init__(self, is_interrupted: Callable[[int, int], bool]) -> None:
        self.name = _NAME
        self.priority = _PRIORITY
        self.enabled = True
        self._is_interrupted = is_interrupted

    def filter(
        self, frames: Iterable[gdb.FrameDecorator.FrameDecorator]
    ) -> Iterator[gdb.FrameDecorator.FrameDecorator]:
        """Give the frames, those decorated that gdb would show wrongly."""
        for frame in frames:
            inner = frame.inferior_frame()
            if inner.type() == gdb.DUMMY_FRAME:
                yield _Gdb(frame)
            elif inner.level() and self._is_interrupted(inner.pc(), int(inner.read_register("sp"))):
                yield _Interrupted(frame)
            else:
                yield frame


def install_decorating(is_interrupted: Callable[[int, int], bool]) -> None:
    """Have gdb use it, in place of an earlier load's."""
    gdb.frame_filters[_NAME] = Filter(is_interrupted)
