"""Results for programs to read: JUnit's XML and TAP.

Knows these formats. Must not know how tests are run.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree

from soclet.suite.running import Result

_NOT_IN_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Sequence[Result]) -> bytes:
    """Give JUnit's XML: a suite for each file, with the seconds of the host."""
    root = ElementTree.Element("testsuites")
    for file in dict.fromkeys(result.case.file for result in results):
        of_file = [result for result in results if result.case.file == file]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=file,
            tests=str(len(of_file)),
            failures=str(sum(not result.passed for result in of_file)),
            errors="0",
            skipped="0",
            time=f"{sum(result.seconds for result in of_file):.3f}",
        )
        for result in of_file:
            _add_case(suite, result)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _add_case(suite: ElementTree.Element, result: Result) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_text(result.case.file),
        name=_text(result.case.name),
        time=f"{result.seconds:.3f}",
    )
    properties = ElementTree.SubElement(case, "properties")
    ElementTree.SubElement(properties, "property", name="ticks", value=str(result.ticks))
    if result.capsule is not None:
        ElementTree.SubElement(properties, "property", name="capsule", value=str(result.capsule))
    if result.failure is not None:
        failure = ElementTree.SubElement(case, "failure", message=_text(result.failure))
        failure.text = _text(result.report)
    if result.output:
        ElementTree.SubElement(case, "system-out").text = _text(result.output)


def _text(text: str) -> str:
    """Give a text with what XML cannot hold shown as escapes."""
    return _NOT_IN_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def tap(results: Sequence[Result]) -> str:
    """Give TAP, version 14, with a block of YAML for each failure."""
    return "\n".join(_tap_lines(results)) + "\n"


def _tap_lines(results: Sequence[Result]) -> Iterator[str]:
    yield "TAP version 14"
    yield f"1..{len(results)}"
    for number, result in enumerate(results, 1):
        name = f"{result.case.file}: {result.case.name}".replace("\\", "\\\\").replace("#", "\\#")
        yield f"{'ok' if result.passed else 'not ok'} {number} - {' '.join(name.split())}"
        if result.failure is not None:
            yield "  ---"
            yield "  message: |"
            yield from (f"    {line}" for line in _text(result.failure).splitlines())
            yield "  machine: |"
            yield from (f"    {line}" for line in _text(result.report).splitlines())
            yield "  ..."
