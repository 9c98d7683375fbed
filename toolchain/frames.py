"""placeholder."""

from typing import Any


def frame_rows(a: Any, f: Any) -> tuple[()]:
    return ()
