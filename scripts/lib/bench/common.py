"""What all benchmarks share: their options, the host that they ran on, figures as JSON."""

import argparse
import json
import math
import os
import platform
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any


def host() -> str:
    """Give the words that tell tables of different hosts apart."""
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"


def options(name: str, description: str | None) -> argparse.ArgumentParser:
    """Give a parser that knows what every benchmark takes: `rounds` and `json`."""
    parser = argparse.ArgumentParser(prog=name, description=description)
    parser.add_argument("--rounds", type=count, default=5, help="runs of each (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    return parser


def positive(text: str) -> float:
    """Read an option's number, more than 0."""
    with suppress(ValueError):
        if 0 < (number := float(text)) < math.inf:
            return number
    raise argparse.ArgumentTypeError(f"a number above 0 is wanted, not {text!r}")


def count(text: str) -> int:
    """Read an option's whole number, more than 0."""
    with suppress(ValueError):
        if (number := int(text)) > 0:
            return number
    raise argparse.ArgumentTypeError(f"a whole number above 0 is wanted, not {text!r}")


def percentile_99(samples: Sequence[float]) -> float:
    """Give the sample that a hundredth of them are beyond."""
    return sorted(samples)[int(0.99 * len(samples))]


def tell(line: str) -> None:
    """Show on a terminal what is being done, in the place of what was shown before."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


def write_json(path: Path | None, figures: dict[str, Any]) -> None:
    """Write figures where a file was named for them."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
