"""What the documents refer to is there: files, headings, commands, classes and their parts."""

import importlib
import pkgutil
import re
import shlex

import click
import pytest
from documents import DOCUMENTS, ROOT

from soclet.__main__ import COMMANDS, soclet

PACKAGES = ("isa_spec", "machine", "gdbstub", "toolchain", "soclet")
PLACES = (*PACKAGES, "firmware", "scripts", "tests", "docs")
GENERATED = {"isa_spec/bitwise.py", "tests/isa_spec/test_bitwise.py"}
"""Files that a reader of a how-to makes."""

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=str)


def slugs_of(text):
    """The anchors that a page's headings have on GitHub and its like."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    slugs = set()
    for heading in re.findall(r"^#+ (.*)$", prose, re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        slugs.add(words)
    return slugs


def links_of(document):
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", document.prose))


def code_of(document):
    """The words in code font."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", document.prose)]


@every_document
def test_links_lead_somewhere(document):
    for link in links_of(document):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (document.path.parent / name).resolve() if name else document.path
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        if anchor:
            assert anchor in slugs_of(target.read_text(encoding="utf-8")), link


@every_document
def test_files_that_are_named_are_there(document):
    for code in code_of(document):
        if re.fullmatch(rf"(?:{'|'.join(PLACES)})/[\w./-]*", code) and code not in GENERATED:
            assert (ROOT / code).exists(), code


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or path.suffix != ".md":
            continue
        reached.add(path)
        (document,) = [each for each in DOCUMENTS if each.path == path] or [None]
        if document is not None:
            names = [link.partition("#")[0] for link in links_of(document)]
            waiting += [(path.parent / name).resolve() for name in names if ":" not in name]
    assert {document.path for document in DOCUMENTS} <= reached


def invocations(text):
    """Each use of `soclet` in a command line, as words, without what the shell makes of it."""
    for line in text.splitlines():
        for part in re.split(r"\||;|&&|\$\(", line):
            words = shlex.split(part.partition("<")[0], comments=True)
            if words[:1] == ["soclet"]:
                yield words[1:]


@every_document
def test_commands_to_type_are_commands(document):
    for block in document.blocks:
        if block.language not in ("sh", "console"):
            continue
        for command in block.commands:
            for words in invocations(command):
                assert words[0] in COMMANDS, command
                sub = soclet.get_command(None, words[0])
                sub.make_context(words[0], words[1:])


@every_document
def test_commands_in_passing_have_options_that_exist(document):
    for code in code_of(document):
        match = re.fullmatch(r"soclet (\w+)( .*)?", code)
        if match is None or match[1].isupper():
            continue
        sub = soclet.get_command(None, match[1])
        assert sub is not None, code
        known = {name for parameter in sub.params for name in parameter.opts} | {"--help"}
        assert set(re.findall(r"(?<= )--?[a-z][\w-]*", code)) <= known, code


@every_document
def test_options_in_passing_exist(document):
    known = {"--help"} | {
        name
        for command in COMMANDS
        for parameter in soclet.get_command(None, command).params
        for name in parameter.opts
    }
    for code in code_of(document):
        match = re.match(r"--[a-z][\w-]*", code)
        assert match is None or match[0] in known, code


@every_document
def test_options_of_pytest_in_passing_exist(document, pytestconfig):
    for code in code_of(document):
        for option in re.findall(r"(?<=--)soclet-[a-z-]+", code):
            pytestconfig.getoption(option.replace("-", "_"))


def all_classes():
    """The public classes of all packages, by name."""
    found = {}
    for package in map(importlib.import_module, PACKAGES):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not info.name.endswith("__main__"):
                module = importlib.import_module(info.name)
                for name, value in vars(module).items():
                    if isinstance(value, type) and value.__module__.startswith(PACKAGES):
                        found.setdefault(name, []).append(value)
    return found


@pytest.fixture(scope="module")
def classes():
    return all_classes()


@every_document
def test_parts_of_classes_that_are_named_are_there(document, classes):
    for code in code_of(document):
        match = re.match(r"([A-Z]\w+)\.([a-z]\w+)(?!\w)", code)
        if match and match[1] in classes:
            owners = classes[match[1]]
            parts = [{*dir(owner), *getattr(owner, "__annotations__", {})} for owner in owners]
            assert any(match[2] in part for part in parts), code


def test_an_option_that_is_not_there_would_be_noticed():
    with pytest.raises(click.NoSuchOption):
        soclet.get_command(None, "run").make_context("run", ["--bogus", "demo:hello"])
