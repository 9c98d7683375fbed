"""The host's load changes nothing."""

import subprocess
import sys

from soclet.testing import Configuration, MachineUnderTest
from soclet.testing.images import Images

BUSY = "while True: pass"
RUNS = 200


def test_a_timing_sensitive_run_gives_the_same_two_hundred_times_beside_a_busy_host():
    images = Images()
    results = set()
    with (
        subprocess.Popen([sys.executable, "-c", BUSY]) as one,
        subprocess.Popen([sys.executable, "-c", BUSY]) as other,
    ):
        try:
            for _ in range(RUNS):
                machine = MachineUnderTest(
                    Configuration(image="demo:timer", byte_ticks=997), images
                )
                machine.serial.expect_exact("tick 3")
                at = machine.time
                machine.run(12_345)
                results.add((at, machine.machine.hash(), machine.serial.output))
        finally:
            one.kill()
            other.kill()
    assert len(results) == 1
