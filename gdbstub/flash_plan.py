"""What a client means to flash, collected from `vFlashErase` to `vFlashDone`.

Knows the rules that the GDB manual gives for the order of these packets; must not know packets,
nor what flashing does. A plan holds no more bytes than the regions of the target do.
"""

from gdbstub.target import Flash, FlashWrite, TargetError


class NotFlashError(TargetError):
    """The address is not one of flash memory, which a client is told as `E.memtype`."""


class FlashPlan:
    """Checks each request against the target's regions and keeps it."""

    def __init__(self, target: Flash) -> None:
        self._target = target
        self._erased: list[range] = []
        self._writes: list[tuple[int, bytearray]] = []

    def erase(self, start: int, length: int) -> None:
        """Add a whole number of blocks within one region. Raises TargetError."""
        block = self._target.flash_block_size
        self._check_region(start, length)
        if start % block or length % block:
            raise TargetError(
                f"flash is erased in whole blocks of {block:#x} bytes: "
                f"{start:#x} and {length:#x} must be multiples of that"
            )
        if not self._is_erased(start, start + length):
            self._erased.append(range(start, start + length))

    def write(self, start: int, data: bytes) -> None:
        """Add bytes in ascending order, where something was erased. Raises TargetError."""
        stop = start + len(data)
        self._check_region(start, len(data))
        if not self._is_erased(start, stop):
            raise TargetError(f"flash at {start:#x} is written without being erased before")
        begin, written = self._writes[-1] if self._writes else (start, bytearray())
        if start < begin + len(written):
            raise TargetError(
                f"flash at {start:#x} is written out of order: "
                f"{begin + len(written):#x} or above is to come next"
            )
        if self._writes and start == begin + len(written):
            written += data
        else:
            self._writes.append((start, bytearray(data)))

    def commit(self) -> None:
        """Give it all to the target at once. Raises TargetError."""
        writes = tuple(FlashWrite(start, bytes(data)) for start, data in self._writes)
        self._target.flash(tuple(self._erased), writes)

    def _check_region(self, start: int, length: int) -> None:
        if length == 0:
            raise TargetError("nothing is to be flashed")
        if not any(
            region.start <= start and start + length <= region.stop
            for region in self._target.flash_regions
        ):
            raise NotFlashError(f"{length:#x} bytes at {start:#x} are not within flash memory")

    def _is_erased(self, at: int, stop: int) -> bool:
        """Whether the erased ranges, which may adjoin, cover everything up to `stop`."""
        for span in sorted(self._erased, key=lambda each: each.start):
            if span.start <= at < span.stop:
                at = span.stop
        return at >= stop
