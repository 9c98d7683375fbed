"""What docs/profiling.md shows of Python is what one gets."""

import subprocess
import sys

from documents import DEADLINE, DOCUMENTS

(PROFILING,) = [document for document in DOCUMENTS if document.path.name == "profiling.md"]


def test_the_example_in_python_says_what_is_shown(folder):
    for block in PROFILING.blocks:
        if block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
    (shown,) = [block.text for block in PROFILING.blocks if block.language == "text"]
    done = subprocess.run(
        [sys.executable, "where.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.stdout, done.stderr) == (shown, "")
