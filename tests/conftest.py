"""What all tests share."""

from hypothesis import settings

pytest_plugins = ["pytester"]


def pytest_addoption(parser):
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write the golden sessions of tests/e2e/golden anew, instead of comparing them",
    )


# How long an example takes says something about the host, nothing about the project.
settings.register_profile("soclet", deadline=None)
settings.load_profile("soclet")
