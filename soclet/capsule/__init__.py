"""Capsules: one run in a file, from which it can be run again, exactly."""

from soclet.capsule.capsule import Capsule, Ending, KeptImage, Origin, capsule_of
from soclet.capsule.container import CapsuleError

__all__ = ["Capsule", "CapsuleError", "Ending", "KeptImage", "Origin", "capsule_of"]
