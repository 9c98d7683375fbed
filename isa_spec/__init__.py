"""The instruction set as data: imports construct and the standard library, nothing of ours."""
