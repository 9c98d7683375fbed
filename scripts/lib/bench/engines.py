"""What `scripts/bench` does without another word: how fast kernels run, on engines and on others.

Knows options and what is shown; must not know how anything is measured.
"""

import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import common
import peers
import plot
from guest_runs import WrongError
from kernels import KERNELS
from speed_goals import goals, goals_table
from speed_tables import engines_table, left_to_python, peers_table, py65_line
from speeds import engines_here, measure

PREPARE_PEERS = Path(__file__).resolve().parents[1] / "prepare_peers.py"
NOBODY = "none"


def main(words: list[str]) -> None:
    """Measure how fast kernels run: on our engines, and on others that are installed.

    `scripts/bench process`, `scripts/bench latency` and `scripts/bench gdb` measure more.
    """
    here = engines_here()
    parser = common.options("scripts/bench", main.__doc__)
    parser.add_argument("--kernel", action="append", choices=list(KERNELS), help="only this one")
    parser.add_argument("--engine", action="append", choices=here, help="only this one")
    parser.add_argument(
        "--peer", action="append", choices=[NOBODY, *peers.TITLES], help="only this one, or none"
    )
    parser.add_argument(
        "--with-peers", action="store_true", help="first install the others, where they are not"
    )
    parser.add_argument(
        "--seconds", type=common.positive, default=0.1, metavar="S", help="of each run (0.1)"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the figures too, as PNG")
    options = parser.parse_args(words)

    if options.with_peers:
        subprocess.run([sys.executable, PREPARE_PEERS], check=False)
    if options.plot is not None:
        plot.ensure_library()
    chosen = [KERNELS[name] for name in dict.fromkeys(options.kernel or KERNELS)]
    with tempfile.TemporaryDirectory() as folder:
        found = peers.find(Path(folder)).only(options.peer)
        print(f"{common.host()}; medians of {options.rounds} interleaved runs")
        for name, why in found.missing.items():
            print(f"without {name}: {why}; --with-peers installs it")
        try:
            speeds = measure(
                chosen,
                dict.fromkeys(options.engine or here),
                found,
                rounds=options.rounds,
                seconds=options.seconds,
                tell=common.tell,
            )
        except WrongError as error:
            raise SystemExit(f"bench: {error}") from error
    common.tell("")
    print("", *engines_table(speeds.engines), *left_to_python(speeds.engines), sep="\n")
    if found.here:
        print("", *peers_table(speeds.engines, speeds.peers), sep="\n")
    if reached := goals(speeds.engines, speeds.peers):
        print("", *goals_table(reached), sep="\n")
    if speeds.py65 is not None:
        print("", py65_line(speeds.py65), sep="\n")
    figures = {"host": common.host(), "rounds": options.rounds}
    common.write_json(options.json, figures | asdict(speeds) | {"missing": found.missing})
    if options.plot is not None:
        plot.draw(speeds.engines, speeds.peers, options.plot)
