"""Real runs and flashes, killed: a part of what scripts/kill-nvram does, by the same numbers."""

import re
import subprocess
import sys

import pytest
from running import ROOT


@pytest.mark.parametrize("options", [(), ("--sync",)], ids=["", "with --nvram-sync"])
def test_wherever_a_run_or_a_flash_is_killed_nothing_announced_is_lost_and_nothing_torn(options):
    # In a process of its own, with one thread: it forks.
    words = ("--every", "37", "--moments", "12", *options)
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/lib/kill_nvram.py", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = re.findall(r"^(.*): (\d+) kills, 0 wrong; .* (\d+) counts announced", done.stdout, re.M)
    kills = {what: (int(kills), int(announced)) for what, kills, announced in lines}
    assert kills.keys() == {"flashes at calls", "runs at calls", "runs at moments"}
    assert kills["flashes at calls"][0] >= 3
    assert kills["runs at calls"][0] >= 10
    assert kills["runs at calls"][1] > 0
    assert kills["runs at moments"][0] == 12
