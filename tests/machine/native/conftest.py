"""These tests choose their engines themselves."""

import pytest


@pytest.fixture(autouse=True)
def engine():
    """In place of every engine in turn."""
