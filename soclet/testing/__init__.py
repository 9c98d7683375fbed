"""Tests of firmware in pytest: machines under test, time-outs in their own time.

What happens in a test depends on the image and on what the test does, never on the host's speed.
Knows machines, images and consoles. Must not know sockets, or debuggers.
"""

from machine.reason import Reason
from soclet.testing.configuration import Configuration
from soclet.testing.failure import Failure
from soclet.testing.joined import Joined
from soclet.testing.machine_under_test import MachineUnderTest

__all__ = ["Configuration", "Failure", "Joined", "MachineUnderTest", "Reason"]
