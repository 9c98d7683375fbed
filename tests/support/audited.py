"""`soclet` with every file that it opens or changes, and every program that it runs, written down.

Started as a program: `audited.py LOG WORDS…`. Python's audit hooks cannot be taken out again.
"""

import json
import os
import sys
from pathlib import Path

PROGRAMS = (
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system",
    "subprocess.Popen", "pty.spawn",
)  # fmt: skip
CHANGES = (
    "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir",
    "os.symlink", "os.truncate", "os.utime", "shutil.copyfile", "shutil.move", "shutil.rmtree",
)  # fmt: skip


def _main(log, words):
    from soclet.__main__ import main

    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(event, arguments):
        if event == "open" or event in PROGRAMS or event in CHANGES:
            line = json.dumps(
                [event, [each if isinstance(each, int) else str(each) for each in arguments]]
            )
            os.write(descriptor, f"{line}\n".encode())

    sys.addaudithook(note)
    main(words)


def events(log):
    """What was written down, as (event, arguments)."""
    return [tuple(json.loads(line)) for line in Path(log).read_text().splitlines()]


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2:])
