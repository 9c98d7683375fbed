"""The serial line's outer end: where what the guest sends goes, and where what is typed comes from.

`line` says what a line is and opens one; each other module is one kind, or what kinds share.
"""
