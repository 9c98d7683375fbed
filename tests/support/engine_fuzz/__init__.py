"""Random programs on two engines in lockstep, under random budgets, stops and interferences.

Everything follows from a seed. The programs are those of the plain model's lockstep, and others
that spend their time in loops, calls and recursion, where compiling engines do their work.
"""
