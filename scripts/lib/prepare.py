"""Set up what the scripts need: the virtual environment and the system packages.

Runs on a bare Python 3.11 and knows nothing of the project but where its files are. It prints one
line per step on standard error and, on standard output, the folder of the unpacked tools. Doing
it again, or twice at once, is safe; with nothing to do it only looks.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
LOG_TAIL = 15
PACKAGES = ("isa_spec", "machine", "gdbstub", "toolchain", "soclet")


class SetUpError(Exception):
    """Set-up cannot go on; the message is one line for the person at the terminal."""


@dataclass(frozen=True)
class Package:
    """A line of packages.txt: a Debian package, a command that tries it, what it is for."""

    name: str
    trial: tuple[str, ...]
    purpose: str

    @property
    def command(self) -> str:
        """The command that shows by being on PATH that the package is there."""
        return self.trial[0]


@dataclass(frozen=True)
class Stamp:
    """What the virtual environment was made of; kept in it, written when it is complete."""

    checkout: str
    python: str
    project: str


class Log:
    """Says each step in a line and keeps what its commands print; empty until the first step."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def close(self) -> None:
        """Close the file, if there was a step."""
        if self._file is not None:
            self._file.close()

    def step(self, what: str) -> None:
        """Announce a step to the person and in the log."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8")
        say(what)
        self._write(f"== {what}\n")

    def run(self, *command: str | Path, cwd: Path = ROOT, umask: int = -1) -> bool:
        """Run a command with its output in the log; True if it succeeded."""
        return self._run(command, cwd, umask, self._file or subprocess.DEVNULL) is not None

    def ask(self, *command: str | Path, cwd: Path = ROOT) -> str | None:
        """What a command printed on standard output, also kept in the log; None if it failed."""
        output = self._run(command, cwd, -1, subprocess.PIPE)
        self._write(output or "")
        return output

    def _run(
        self, command: Sequence[str | Path], cwd: Path, umask: int, stdout: IO[str] | int
    ) -> str | None:
        self._write(f"$ {shlex.join(map(str, command))}\n")
        try:
            done = subprocess.run(
                command,
                cwd=cwd,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=self._file or subprocess.DEVNULL,
                umask=umask,
                text=True,
                errors="replace",
                check=False,
            )
        except OSError as error:
            self._write(f"{error}\n")
            return None
        return done.stdout or "" if done.returncode == 0 else None

    def explain(self, failure: Exception) -> None:
        """Say that set-up failed, below the end of the log, where the reason often is."""
        if self._file is not None:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
            print(*lines[-LOG_TAIL:], f"(the whole log: {self.path})", sep="\n", file=sys.stderr)
        say(f"set-up failed: {failure}")

    def _write(self, text: str) -> None:
        if self._file is not None:
            self._file.write(text)
            # The commands write to the same file behind our buffer.
            self._file.flush()


def say(line: str) -> None:
    """Print a line for the person, apart from what the script itself prints."""
    print(f"soclet: {line}", file=sys.stderr, flush=True)


def clean_environment() -> dict[str, str]:
    """Our environment without what would send pip's work elsewhere or make apt ask."""
    astray = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "VIRTUAL_ENV"}
    kept = {name: value for name, value in os.environ.items() if name not in astray}
    # Not left out but denied: pip.conf may ask for it too.
    return kept | {"PIP_USER": "0", "DEBIAN_FRONTEND": "noninteractive"}


# The virtual environment


