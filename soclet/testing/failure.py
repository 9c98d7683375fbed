"""How a machine fails a test."""


class Failure(AssertionError):  # noqa: N818 - what pytest calls it
    """The firmware did not do what a test expects: what, by when, and what it did instead."""
