"""What all benchmarks share: their options, the host that they ran on, figures as JSON."""

import argparse
import json
import math
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any


def host() -> str:
    """Give the words that tell tables of different hosts apart."""
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"


def options(name: str, description: str | None) -> argparse.ArgumentParser:
    """Give a parser that knows what every benchmark takes: `rounds` and `json`."""
    parser = argparse.ArgumentParser(prog=name, description=description)
    parser.add_argument("--rounds", type=_rounds, default=5, help="runs of each (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    return parser


def positive(text: str) -> float:
    """Read an option's number, more than 0."""
    with suppress(ValueError):
        if 0 < (number := float(text)) < math.inf:
            return number
    raise argparse.ArgumentTypeError(f"a number above 0 is wanted, not {text!r}")


def _rounds(text: str) -> int:
    with suppress(ValueError):
        if (count := int(text)) > 0:
            return count
    raise argparse.ArgumentTypeError(f"a whole number above 0 is wanted, not {text!r}")


def write_json(path: Path | None, figures: dict[str, Any]) -> None:
    """Write figures where a file was named for them."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
