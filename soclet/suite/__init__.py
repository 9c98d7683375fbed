"""Tests of firmware written as TOML, for those who do not write Python: `soclet test`.

Knows the testing library. Must not know terminals, but for the sub-command's progress.
"""
