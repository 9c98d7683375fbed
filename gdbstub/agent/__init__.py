"""Agent expressions: what gdb has a target evaluate by itself, at its own speed.

The GDB manual's appendix 'The GDB Agent Expression Mechanism' says what the bytecode means.
`opcodes` is its table; `expression` takes code apart and refuses what cannot be meant;
`interpreter` carries it out plainly, `translator` makes a Python function of it, and both give the
same; `program` is what a breakpoint does with expressions. Knows no machine and no packet.
"""
