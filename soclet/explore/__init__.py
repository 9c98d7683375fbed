"""Explorers: a region of firmware run again and again, each time disturbed at another point.

Knows machines under test. Must not know pytest.
"""

from soclet.explore.campaign import Explored
from soclet.explore.power_cuts import power_cuts
from soclet.explore.preemptions import preemptions

__all__ = ["Explored", "power_cuts", "preemptions"]
