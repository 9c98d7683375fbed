"""The client's side of debugging: a script for gdb's own Python, written from the ISA.

`generator.generate` gives the script. `parts` is what it is made of.
"""
