"""The files for VS Code: their tasks run as they are, and a gdb does what its adapter does."""

import json
import re
import shutil

import pytest
from documents import ROOT, Machine
from mi import Mi

from soclet.__main__ import COMMANDS, soclet

FOLDER = ROOT / "docs" / "vscode"
FARM = ROOT / "tests" / "e2e" / "golden"
TASKS = {task["label"]: task for task in json.loads((FOLDER / "tasks.json").read_text())["tasks"]}
(LAUNCH,) = json.loads((FOLDER / "launch.json").read_text())["configurations"]
START = TASKS["soclet: start the machine"]


@pytest.fixture
def workspace(folder):
    """A folder of firmware as VS Code has it open."""
    for source in FARM.glob("*.s"):
        shutil.copy(source, folder)
    (folder / ".vscode").mkdir()
    return folder


def filled_in(text, workspace):
    """A text with the variables that VS Code fills in."""
    known = {"workspaceFolder": str(workspace), "file": str(workspace / "farm.s")}
    return re.sub(r"\$\{(\w+)\}", lambda match: known[match[1]], text)


def words_of(task, workspace):
    return [filled_in(word, workspace) for word in task["args"]]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
def test_a_task_is_a_command_line_that_there_is(task, workspace):
    name, *words = words_of(task, workspace)
    assert (task["type"], task["command"]) == ("process", "soclet")
    assert name in COMMANDS
    (workspace / ".vscode" / "firmware.elf").touch()
    soclet.get_command(None, name).make_context(name, words)


def test_what_is_launched_is_what_the_tasks_make_and_start():
    assert LAUNCH["preLaunchTask"] == START["label"]
    assert set(START["dependsOn"]) <= set(TASKS)
    assert LAUNCH["program"] in START["args"]
    assert LAUNCH["program"] in TASKS["soclet: assemble"]["args"]
    (command,) = LAUNCH["setupCommands"]
    assert command["text"].removeprefix("source ") in TASKS["soclet: teach gdb"]["args"]
    port = START["args"][START["args"].index("--gdb") + 1]
    assert LAUNCH["miDebuggerServerAddress"] == f"127.0.0.1:{port}"


def test_errors_are_found_in_the_source(workspace, shell):
    (workspace / "farm.s").write_text("        movv r0, 1\n", encoding="utf-8")
    command = " ".join(words_of(TASKS["soclet: assemble"], workspace))
    (error,) = shell(f"soclet {command}")
    matcher = TASKS["soclet: assemble"]["problemMatcher"]["pattern"]
    match = re.search(matcher["regexp"], error)
    assert match[matcher["file"]] == str(workspace / "farm.s")
    assert (match[matcher["line"]], match[matcher["column"]]) == ("1", "9")
    assert match[matcher["message"]].startswith("unknown instruction")


class Announced(Machine):
    """A machine that is waited for as VS Code waits: for a line that the task's matcher knows."""

    def listening(self, kind):
        port = super().listening(kind)
        end = START["problemMatcher"]["background"]["endsPattern"]
        assert re.search(end, f"{kind}: listening on 127.0.0.1:{port}")
        return port


@pytest.fixture
def session(workspace, shell, started):
    """What pressing F5 comes to, on a free port: an adapter's gdb, attached."""
    for label in START["dependsOn"]:
        assert shell(f"soclet {' '.join(words_of(TASKS[label], workspace))}") == []
    words = ["0" if word == "1234" else word for word in words_of(START, workspace)]
    machine = started(Announced, *words, "--clock", "virtual")
    mi = started(Mi, LAUNCH["miDebuggerPath"])
    mi.machine = machine
    mi.ask("-gdb-set mi-async on")
    for command in LAUNCH["setupCommands"]:
        mi.console(filled_in(command["text"], workspace))
    mi.ask(f"-environment-cd {json.dumps(filled_in(LAUNCH['cwd'], workspace))}")
    mi.ask(f"-file-exec-and-symbols {json.dumps(filled_in(LAUNCH['program'], workspace))}")
    mi.ask("-break-insert -f work.s:24")
    mi.ask(f"-target-select remote 127.0.0.1:{machine.listening('gdb')}")
    assert 'addr="0x00001000",func="start"' in mi.stopped()
    return mi


def test_the_stack_shows_functions_files_and_lines(session, workspace):
    stop = session.resume("-exec-continue")
    assert stop.startswith('reason="breakpoint-hit"')
    threads = session.ask("-thread-info")
    assert threads.startswith('threads=[{id="1"')
    stack = session.ask("-stack-list-frames 0 20")
    frames = re.findall(r'func="(\w+)",file="([\w.]+)",fullname="([^"]+)",line="(\d+)"', stack)
    assert frames == [
        ("square", "work.s", str(workspace / "work.s"), "24"),
        ("harvest", "work.s", str(workspace / "work.s"), "10"),
        ("start", "farm.s", str(workspace / "farm.s"), "20"),
    ]
    assert session.ask("-stack-list-variables --simple-values") == "variables=[]"


def test_registers_variables_and_memory_are_shown(session):
    session.resume("-exec-continue")
    names = re.findall(r'"([^"]*)"', session.ask("-data-list-register-names"))
    values = session.ask("-data-list-register-values x")
    shown = {
        names[int(n)]: value for n, value in re.findall(r'number="(\d+)",value="(.*?)"', values)
    }
    assert (shown["r0"], shown["pc"], shown["status"]) == ("0x3", "0x11e8", "0x1")
    assert 'numchild="5",value="[5]",type="word [5]"' in session.ask('-var-create w * "weights"')
    children = session.ask("-var-list-children --simple-values w")
    assert re.findall(r'value="(\d+)"', children) == ["3", "1", "4", "1", "5"]
    assert 'value="3"' in session.ask('-var-create r * "$r0"')
    session.ask('-var-assign r "6"')
    assert session.ask("-data-evaluate-expression $r0") == 'value="6"'
    assert 'contents="03000000' in session.ask("-data-read-memory-bytes &weights 4")


def test_the_disassembly_is_ours(session):
    shown = session.ask("-data-disassemble -s 0x11e8 -e 0x1200 -- 2")
    assert re.findall(r'inst="(.*?)"', shown) == ["mov r1, r0", "mul r0, r1", "mov pc, link"]


def test_steps_go_over_in_and_out(session):
    session.resume("-exec-continue")
    assert 'line="25"' in session.resume("-exec-next")
    assert 'line="26"' in session.resume("-exec-step")
    stop = session.resume("-exec-finish")
    assert 'func="harvest"' in stop
    assert 'return-value="9"' in stop


def test_conditions_and_pauses_stop_the_program(session):
    session.ask("-break-delete 1")
    session.ask('-break-insert -f -c "$r0 == 5" work.s:24')
    session.resume("-exec-continue")
    assert session.ask("-data-evaluate-expression $r0") == 'value="5"'
    session.ask("-break-delete 2")
    session.console("set var $pc = spin")
    session.ask("-exec-continue")
    session.ask("-exec-interrupt")
    assert 'signal-name="SIGINT"' in session.stopped()


def test_stopping_ends_the_machine(session):
    session.console("kill")
    session.ask("-gdb-exit")
    status, _, _ = session.machine.end()
    assert status == 130


def test_disconnecting_lets_the_machine_go_on(session):
    session.ask("-target-detach")
    status, output, _ = session.machine.end()
    assert (status, output) == (3, "harvest\n")