def base_python() -> Path:
    """The Python under us; when we run in a virtual environment, the one that it was made from.

    The virtual environment that is being replaced may be the one that we run in.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    installed = Path(sys.base_prefix, "bin", version)
    return installed if installed.exists() else Path(sys.executable)


def project_hash(root: Path) -> str:
    """Changes when what pip installs for the project may have changed."""
    return hashlib.sha256((root / "pyproject.toml").read_bytes()).hexdigest()


def identity(python: Path) -> str | None:
    """Which Python this is, as `3.11 BASE-PREFIX`; None if it does not run.

    The third number is left out: an environment survives the update from 3.11.2 to 3.11.3.
    """
    show = "import sys; print('%d.%d' % sys.version_info[:2], sys.base_prefix)"
    try:
        done = subprocess.run(
            [python, "-I", "-c", show],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def read_stamp(venv: Path) -> Stamp | None:
    """The stamp of an environment that we completed, else None."""
    try:
        return Stamp(**json.loads((venv / "soclet-stamp.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_stamp(venv: Path, stamp: Stamp) -> None:
    """Mark the environment as complete; one that has no stamp is never used."""
    (venv / "soclet-stamp.json").write_text(json.dumps(asdict(stamp)), encoding="utf-8")


def why_rebuild(
    stamp: Stamp | None, *, checkout: str, found: str | None, demanded: str | None
) -> str | None:
    """Why an environment cannot be kept, or None if it can.

    `found` is the identity of the Python in it, `demanded` that of the one a person asked for
    by name; without such a wish any Python that works will do.
    """
    if stamp is None:
        return "it is incomplete or not ours"
    if stamp.checkout != checkout:
        return f"it was made for {stamp.checkout}"
    if found is None:
        return "its Python does not run"
    if found != stamp.python:
        return f"its Python is now {found.split()[0]}"
    if demanded is not None and demanded != found:
        return f"PYTHON asks for {demanded.split()[0]}"
    return None


def set_aside(venv: Path, attic: Path) -> None:
    """Move away an environment, which may be someone's own work; the last one only is kept."""
    if attic.is_symlink():
        attic.unlink()
    elif attic.exists():
        shutil.rmtree(attic)
    venv.rename(attic)


def make_venv(venv: Path, log: Log) -> None:
    """Make an empty environment with pip in it."""
    python = base_python()
    if importlib.util.find_spec("ensurepip") and log.run(python, "-m", "venv", "--clear", venv):
        return
    # Debian leaves ensurepip to a package of its own. Any pip can install into any environment,
    # and in one it is not held back by the "externally managed" mark of the system's Python.
    pips = [[str(python), "-m", "pip"], ["python3", "-m", "pip"], ["pip3"], ["pip"]]
    pips = [pip for pip in pips if log.run(*pip, "--version")]
    if not pips:
        raise SetUpError(f"{python} has neither ensurepip nor pip (on Debian: package python3-pip)")
    if log.run(python, "-m", "venv", "--clear", "--without-pip", venv):
        for pip in pips:
            if log.run(*pip, "--python", venv / "bin/python", "install", "pip"):
                return
    raise SetUpError(f"could not make a virtual environment with {python}")


def prepare_venv(root: Path, log: Log) -> None:
    """Have the project installed, editable and with its development tools, in ROOT/.venv."""
    venv = root / ".venv"
    python = venv / "bin/python"
    stamp = read_stamp(venv)
    demanded = identity(base_python()) if os.environ.get("PYTHON") else None
    reason = why_rebuild(stamp, checkout=str(root), found=identity(python), demanded=demanded)
    if reason is None and stamp is not None and stamp.project == project_hash(root):
        return

    if reason is not None:
        if os.path.lexists(venv):
            log.step(f"moving the .venv that is there to .cache/replaced-venv: {reason}")
            set_aside(venv, root / ".cache/replaced-venv")
        log.step(f"making the virtual environment .venv (Python {platform.python_version()})")
        make_venv(venv, log)
    log.step("installing soclet and its development tools into .venv")
    project = project_hash(root)
    pip = (python, "-m", "pip", "--no-input", "--disable-pip-version-check", "install")
    if not log.run(*pip, "-e", ".[dev]", cwd=root):
        raise SetUpError("pip could not install the project")
    # Where Python is told to write no bytecode, every start would compile the project anew.
    log.run(python, "-m", "compileall", "-q", *PACKAGES, cwd=root)
    made_with = identity(python)
    if made_with is None:
        raise SetUpError("the Python of the new virtual environment does not run")
    write_stamp(venv, Stamp(checkout=str(root), python=made_with, project=project))


# The system packages


def parse_packages(text: str) -> list[Package]:
    """The packages of packages.txt; ValueError names the first line that is not one."""
    packages = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != 3 or not all(fields):
            raise ValueError(f"line {number}: expected 'package | command | purpose': {line}")
        packages.append(Package(fields[0], tuple(shlex.split(fields[1])), fields[2]))
    return packages


