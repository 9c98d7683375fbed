"""The files of a profile, as their readers take them."""

import json
import re

from soclet.recording.profile import Profile
from soclet.recording.profile_files import SCHEMA, collapsed, speedscope

PROFILE = Profile(
    {
        ("start",): 7,
        ("start", "outer"): 11,
        ("start", "outer", "leaf"): 4,
        ("[trap 1]", "a;b\nc"): 2,
    },
    0,
    0,
)


def test_collapsed_stacks_have_a_line_each_that_ends_with_the_number():
    lines = collapsed(PROFILE).splitlines()
    assert lines == ["[trap 1];a:b c 2", "start 7", "start;outer 11", "start;outer;leaf 4"]
    # As flamegraph.pl takes them apart.
    counts = [int(re.fullmatch(r"(.*)\s+?(\d+(?:\.\d*)?)", line)[2]) for line in lines]
    assert sum(counts) == PROFILE.total == 24


def test_speedscope_has_what_its_schema_asks_for():
    file = json.loads(speedscope(PROFILE, "fib"))
    assert file["$schema"] == SCHEMA
    frames = [frame["name"] for frame in file["shared"]["frames"]]
    (profile,) = file["profiles"]
    assert (profile["type"], profile["unit"], profile["startValue"]) == ("sampled", "none", 0)
    assert isinstance(profile["name"], str)
    assert len(profile["samples"]) == len(profile["weights"])
    assert profile["endValue"] == sum(profile["weights"]) == PROFILE.total
    stacks = {
        tuple(frames[n] for n in sample): weight
        for sample, weight in zip(profile["samples"], profile["weights"], strict=True)
    }
    assert stacks == PROFILE.stacks


def test_a_profile_of_nothing_is_a_file_too():
    nothing = Profile({}, 0, 0)
    assert collapsed(nothing) == ""
    assert json.loads(speedscope(nothing, "x"))["profiles"][0]["endValue"] == 0
