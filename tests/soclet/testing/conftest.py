"""Machines under test, made as the fixtures make them."""

import pytest
from tested_guests import ECHO

from soclet.testing import Configuration, MachineUnderTest


@pytest.fixture
def build():
    """Make machines of a source."""
    made: list[MachineUnderTest] = []

    def build(source: str = ECHO, **options) -> MachineUnderTest:
        made.append(MachineUnderTest(Configuration(source=source, **options)))
        return made[-1]

    yield build
    for machine in made:
        machine.close()
