"""Stands for gdb's module `gdb`, which is only found inside gdb; the stub beside this types it.

Lets the parts be imported outside gdb, for checks and documentation: every name is a class that
can be inherited from and no more. The script imports the real one in its place.
"""


class _Named(type):
    """A class of any name, with classes of any name in it."""

    def __getattr__(cls, name: str) -> "_Named":
        if name.startswith("__"):
            raise AttributeError(name)
        return _Named(name, (), {})


def __getattr__(name: str) -> _Named:
    if name.startswith("__"):
        raise AttributeError(name)
    return _Named(name, (), {})
