"""The guest's processes, as a debugger's threads: found by a descriptor that the guest carries."""
