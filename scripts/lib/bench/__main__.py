"""What `scripts/bench` runs: how fast kernels run, or what its first word names."""

import sys
from importlib import import_module

MORE = {
    "process": "process",
    "latency": "latency",
    "gdb": "debugging",
    "recording": "recording",
    "coverage": "coverage",
    "history": "history",
}
"""What else is measured, and by which module; each is loaded where it is asked for."""


def main(words: list[str]) -> None:
    """Measure what the words say."""
    if words and words[0] in MORE:
        import_module(MORE[words[0]]).main(words[1:])
    else:
        import_module("engines").main(words)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
