"""The firmware that comes with the project: `demo:NAME` stands for its source."""

from pathlib import Path
from typing import Final

from soclet.errors import UserError

PREFIX: Final = "demo:"


def _folder() -> Path:
    """Where demos are: in an installed package beside this module, in a checkout in firmware/."""
    here = Path(__file__).resolve().parent
    installed = here / "demos"
    return installed if installed.is_dir() else here.parent / "firmware"


def names() -> list[str]:
    """Give the names of all demos."""
    sources = _folder().glob("*/*.s")
    return sorted(path.stem for path in sources if path.stem == path.parent.name)


def is_demo(image: str) -> bool:
    """Tell whether an IMAGE argument names a demo."""
    return image.startswith(PREFIX)


def resolve(image: str) -> str:
    """Give the path that an IMAGE argument means; raise UserError for an unknown demo."""
    if not is_demo(image):
        return image
    name = image.removeprefix(PREFIX)
    if name not in names():
        raise UserError(f"{image}: no such demo; there are {', '.join(names())}")
    return str(_folder() / name / f"{name}.s")
