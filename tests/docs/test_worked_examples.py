"""The how-tos' code does what they say: their files are written, and their tests are run."""

import importlib.util
import sys

import pytest
from documents import DOCUMENTS


def files_of(name):
    """The files that a document shows, by name."""
    (document,) = [each for each in DOCUMENTS if each.path.name == name]
    return {block.file: block.text for block in document.blocks if block.file}


@pytest.fixture
def load(folder, monkeypatch):
    """Write a file and import it as a module of a name, for as long as the test runs."""

    def load(file, text, name):
        path = folder / file.rpartition("/")[2]
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return load


def run_tests_of(module):
    """Run a module's tests, which take no fixtures; give their names."""
    tests = {name: test for name, test in vars(module).items() if name.startswith("test_")}
    for test in tests.values():
        test()
    return list(tests)


def test_the_instructions_of_the_how_to_do_what_its_tests_say(load):
    files = files_of("adding-an-instruction.md")
    assert list(files) == ["isa_spec/bitwise.py", "tests/isa_spec/test_bitwise.py"]
    rows, tests = files
    load(rows, files[rows], "isa_spec.bitwise")
    assert len(run_tests_of(load(tests, files[tests], "test_bitwise"))) == 5


def test_the_device_of_the_how_to_does_what_its_tests_say(load, folder, monkeypatch):
    files = files_of("adding-a-device.md")
    assert list(files) == ["metronome.py", "beats.s", "test_metronome.py"]
    load("metronome.py", files["metronome.py"], "metronome")
    (folder / "beats.s").write_text(files["beats.s"], encoding="utf-8")
    monkeypatch.chdir(folder)
    tests = load("test_metronome.py", files["test_metronome.py"], "test_metronome")
    assert len(run_tests_of(tests)) == 3
