"""Kills runs and flashes with an NVRAM file, and looks at what they leave.

At every system call, before it and after it, and at random moments. The tests do every so many of
the same; a number that something is wrong with is the same there.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Kill runs and flashes at every system call and at random moments; say what is wrong."""
    parser = argparse.ArgumentParser(prog="scripts/kill-nvram", description=main.__doc__)
    parser.add_argument("--moments", type=int, default=1000, help="kills at a moment (1000)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one call in N (1)")
    parser.add_argument("--seed", type=int, default=0, help="of what is random (0)")
    parser.add_argument("--sync", action="store_true", help="with --nvram-sync")
    options = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
    from nvram_kills import Kills, Tally

    wrong = 0
    first = 1 + options.seed % options.every
    with tempfile.TemporaryDirectory() as folder:
        kills = Kills(Path(folder), durable=options.sync)
        numbers = partial(count, first, options.every)
        kinds: list[tuple[str, Callable[[], Tally]]] = [
            ("flashes at calls", lambda: kills.flashes_at_calls(numbers())),
            ("runs at calls", lambda: kills.runs_at_calls(numbers(), options.seed)),
            ("runs at moments", lambda: kills.runs_at_moments(options.moments, options.seed)),
        ]
        for what, kill in kinds:
            began = time.monotonic()
            tally = kill()
            wrong += len(tally.wrong)
            for each in tally.wrong:
                print(each)
            print(
                f"{what}: {tally.kills} kills, {len(tally.wrong)} wrong; {tally.journals} left a "
                f"journal, {tally.announced} counts announced; {time.monotonic() - began:.0f} s",
                flush=True,
            )
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
