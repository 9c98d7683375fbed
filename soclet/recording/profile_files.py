"""The files that a profile becomes: collapsed stacks for flame graphs, and speedscope's JSON.

Knows the two formats. speedscope's is that of https://www.speedscope.app/file-format-schema.json.
"""

import json
from typing import Any, Final

from soclet.recording.profile import Profile

SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"


def collapsed(profile: Profile) -> str:
    """Give a line a stack, as `start;fib;add 120`: what flamegraph.pl and speedscope read."""
    return "".join(
        f"{';'.join(map(_plain, stack))} {count}\n"
        for stack, count in sorted(profile.stacks.items())
    )


def _plain(name: str) -> str:
    """Give a name without what separates names and lines."""
    return "".join(" " if c.isspace() else c for c in name.replace(";", ":"))


def speedscope(profile: Profile, name: str) -> str:
    """Give a sampled profile in which every stack is one sample that weighs its instructions."""
    frames: dict[str, int] = {}
    samples = [
        [frames.setdefault(function, len(frames)) for function in stack]
        for stack in sorted(profile.stacks)
    ]
    values: dict[str, Any] = {
        "$schema": SCHEMA,
        "name": name,
        "exporter": "soclet",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": function} for function in frames]},
        "profiles": [
            {
                "type": "sampled",
                "name": f"{name}: instructions",
                "unit": "none",
                "startValue": 0,
                "endValue": profile.total,
                "samples": samples,
                "weights": [profile.stacks[stack] for stack in sorted(profile.stacks)],
            }
        ],
    }
    return json.dumps(values) + "\n"
