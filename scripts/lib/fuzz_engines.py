"""Runs random programs on the engines in lockstep, by seed, and shrinks what they disagree on.

The tests run the first seeds; this runs any, on all cores. A session on which engines disagree is
made smaller and written beside those that the tests hold: it stays there as a test.
"""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOUND = ROOT / "tests" / "lockstep" / "found"
CHUNK = 20


def _differences(seeds: range) -> list[tuple[int, str]]:
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from engine_fuzz.agreement import first_difference
    from engine_fuzz.session import make_session

    found = ((seed, first_difference(make_session(seed))) for seed in seeds)
    return [(seed, difference[1]) for seed, difference in found if difference is not None]


def _keep(seed: int) -> Path:
    """Shrink a seed's session and write it among the tests."""
    from engine_fuzz.agreement import first_difference
    from engine_fuzz.session import make_session
    from engine_fuzz.shrinking import save, shrink

    small = shrink(make_session(seed), lambda session: first_difference(session) is not None)
    path = FOUND / f"seed-{seed}.json"
    FOUND.mkdir(exist_ok=True)
    save(small, path)
    return path


def _chunks(first: int, count: int) -> Iterable[range]:
    end = first + count
    return (range(start, min(start + CHUNK, end)) for start in range(first, end, CHUNK))


def main() -> None:
    """Run seeds and tell on which of them the engines disagree."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz-engines", description=main.__doc__)
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed (0)")
    parser.add_argument("--count", type=int, default=5000, help="how many seeds (5000)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (one a core)")
    parser.add_argument("--keep", action="store_true", help="shrink and keep what is found")
    options = parser.parse_args()
    wrong = []
    with multiprocessing.Pool(options.jobs) as pool:
        for found in pool.imap(_differences, _chunks(options.first, options.count)):
            for seed, difference in found:
                wrong.append(seed)
                print(f"seed {seed}, reference | other: {difference}", flush=True)
    print(f"{options.count} sessions from seed {options.first}: {len(wrong)} on which they differ")
    if options.keep:
        _differences(range(0))
        for seed in wrong:
            print(f"seed {seed}: kept as {_keep(seed)}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