def missing(packages: Iterable[Package], path: str) -> list[Package]:
    """Those whose command is nowhere on this PATH."""
    return [package for package in packages if shutil.which(package.command, path=path) is None]


def how_to_become_root(
    *, user: int, sudo: str | None, asks_nothing: Callable[[], bool]
) -> tuple[str, ...] | None:
    """What to put before a command so that it runs as root; None if that cannot be had."""
    if user == 0:
        return ()
    if sudo is not None and asks_nothing():
        # sudo drops the environment, where apt learns not to ask.
        return (sudo, "-n", "env", "DEBIAN_FRONTEND=noninteractive")
    return None


def install(packages: Sequence[Package], become_root: Sequence[str], log: Log) -> None:
    """Install packages with apt-get; whoever calls looks afterwards what is there."""
    names = [package.name for package in packages]
    log.step(f"installing with apt-get: {' '.join(names)}")

    def apt_get(*arguments: str) -> bool:
        # The system's files are for everybody, whatever the person masks in their own.
        return log.run(*become_root, "apt-get", "-q", "-y", *arguments, umask=0o022)

    # An update that fails for one of many sources is no reason not to try the others.
    apt_get("update")
    options = ("-o", "DPkg::Lock::Timeout=300", "--no-install-recommends")
    if not apt_get("install", *options, *names):
        # One package that is unknown here makes apt-get refuse them all.
        for name in names:
            apt_get("install", *options, name)


def new_packages(simulation: str) -> list[str]:
    """What `apt-get --simulate install` would add to the system, as `NAME=VERSION`.

    A package that it would only upgrade is left out: the system's is good enough, and a second
    C library beside the first would break every program that finds it.
    """
    return [
        f"{match[1]}={match[2]}" for match in re.finditer(r"(?m)^Inst (\S+) \((\S+)", simulation)
    ]


def unpack(packages: Sequence[Package], sysroot: Path, log: Log) -> None:
    """Download packages and what they depend on, unpack them, make their commands callable."""
    log.step(f"unpacking without root into .cache/sysroot: {' '.join(p.name for p in packages)}")
    with tempfile.TemporaryDirectory(prefix="apt-", dir=sysroot.parent.parent) as folder:
        apt = private_apt_get(Path(folder))
        log.run(*apt, "update")
        wanted: dict[str, None] = {}
        for package in packages:
            plan = log.ask(*apt, "--simulate", "--no-install-recommends", "install", package.name)
            wanted.update(dict.fromkeys(new_packages(plan or "")))
        if wanted:
            log.run(*apt, "download", *wanted, cwd=Path(folder))
        sysroot.mkdir(parents=True, exist_ok=True)
        for archive in sorted(Path(folder).glob("*.deb")):
            log.run("dpkg-deb", "-x", archive, sysroot)
    for package in packages:
        make_callable(package, sysroot, log)


