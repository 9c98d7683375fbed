"""A process with a guest on its standard input and output: it gives back what it is given.

Run as a script, with the path of a report and the words below.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from soclet.lines.line import open_line


class Guest:
    """Works as a session does: looks at `ready`, takes a portion, has the line send it back."""

    def __init__(self, options):
        self.options = options
        self.line = None
        self.queue = bytearray()
        self.report = {
            "heard": 0,
            "most_waiting": 0,
            "starved": 0,
            "slices": 0,
            "slices_before_end": 0,
            "ended": 0,
        }
        self.kicked = asyncio.Event()

    @property
    def input_waiting(self):
        return len(self.queue)

    def received(self, data):
        self.queue += data
        self.report["heard"] += len(data)
        self.report["most_waiting"] = max(self.report["most_waiting"], len(self.queue))
        self.line.hold_input(len(self.queue) > 65_536)
        self.kicked.set()

    def ready_changed(self):
        self.kicked.set()

    def end_requested(self):
        self.report["ended"] += 1
        self.kicked.set()

    async def run(self):
        self.line = await open_line("stdio", self, allow_remote=False)
        self.line.write(self.options.say.encode() * self.options.times)
        try:
            while not self.over():
                self.kicked.clear()
                if self.line.ready and (self.queue or not self.line.interactive):
                    self.slice()
                    await asyncio.sleep(0)
                elif self.line.live or not self.line.ready:
                    await self.kicked.wait()
            if not self.options.impatient:
                await self.line.finish()
            self.report["interactive"] = self.line.interactive
        finally:
            if not self.options.careless:
                self.line.close()

    def over(self):
        if self.options.until_not_live and self.report["slices"] and not self.line.live:
            return True
        if self.options.slices and self.report["slices"] >= self.options.slices:
            return True
        return self.report["ended"] or not (self.line.live or self.queue)

    def slice(self):
        portion = bytes(self.queue[: self.options.portion])
        del self.queue[: len(portion)]
        self.report["slices"] += 1
        if not self.line.interactive and self.line._input is not None:
            self.report["slices_before_end"] += 1
            self.report["starved"] += len(portion) < self.options.portion
        if b"crash" in portion:
            raise SystemExit("the guest crashed")
        if portion and not self.options.quiet:
            self.line.write(portion)
        self.line.hold_input(len(self.queue) > 65_536)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("report", type=Path)
    words.add_argument("--portion", type=int, default=131_072)
    words.add_argument("--slices", type=int, default=0)
    words.add_argument("--say", default="")
    words.add_argument("--times", type=int, default=1)
    words.add_argument("--quiet", action="store_true")
    words.add_argument("--impatient", action="store_true")
    words.add_argument("--until-not-live", action="store_true")
    words.add_argument("--careless", action="store_true")
    guest = Guest(words.parse_args())
    try:
        asyncio.run(guest.run())
    finally:
        guest.options.report.write_text(json.dumps(guest.report))


if __name__ == "__main__":
    sys.exit(main())
