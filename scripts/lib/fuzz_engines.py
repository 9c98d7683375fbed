"""Runs random programs on the engines in lockstep, by seed, and shrinks what they disagree on.

Or images of memory that are no programs. The tests run the first seeds; this runs any, on all
cores. A session on which engines disagree is
made smaller and written beside those that the tests hold: it stays there as a test.
"""

import argparse
import faulthandler
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine_fuzz.session import Session

ROOT = Path(__file__).resolve().parents[2]
FOUND = ROOT / "tests" / "lockstep" / "found"
CHUNK = 20


def _make(seed: int, *, images: bool) -> "Session":
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from engine_fuzz.session import make_raw_session, make_session

    return (make_raw_session if images else make_session)(seed)


def _differences(seeds: range, *, images: bool) -> list[tuple[int, str]]:
    sessions = [(seed, _make(seed, images=images)) for seed in seeds]
    from engine_fuzz.agreement import first_difference

    found = ((seed, first_difference(session)) for seed, session in sessions)
    return [(seed, difference[1]) for seed, difference in found if difference is not None]


def _keep(seed: int, *, images: bool) -> Path:
    """Shrink a seed's session and write it among the tests."""
    session = _make(seed, images=images)
    from engine_fuzz.agreement import first_difference
    from engine_fuzz.shrinking import save, shrink

    small = shrink(session, lambda session: first_difference(session) is not None)
    path = FOUND / f"{'image' if images else 'seed'}-{seed}.json"
    FOUND.mkdir(exist_ok=True)
    save(small, path)
    return path


def _chunks(first: int, count: int) -> Iterator[range]:
    end = first + count
    return (range(start, min(start + CHUNK, end)) for start in range(first, end, CHUNK))


def main() -> None:
    """Run seeds and tell on which of them the engines disagree."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz-engines", description=main.__doc__)
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed (0)")
    parser.add_argument("--count", type=int, default=5000, help="how many seeds (5000)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (one a core)")
    parser.add_argument("--keep", action="store_true", help="shrink and keep what is found")
    parser.add_argument("--images", action="store_true", help="images at random, not programs")
    options = parser.parse_args()
    images, wrong = options.images, list[int]()
    chunks = _chunks(options.first, options.count)
    differences = partial(_differences, images=images)
    with ProcessPoolExecutor(options.jobs, initializer=faulthandler.enable) as pool:
        for chunk, results in [(chunk, pool.submit(differences, chunk)) for chunk in chunks]:
            try:
                found = results.result()
            except BrokenProcessPool:
                again = f"--first {chunk.start} --jobs 1"
                sys.exit(f"a session ended its process; those before are well: {again}")
            for seed, difference in found:
                wrong.append(seed)
                print(f"seed {seed}, reference | other: {difference}", flush=True)
    print(f"{options.count} sessions from seed {options.first}: {len(wrong)} on which they differ")
    if options.keep:
        for seed in wrong:
            print(f"seed {seed}: kept as {_keep(seed, images=images)}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
