"""The decisions of set-up: what it keeps, rebuilds, installs and names."""

import fcntl
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = "/home/ann/soclet"
PYTHON = "3.11 /usr"


@pytest.fixture
def log(prepare, tmp_path):
    log = prepare.Log(tmp_path / "log")
    yield log
    log.close()


def set_up(checkout, **options):
    """Start prepare.py of a checkout as the scripts do."""
    return subprocess.Popen(
        [sys.executable, "-I", checkout.root / "scripts/lib/prepare.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **{"env": checkout.environment()} | options,
    )


def stamp(prepare, checkout=HERE, python=PYTHON):
    return prepare.Stamp(checkout=checkout, python=python, project="")


def executable(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_the_list_of_packages_is_well_formed_and_has_what_the_tests_use(prepare):
    packages = prepare.parse_packages((ROOT / "scripts/packages.txt").read_text())
    assert {"gdb-multiarch", "nc", "readelf"} <= {package.command for package in packages}


def test_the_list_of_peers_is_well_formed_and_has_what_they_are_called_with(prepare):
    packages = prepare.parse_packages((ROOT / "scripts/peers.txt").read_text())
    commands = {"gcc", "qemu-system-riscv32", "riscv64-unknown-elf-ld"}
    assert {package.command for package in packages} == commands


def test_a_package_is_a_name_a_trial_and_a_purpose_and_comments_are_skipped(prepare):
    text = "# a comment\n\nnetcat | nc -h 'a b' | talking\n"
    assert prepare.parse_packages(text) == [
        prepare.Package("netcat", ("nc", "-h", "a b"), "talking")
    ]


@pytest.mark.parametrize("line", ["tmux", "tmux | tmux -V", "tmux | | purpose", "a | b | c | d"])
def test_a_line_that_is_no_package_is_named_by_its_number(prepare, line):
    with pytest.raises(ValueError, match="line 2"):
        prepare.parse_packages(f"# first\n{line}\n")


def test_a_package_is_missing_when_its_command_is_on_no_folder_of_the_path(prepare, tmp_path):
    here, gone = (prepare.Package(name, (name,), "a test") for name in ("here", "gone"))
    executable(tmp_path / "bin/here", "true")
    (tmp_path / "bin/gone").write_text("not executable")
    assert prepare.missing([here, gone], f"/nowhere:{tmp_path / 'bin'}") == [gone]


def test_root_needs_nothing_to_become_root(prepare):
    assert prepare.how_to_become_root(user=0, sudo=None, asks_nothing=lambda: False) == ()


def test_an_ordinary_user_becomes_root_by_sudo_where_it_asks_for_no_password(prepare):
    words = prepare.how_to_become_root(user=7, sudo="/bin/sudo", asks_nothing=lambda: True)
    assert words[:2] == ("/bin/sudo", "-n")


@pytest.mark.parametrize("sudo", [None, "/usr/bin/sudo"])
def test_an_ordinary_user_stays_one_where_sudo_is_missing_or_asks(prepare, sudo):
    assert prepare.how_to_become_root(user=7, sudo=sudo, asks_nothing=lambda: False) is None


def test_an_environment_of_this_checkout_whose_python_runs_is_kept(prepare):
    assert prepare.why_rebuild(stamp(prepare), checkout=HERE, found=PYTHON, demanded=None) is None


def test_an_environment_is_kept_when_the_python_asked_for_is_the_one_it_has(prepare):
    assert prepare.why_rebuild(stamp(prepare), checkout=HERE, found=PYTHON, demanded=PYTHON) is None


def test_an_environment_without_our_stamp_is_rebuilt(prepare):
    reason = prepare.why_rebuild(None, checkout=HERE, found=PYTHON, demanded=None)
    assert "not ours" in reason


def test_an_environment_that_was_moved_is_rebuilt(prepare):
    moved = stamp(prepare, checkout="/home/bob/soclet")
    reason = prepare.why_rebuild(moved, checkout=HERE, found=PYTHON, demanded=None)
    assert "/home/bob/soclet" in reason


def test_an_environment_whose_python_does_not_run_is_rebuilt(prepare):
    reason = prepare.why_rebuild(stamp(prepare), checkout=HERE, found=None, demanded=None)
    assert "does not run" in reason


def test_an_environment_whose_python_became_another_is_rebuilt(prepare):
    reason = prepare.why_rebuild(stamp(prepare), checkout=HERE, found="3.13 /usr", demanded=None)
    assert "3.13" in reason


def test_an_environment_of_another_python_than_the_one_asked_for_is_rebuilt(prepare):
    reason = prepare.why_rebuild(
        stamp(prepare), checkout=HERE, found=PYTHON, demanded="3.12 /opt/python"
    )
    assert "3.12" in reason


def test_a_stamp_is_read_as_it_was_written(prepare, tmp_path):
    prepare.write_stamp(tmp_path, stamp(prepare))
    assert prepare.read_stamp(tmp_path) == stamp(prepare)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"other": 1}', "null"])
def test_a_damaged_stamp_counts_as_none(prepare, tmp_path, text):
    (tmp_path / "soclet-stamp.json").write_text(text)
    assert prepare.read_stamp(tmp_path) is None


def test_a_python_that_is_absent_or_fails_has_no_identity(prepare, tmp_path):
    assert prepare.identity(tmp_path / "python") is None
    assert prepare.identity(executable(tmp_path / "broken", "exit 1")) is None


def test_the_identity_of_an_environments_python_is_that_of_its_base(prepare, checkout):
    assert prepare.identity(checkout.root / ".venv/bin/python") == prepare.identity(
        Path(sys.executable)
    )


def test_an_environment_that_is_replaced_is_moved_aside_with_what_is_in_it(prepare, tmp_path):
    attic = tmp_path / "attic"
    for content in ("older", "newer"):
        venv = tmp_path / ".venv"
        venv.mkdir()
        (venv / content).touch()
        prepare.set_aside(venv, attic)
        assert not venv.exists()
    assert [path.name for path in attic.iterdir()] == ["newer"]


def test_an_environment_that_is_a_link_is_replaced_without_touching_its_target(prepare, tmp_path):
    target = tmp_path / "someone's"
    target.mkdir()
    (target / "work").touch()
    for _ in range(2):
        (tmp_path / ".venv").symlink_to(target)
        prepare.set_aside(tmp_path / ".venv", tmp_path / "attic")
    assert (target / "work").exists()


def test_the_project_is_installed_again_only_when_its_description_changed(prepare, tmp_path):
    (tmp_path / "pyproject.toml").write_text("a")
    before = prepare.project_hash(tmp_path)
    assert prepare.project_hash(tmp_path) == before
    (tmp_path / "pyproject.toml").write_text("b")
    assert prepare.project_hash(tmp_path) != before


def test_pip_is_kept_from_installing_elsewhere(prepare, monkeypatch):
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    environment = prepare.clean_environment()
    assert "PIP_TARGET" not in environment
    assert environment["PIP_USER"] == "0"
    assert environment["PIP_INDEX_URL"] == "https://mirror.example/simple"


def test_what_apt_would_add_is_unpacked_and_what_it_would_upgrade_is_not(prepare):
    simulation = """\
NOTE: This is only a simulation!
The following NEW packages will be installed:
  gdb libipt2
Inst libc6 [2.36-9] (2.36-10 Debian:12.11/stable [amd64]) []
Inst libipt2 (2.0.5-1 Debian:12.11/stable [amd64])
Inst gcc (4:12.2.0-3 Debian:12.11/stable [amd64])
Conf libipt2 (2.0.5-1 Debian:12.11/stable [amd64])
"""
    assert prepare.new_packages(simulation) == ["libipt2=2.0.5-1", "gcc=4:12.2.0-3"]


def test_a_program_is_found_also_under_the_name_that_alternatives_link_to(prepare, tmp_path):
    executable(tmp_path / "bin/nc.openbsd", "true")
    assert prepare.find_program("nc", tmp_path) == Path("bin/nc.openbsd")
    executable(tmp_path / "usr/bin/nc", "true")
    assert prepare.find_program("nc", tmp_path) == Path("usr/bin/nc")
    assert prepare.find_program("tmux", tmp_path) is None


def test_an_unpacked_program_gets_its_libraries_and_arguments_also_after_a_move(
    prepare, tmp_path, log
):
    sysroot = tmp_path / "first place"
    (sysroot / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    (sysroot / "usr/share/perl5").mkdir(parents=True)
    executable(sysroot / "usr/bin/tool", 'echo "$LD_LIBRARY_PATH" "$PERL5LIB"; echo "$1" "$2"')
    prepare.make_callable(prepare.Package("tool", ("tool",), "a test"), sysroot, log)
    moved = sysroot.rename(tmp_path / "second place")

    out = subprocess.run(
        [moved / "tools/tool", "a b", "c"], capture_output=True, text=True, check=True
    ).stdout
    libraries = f"{moved}/usr/lib:{moved}/usr/lib/x86_64-linux-gnu"
    assert out == f"{libraries} {moved}/usr/share/perl5\na b c\n"


def test_an_unpacked_program_that_does_not_work_is_not_among_the_tools(prepare, tmp_path, log):
    executable(tmp_path / "usr/bin/tool", '[ "$1" != --version ]')
    tool = prepare.Package("tool", ("tool", "--version"), "a test")
    prepare.make_callable(tool, tmp_path, log)
    assert list((tmp_path / "tools").iterdir()) == []


def test_an_unpacked_gdb_gets_its_data_and_the_python_that_was_unpacked(prepare, tmp_path):
    (tmp_path / "usr/share/gdb").mkdir(parents=True)
    (tmp_path / "usr/lib/python3.11").mkdir(parents=True)
    gdb = Path("usr/bin/gdb-multiarch")

    script = prepare.wrapper(gdb, tmp_path)
    assert '--data-directory="$root/usr/share/gdb"' in script
    assert 'PYTHONPATH="$root/usr/lib/python3.11"' in script
    assert "PYTHONHOME" not in script

    (tmp_path / "usr/lib/python3.11/os.py").touch()
    assert 'PYTHONHOME="$root/usr"' in prepare.wrapper(gdb, tmp_path)
    assert "PYTHON" not in prepare.wrapper(Path("usr/bin/tmux"), tmp_path)


def test_a_failure_is_one_line_below_the_end_of_the_log(prepare, tmp_path, log, capsys):
    log.step("trying")
    assert not log.run("sh", "-c", "seq 100; exit 1", cwd=tmp_path)
    log.explain(prepare.SetUpError("it does not work"))
    err = capsys.readouterr().err.splitlines()
    assert err[0] == "soclet: trying"
    assert "99" in err
    assert "50" not in err
    assert err[-1] == "soclet: set-up failed: it does not work"


def test_what_commands_print_is_in_the_log_in_its_order(tmp_path, log):
    log.step("trying")
    assert log.run("sh", "-c", "echo one; echo two >&2; echo three", cwd=tmp_path)
    assert log.ask("echo", "four", cwd=tmp_path) == "four\n"
    commands = ("==", "$")
    lines = (tmp_path / "log").read_text().splitlines()
    printed = [line for line in lines if not line.startswith(commands)]
    assert printed == ["one", "two", "three", "four"]


def test_a_log_is_begun_by_the_first_step_only(tmp_path, log):
    assert log.run("true", cwd=tmp_path)
    assert not (tmp_path / "log").exists()


def test_a_command_that_does_not_exist_has_failed(tmp_path, log):
    assert not log.run("/nowhere/command", cwd=tmp_path)


def test_set_up_with_nothing_to_do_says_nothing_and_prints_the_folder_of_the_tools(
    checkout, prepare
):
    out, err = set_up(checkout).communicate()
    assert err == ""
    assert out == f"{prepare.sysroot_of_system(checkout.root) / 'tools'}\n"
    assert [path.name for path in (checkout.root / ".cache").iterdir()] == ["setup.lock"]


def test_set_up_waits_for_another_one_that_is_under_way(checkout):
    (checkout.root / ".cache").mkdir()
    with (checkout.root / ".cache/setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = set_up(checkout)
        assert "waiting" in waiting.stderr.readline()
        assert waiting.poll() is None
    out, _ = waiting.communicate()
    assert waiting.returncode == 0
    assert out.endswith("/tools\n")


def test_a_package_that_cannot_be_had_is_named_in_a_line_with_its_purpose(checkout, tmp_path):
    (checkout.root / "scripts/packages.txt").write_text("nosuch | nosuch-command -v | teaching\n")
    # There is no apt-get on this path: what is missing stays missing.
    process = set_up(checkout, env=checkout.environment(PATH=str(tmp_path)))
    _, err = process.communicate()
    assert process.returncode == 0
    assert err == "soclet: no nosuch-command (package nosuch), which is for teaching\n"


def test_files_that_set_up_makes_can_be_used_by_their_owner_whatever_the_umask(checkout):
    set_up(checkout, umask=0o777).communicate()
    assert (checkout.root / ".cache").stat().st_mode & 0o777 == 0o700


@pytest.fixture
def peers(checkout):
    """Run the set-up of the benchmarks' peers, whose environment has no pip."""
    (checkout.root / "scripts/peers.txt").write_text("dash | sh -c true | these tests\n")
    home = checkout.root / ".cache/peers"
    venv.create(home, with_pip=False, symlinks=True)

    def run(*present):
        (library,) = home.glob("lib/python*/site-packages")
        for name in present:
            (library / f"{name}.py").touch()
        return subprocess.run(
            [sys.executable, checkout.root / "scripts/lib/prepare_peers.py"],
            env=checkout.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_peers_that_are_there_are_left_alone(peers):
    done = peers("unicorn", "tinyrv", "py65")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_peer_that_cannot_be_had_is_named_in_a_line_and_is_no_error(peers):
    done = peers("unicorn", "py65")
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == "soclet: installing tinyrv into .cache/peers"
    assert done.stderr.splitlines()[1].startswith("soclet: no tinyrv: pip could not install it; ")
    assert len(done.stderr.splitlines()) == 2
