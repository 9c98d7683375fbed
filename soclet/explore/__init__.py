"""Explorers: a situation run again and again, each time disturbed in another way.

Knows machines under test. Must not know pytest.
"""

from soclet.explore.campaign import Explored
from soclet.explore.power_cuts import power_cuts
from soclet.explore.preemptions import preemptions
from soclet.explore.seeds import seeds

__all__ = ["Explored", "power_cuts", "preemptions", "seeds"]
