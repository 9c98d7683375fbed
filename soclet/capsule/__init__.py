"""Capsules: one run in a file, from which it can be run again, exactly."""

from soclet.capsule.capsule import Capsule, capsule_of
from soclet.capsule.container import CapsuleError
from soclet.capsule.parts import Ending, KeptImage, Origin

__all__ = ["Capsule", "CapsuleError", "Ending", "KeptImage", "Origin", "capsule_of"]
