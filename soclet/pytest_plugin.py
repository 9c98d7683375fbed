"""The pytest plugin: fixtures, the marker, and what a failure shows of the machines of its test.

Loaded with every pytest in an environment where soclet is installed, so nothing is imported here
before a test asks for a machine.
"""

from collections.abc import Callable, Generator, Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from soclet.testing.configuration import Configuration
    from soclet.testing.images import Images
    from soclet.testing.machine_under_test import MachineUnderTest

MARKER: Final = "soclet"
COVERAGE: Final = "soclet-coverage"
MakeMachine = Callable[..., "MachineUnderTest"]

_MACHINES: Final = pytest.StashKey[list["MachineUnderTest"]]()
_IMAGES: Final = pytest.StashKey["Images"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that are for all machines."""
    group = parser.getgroup("soclet", "firmware tests with soclet")
    group.addoption(
        "--soclet-engine",
        metavar="NAME",
        default=None,
        help="what executes instructions where a test does not say",
    )
    group.addoption(
        "--soclet-seed",
        metavar="N",
        type=int,
        default=None,
        help="the seed of all machines that a test does not give one",
    )
    group.addoption(
        "--soclet-capsules",
        metavar="DIR",
        default=None,
        help="keep the runs of failing tests in DIR, for `soclet replay`; else in pytest's cache",
    )
    group.addoption(
        "--soclet-coverage",
        metavar="FILE",
        default=None,
        help="write what was executed of all firmware to FILE, as an LCOV tracefile",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(image=None, source=None, memory=None, nvram=None, nvram_sync=False, "
        "load_address=0x1000, byte_ticks=0, engine='auto', ticks='10M'): "
        "the machine that the fixture `machine` gives",
    )
    path = config.getoption("--soclet-coverage")
    if path is not None:
        from soclet.coverage.pytest_hooks import CoverageOfTests

        config.pluginmanager.register(CoverageOfTests(Path(path)), COVERAGE)


@pytest.fixture
def make_machine(request: pytest.FixtureRequest) -> Iterator[MakeMachine]:
    """Make machines under test: called with the marker's arguments, as often as is needed.

    Arguments that are not given are the marker's, where the test has one. An image is looked for
    beside the test's file first, then from where pytest was started.
    """
    machines: list[MachineUnderTest] = []
    request.node.stash[_MACHINES] = machines
    coverage = request.config.pluginmanager.get_plugin(COVERAGE)

    def make(image: str | PathLike[str] | None = None, **arguments: Any) -> "MachineUnderTest":
        __tracebackhide__ = True
        from soclet.errors import UserError
        from soclet.testing.machine_under_test import MachineUnderTest

        try:
            configuration = _configuration(request, {"image": image, **arguments})
            images = _images(request.config)
            machine = MachineUnderTest(configuration, images, covers=coverage is not None)
        except UserError as error:
            pytest.fail(str(error), pytrace=False)
        machines.append(machine)
        return machine

    yield make
    for machine in machines:
        if coverage is not None:
            coverage.add(machine)
        machine.close()


@pytest.fixture
def machine(make_machine: MakeMachine) -> "MachineUnderTest":
    """The machine that the marker `soclet` describes, before its first instruction."""
    return make_machine()


def _configuration(request: pytest.FixtureRequest, given: dict[str, Any]) -> "Configuration":
    from soclet.testing.configuration import Configuration

    markers = list(request.node.iter_markers(MARKER))  # the closest first
    arguments: dict[str, Any] = {}
    for marker in reversed(markers):
        arguments |= dict(zip(("image",), marker.args, strict=False)) | marker.kwargs
    for name in ("engine", "seed"):
        for_all = request.config.getoption(f"--soclet-{name}")
        if for_all is not None:
            arguments.setdefault(name, for_all)
    if ("source" in given) != (given["image"] is not None):
        arguments.pop("image", None)
        arguments.pop("source", None)
    arguments |= {name: value for name, value in given.items() if value is not None}
    for name in ("image", "nvram"):
        if arguments.get(name) is not None:
            arguments[name] = _beside(request.path.parent, str(arguments[name]))
    return Configuration.of(arguments)


def _beside(folder: Path, name: str) -> str:
    """Give a file's path beside the test, where it is there."""
    return str(folder / name) if (folder / name).exists() else name


def _images(config: pytest.Config) -> "Images":
    from soclet.testing.images import Images

    return config.stash.setdefault(_IMAGES, Images())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failing test's machines."""
    result = yield
    if result.failed and call.when == "call" and call.excinfo is not None:
        machines: list[MachineUnderTest] = item.stash.get(_MACHINES, [])
        for number, machine in enumerate(machines, 1):
            shown = _shown(item, machine, number, call.excinfo.exconly(tryshort=True))
            result.sections.append((f"soclet machine {number}", shown))
    return result


def _shown(item: pytest.Item, machine: "MachineUnderTest", number: int, why: str) -> str:
    """Keep a machine's run in a file, of which JUnit's XML tells too; show it."""
    from soclet.errors import UserError
    from soclet.testing.keeping import how_to_replay, keep
    from soclet.testing.report import report

    folder = _capsules(item.config)
    if folder is None:
        return report(machine)
    try:
        path = keep(machine, why, folder, f"{item.nodeid}-{number}")
    except (UserError, OSError) as error:
        return f"{report(machine)}\nits run could not be kept: {error}"
    item.user_properties.append(("capsule", str(path)))
    return f"{report(machine)}\n{how_to_replay(path)}"


def _capsules(config: pytest.Config) -> Path | None:
    """Give the folder of capsules; None where there is neither the option nor pytest's cache."""
    folder = config.getoption("--soclet-capsules")
    if folder is not None:
        return Path(config.invocation_params.dir, folder)
    cache = getattr(config, "cache", None)
    return None if cache is None else Path(cache.mkdir("soclet"))
