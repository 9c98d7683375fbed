"""Install those that `scripts/bench` measures our engines beside, as far as that is possible.

Knows their names; prepare.py knows how. What cannot be had is named in a line, and is no error. The
Python libraries go into an environment of their own, where the project does not see them.
"""

import sys

import prepare

LIBRARIES = ("unicorn", "tinyrv", "py65")


def prepare_libraries(log: prepare.Log) -> None:
    """Have the libraries in .cache/peers."""
    venv = prepare.ROOT / ".cache/peers"
    python = venv / "bin/python"
    if prepare.identity(python) is None:
        log.step("making the virtual environment .cache/peers")
        prepare.make_venv(venv, log)
    for name in LIBRARIES:
        if log.run(python, "-I", "-c", f"import {name}"):
            continue
        log.step(f"installing {name} into .cache/peers")
        pip = (python, "-m", "pip", "--no-input", "--disable-pip-version-check", "install")
        if not log.run(*pip, name):
            prepare.say(f"no {name}: pip could not install it; {log.path} tells more")


def main() -> int:
    """Install; the exit status says whether set-up could be tried at all."""

    def work(log: prepare.Log) -> None:
        prepare.prepare_packages(prepare.ROOT, log, "scripts/peers.txt")
        prepare_libraries(log)

    return prepare.set_up(work)


if __name__ == "__main__":
    sys.exit(main())
