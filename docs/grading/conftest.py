"""A grader's own option: which submission is tested."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--submission", required=True, help="the source that was handed in")


@pytest.fixture
def board(request, make_machine):
    """Make a machine with the submission in it."""
    submission = request.config.getoption("--submission")
    return lambda **options: make_machine(submission, ticks="200k", **options)
