"""What `scripts/bench` runs: the engines, or with `gdb` as its first word the debugger's path."""

import sys

import debugging
import engines

if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["gdb"]:
        debugging.main(words[1:])
    else:
        engines.main(words)
