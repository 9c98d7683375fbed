"""A second, deliberately plain model of the soclet ISA, and random programs to run on it.

The model is written from the ISA manual alone. It imports nothing of the project, so that a
mistake of the real machine is not a mistake of the model as well.
"""
