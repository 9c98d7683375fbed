"""What the benchmarks draw, and what they say where they cannot."""

import subprocess

import plot
import pytest
from speeds import EngineSpeed, PeerSpeed


def test_engines_are_drawn_by_their_warm_speeds_and_auto_is_not_one_of_its_own():
    speeds = [
        EngineSpeed(kernel, engine, 1, 1.0, warm, 3.0, None)
        for engine, warm in {"native": 4.0, "auto": 5.0}.items()
        for kernel in ("fib", "sort")
    ]
    assert plot.series_of_engines(speeds) == {"soclet, native": {"fib": 4.0, "sort": 4.0}}


def test_others_are_drawn_by_their_titles_for_the_kernels_that_they_do():
    speeds = [PeerSpeed("fib", "gcc", 9.0), PeerSpeed("fib", "qemu", 8.0)]
    speeds += [PeerSpeed("pages", "qemu", 7.0)]
    assert plot.series_of_peers(speeds) == {
        "gcc -O2": {"fib": 9.0},
        "QEMU": {"fib": 8.0, "pages": 7.0},
    }


def test_a_drawing_library_that_cannot_be_installed_is_an_error_of_one_line(monkeypatch, capfd):
    monkeypatch.setattr(plot, "find_spec", lambda _name: None)
    monkeypatch.setattr(
        subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1)
    )
    with pytest.raises(SystemExit, match="bench: pip could not install matplotlib"):
        plot.ensure_library()
    assert capfd.readouterr().err == "installing matplotlib\n"
