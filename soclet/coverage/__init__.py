"""Coverage of firmware: what runs have executed of a program's lines, branches and functions.

Knows images and what engines saw. Must not know tests.
"""
