"""What all tests share."""

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]


SOAK_SECONDS = 60


def pytest_addoption(parser):
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write the golden sessions of tests/e2e/golden anew, instead of comparing them",
    )
    parser.addoption(
        "--all-mutants",
        action="store_true",
        help="try every mutant of the native engine's machine code, not one in four",
    )
    parser.addoption(
        "--soak",
        type=int,
        default=SOAK_SECONDS,
        metavar="SECONDS",
        help=f"how long tests/e2e/test_soak.py is to take ({SOAK_SECONDS})",
    )
    parser.addoption(
        "--serial-megabytes",
        type=float,
        default=0.3,
        help="what goes each way over each kind of serial line; give --timeout 0 with much",
    )


@pytest.fixture
def soak_seconds(request):
    """How long a test that takes as long as it is let is to take."""
    return request.config.getoption("--soak")


MUTANTS_TRIED = 4


@pytest.fixture
def mutants_tried(request):
    """One in how many mutants is tried: all of them take ten minutes."""
    return 1 if request.config.getoption("--all-mutants") else MUTANTS_TRIED


# How long an example takes says something about the host, nothing about the project.
settings.register_profile("soclet", deadline=None)
settings.load_profile("soclet")