def private_apt_get(folder: Path) -> tuple[str, ...]:
    """apt-get with package lists and locks of its own, which needs no root.

    The system's lists may be old or absent, as they are in containers.
    """
    for below in ("lists/partial", "cache/archives/partial"):
        (folder / below).mkdir(parents=True)
    options = {
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
        "Debug::NoLocking": "1",
    }
    return ("apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items()))


def make_callable(package: Package, sysroot: Path, log: Log) -> None:
    """Put the package's command among the tools, if it is there and works."""
    program = find_program(package.command, sysroot)
    if program is None:
        return
    tool = sysroot / "tools" / package.command
    tool.parent.mkdir(exist_ok=True)
    tool.write_text(wrapper(program, sysroot), encoding="utf-8")
    tool.chmod(0o755)
    if not log.run(tool, *package.trial[1:]):
        tool.unlink()


def find_program(command: str, sysroot: Path) -> Path | None:
    """A command's file in the unpacked packages, relative to their root."""
    for folder in ("usr/bin", "bin"):
        # Debian makes the link from `nc` to `nc.openbsd` only when it installs the package.
        for found in [sysroot / folder / command, *sorted((sysroot / folder).glob(f"{command}.*"))]:
            if found.is_file():
                return found.relative_to(sysroot)
    return None


def wrapper(program: Path, sysroot: Path) -> str:
    """A shell script that runs an unpacked program with what it looks for in fixed places.

    It finds the packages from its own place, so that a checkout that was moved keeps its tools;
    and only the programs see these variables, so that nothing else meets foreign libraries.
    """

    def folders(*patterns: str) -> list[str]:
        found = (path for pattern in patterns for path in sorted(sysroot.glob(pattern)))
        return [str(path.relative_to(sysroot)) for path in found if path.is_dir()]

    searched = {
        "LD_LIBRARY_PATH": folders("lib", "lib/*-linux-*", "usr/lib", "usr/lib/*-linux-*"),
        "PERL5LIB": folders(
            "usr/lib/lcov",
            "usr/share/perl5",
            "usr/lib/*/perl5/*",
            "usr/share/perl/*",
            "usr/lib/*/perl/*",
        ),
    }
    arguments = ""
    if program.name == "gdb-multiarch":
        if folders("usr/share/gdb"):
            arguments = ' --data-directory="$root/usr/share/gdb"'
        if list(sysroot.glob("usr/lib/python3.*/os.py")):
            # gdb asks its own Python for a home and finds /usr, where there may be none.
            searched["PYTHONHOME"] = ["usr"]
        else:
            # The system has Python's core, and only the rest of the library was unpacked.
            searched["PYTHONPATH"] = folders("usr/lib/python3.*", "usr/lib/python3.*/lib-dynload")

    lines = [
        "#!/bin/sh",
        "# Made by scripts/lib/prepare.py.",
        'root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit',
    ]
    for name, places in searched.items():
        if places:
            lines.append(f'export {name}="{":".join(f"$root/{place}" for place in places)}"')
    lines.append(f'exec "$root/{program}"{arguments} "$@"')
    return "\n".join(lines) + "\n"


def sysroot_of_system(root: Path) -> Path:
    """Where packages are unpacked: apart for each system, whose libraries they count on."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    system = (release.get("ID", "linux"), release.get("VERSION_ID", "rolling"), platform.machine())
    return root / ".cache/sysroot" / "-".join(system)


def sudo_asks_nothing() -> bool:
    """Whether sudo is free to use without a password."""
    trial = subprocess.run(
        ["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return trial.returncode == 0


def prepare_packages(root: Path, log: Log, listed: str = "scripts/packages.txt") -> Path:
    """Have the system packages as far as possible, name the others; the folder of the tools."""
    packages = parse_packages((root / listed).read_text(encoding="utf-8"))
    sysroot = sysroot_of_system(root)
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(sysroot / "tools")])

    absent = missing(packages, path)
    if absent and shutil.which("apt-get"):
        become_root = how_to_become_root(
            user=os.geteuid(), sudo=shutil.which("sudo"), asks_nothing=sudo_asks_nothing
        )
        if become_root is not None:
            install(absent, become_root, log)
            absent = missing(absent, path)
        if absent and shutil.which("dpkg-deb"):
            unpack(absent, sysroot, log)
            absent = missing(absent, path)
    for package in absent:
        say(f"no {package.command} (package {package.name}), which is for {package.purpose}")
    return sysroot / "tools"


def set_up(work: Callable[[Log], None]) -> int:
    """Do the work of a set-up, under a lock; the exit status says whether it could be done."""
    # Files that we cannot use ourselves help nobody, whatever else is masked.
    os.umask(os.umask(0) & 0o077)
    cache = ROOT / ".cache"
    log = Log(cache / "setup.log")
    try:
        cache.mkdir(exist_ok=True)
        # Only read, so that someone who may not write here can use what is complete.
        lock = os.open(cache / "setup.lock", os.O_RDONLY | os.O_CREAT, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up of this checkout")
            fcntl.flock(lock, fcntl.LOCK_EX)
        work(log)
    except (SetUpError, OSError, ValueError) as error:
        log.explain(error)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        log.close()
    return 0


def main() -> int:
    """Set up; the exit status says whether the scripts can go on."""

    def work(log: Log) -> None:
        prepare_venv(ROOT, log)
        print(prepare_packages(ROOT, log))

    return set_up(work)


if __name__ == "__main__":
    sys.exit(main())
