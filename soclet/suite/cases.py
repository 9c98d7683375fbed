"""Tests as a TOML file describes them, read and checked before any of them is run.

Knows TOML. Must not know how tests are run.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from soclet import demos, quantities
from soclet.errors import UserError
from soclet.suite.steps import KINDS, Step, WrongStepError, flash
from soclet.testing.configuration import DEFAULT_TICKS, Configuration
from soclet.toml_file import read_toml

_FILES: Final = ("image", "nvram")
_MACHINE: Final = tuple(f.name for f in fields(Configuration) if f.name != "ticks")
_KEYS: Final = ("name", *_MACHINE, "limit", "steps")


class WrongFileError(UserError):
    """A file of tests that is wrong: what, where, and what would be right."""


@dataclass(frozen=True, slots=True)
class Case:
    """A test.

    `file`: where it stands. `limit`: the ticks that it may take. `configuration`: its machine's.
    """

    file: str
    name: str
    configuration: Configuration
    limit: int
    steps: tuple[Step, ...]


def read_cases(path: Path) -> list[Case]:
    """Read a file of tests; raise UserError where it is not right."""
    data = read_toml(path)
    tests = data.pop("test", None)
    if data:
        raise WrongFileError(f"{path}: {next(iter(data))!r} means nothing; write [[test]]")
    if not isinstance(tests, list) or not tests:
        raise WrongFileError(f"{path}: holds no tests; begin each with [[test]]")
    cases = [_case(path, number, table) for number, table in enumerate(tests, 1)]
    names = [case.name for case in cases]
    for name in names:
        if names.count(name) > 1:
            raise WrongFileError(f"{path}: two tests are called {name!r}; give each its own name")
    return cases


def _case(path: Path, number: int, table: Any) -> Case:
    where = f"{path}: test {number}"
    if not isinstance(table, dict):
        raise WrongFileError(f"{where}: not a table; begin each test with [[test]]")
    name = table.get("name", f"test {number}")
    if not isinstance(name, str) or not name.strip():
        raise WrongFileError(f"{where}: the name must be a text, not {name!r}")
    where = f"{path}: test {name!r}"
    for key in table:
        if key not in _KEYS:
            raise WrongFileError(f"{where}: {key!r} means nothing; there are {', '.join(_KEYS)}")
    machine = {key: table[key] for key in _MACHINE if key in table}
    for key in _FILES:
        if key in machine:
            machine[key] = _beside(path, where, key, machine[key])
    try:
        limit = quantities.ticks_of(table.get("limit", DEFAULT_TICKS))
        configuration = Configuration.of(machine)
        _ = configuration.memory_size
    except (UserError, TypeError) as error:
        raise WrongFileError(f"{where}: {error}") from error
    steps = tuple(_steps(path, where, table.get("steps", [])))
    if not steps:
        raise WrongFileError(f"{where}: has no steps; give steps = [{{ expect = … }}, …]")
    return Case(str(path), name, configuration, limit, steps)


def _steps(path: Path, where: str, tables: Any) -> Iterator[Step]:
    if not isinstance(tables, list):
        raise WrongFileError(f"{where}: steps must be an array of tables")
    for number, table in enumerate(tables, 1):
        at = f"{where}, step {number}"
        if not isinstance(table, dict) or len(table) != 1:
            raise WrongFileError(f"{at}: a step is a table with one of {', '.join(KINDS)}")
        ((key, value),) = table.items()
        try:
            step = Step(key, value)
        except WrongStepError as error:
            raise WrongFileError(f"{at}: {error}") from error
        yield Step(key, _beside(path, at, key, value)) if key == flash.__name__ else step


def _beside(path: Path, where: str, key: str, name: Any) -> str:
    """Give the path of a file that is named from the folder that the tests lie in."""
    if not isinstance(name, str):
        raise WrongFileError(f"{where}: {key} must be a file name, not {name!r}")
    return name if demos.is_demo(name) else str(path.parent / name)
