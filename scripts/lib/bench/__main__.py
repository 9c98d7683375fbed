"""What `scripts/bench` runs: the engines, or what its first word names.

`gdb`: the debugger's path. `recording`: what profile, trace and waves cost.
"""

import sys

import debugging
import engines
import recording

OTHERS = {"gdb": debugging.main, "recording": recording.main}

if __name__ == "__main__":
    words = sys.argv[1:]
    if words and words[0] in OTHERS:
        OTHERS[words[0]](words[1:])
    else:
        engines.main(words)
