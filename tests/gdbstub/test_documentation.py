import re
from pathlib import Path

import pytest
from fake_target import CompleteTarget, FakeTarget

from gdbstub.agent.opcodes import OPCODES
from gdbstub.registry import PACKETS, features_for, packet
from gdbstub.target import TargetError

DOCS = Path(__file__).parents[2] / "docs"


def rows(heading):
    """The cells of a table in the document, its heading and rule left out."""
    text = (DOCS / "gdb-packets.md").read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def test_the_table_of_packets_says_done_of_exactly_those_that_are_declared():
    done = {
        name: needs
        for what, state, needs, _ in rows("Packets") + rows("Queries")
        if state == "done"
        for name in names(what)
    }
    del done["q"], done["Q"]
    declared = {each.name.decode(): each.ability.__name__ for each in PACKETS.values()}
    assert done == {name: "–" if each == "Target" else each for name, each in declared.items()}


def words(text):
    return re.findall(r"\S+", text)


def test_no_packet_has_two_rows():
    listed = [name for row in rows("Packets") + rows("Queries") for name in names(row[0])]
    assert len(listed) == len(set(listed))


PACKETS_OF_THE_MANUAL = words("""
! ? A b B bc bs c C d D F g G H i I k m M p P q Q r R s S t T vAttach vCont vCont? vCtrlC
vFlashErase vFlashWrite vFlashDone vKill vMustReplyEmpty vRun vStopped x X z0 Z0 z1 Z1 z2 Z2 z3
Z3 z4 Z4 vFile:open vFile:close vFile:pread vFile:pwrite vFile:fstat vFile:stat vFile:lstat
vFile:unlink vFile:readlink vFile:setfs QAgent QAllow qC qCRC QDisableRandomization
QStartupWithShell QEnvironmentHexEncoded QEnvironmentUnset QEnvironmentReset QSetWorkingDir
qfThreadInfo qsThreadInfo qGetTLSAddr qGetTIBAddr qL qMemTags qIsAddressTagged QMemTags qOffsets
qP QNonStop QCatchSyscalls QPassSignals QProgramSignals QThreadEvents QThreadOptions qRcmd
qSearch:memory QStartNoAckMode qSupported qSymbol qTBuffer QTBuffer QTDisconnected QTDP QTDPsrc
QTDV qTfP qTfV QTFrame qTMinFTPILen qThreadExtraInfo QTNotes qTP QTSave qTsP qTsV QTStart QTStop
QTEnable QTDisable QTinit QTro qTStatus qTV qTfSTM qTsSTM qTSTMat qXfer:auxv:read
qXfer:btrace:read qXfer:btrace-conf:read qXfer:exec-file:read qXfer:features:read
qXfer:libraries:read qXfer:libraries-svr4:read qXfer:memory-map:read qXfer:sdata:read
qXfer:siginfo:read qXfer:siginfo:write qXfer:threads:read qXfer:traceframe-info:read
qXfer:uib:read qXfer:fdpic:read qXfer:osdata:read qAttached qExecAndArgs Qbtrace Qbtrace-conf
""")
FEATURES_OF_THE_MANUAL = words("""
PacketSize qXfer:auxv:read qXfer:btrace:read qXfer:btrace-conf:read qXfer:exec-file:read
qXfer:features:read qXfer:libraries:read qXfer:libraries-svr4:read augmented-libraries-svr4-read
qXfer:memory-map:read qXfer:sdata:read qXfer:siginfo:read qXfer:siginfo:write qXfer:threads:read
qXfer:traceframe-info:read qXfer:uib:read qXfer:fdpic:read Qbtrace:off Qbtrace:bts Qbtrace:pt
Qbtrace-conf:bts:size Qbtrace-conf:pt:size Qbtrace-conf:pt:ptwrite Qbtrace-conf:pt:event-tracing
QNonStop QCatchSyscalls QPassSignals QStartNoAckMode multiprocess ConditionalBreakpoints
ConditionalTracepoints ReverseContinue ReverseStep TracepointSource QAgent QAllow
StaticTracepoint QDisableRandomization InstallInTrace EnableDisableTracepoints QTBuffer:size
tracenz BreakpointCommands swbreak hwbreak fork-events vfork-events exec-events vContSupported
QThreadEvents QThreadOptions no-resumed memory-tagging error-message binary-upload
single-inf-arg multi-wp-addr xmlRegisters qRelocInsn qXfer:osdata:read
""")
REASONS_OF_THE_MANUAL = words("""
S T W X w N O F core watch rwatch awatch syscall_entry syscall_return library replaylog swbreak
hwbreak fork vfork vforkdone exec clone create
""")
"""As of GDB 17 and what is written for 18."""


def test_every_packet_of_the_manual_has_a_row():
    listed = {name for row in rows("Packets") + rows("Queries") for name in names(row[0])}
    short = {name.rstrip(":;,") for name in listed} | listed
    assert set(PACKETS_OF_THE_MANUAL) <= short


def test_every_feature_of_the_manual_has_a_row():
    listed = {name for row in rows("Features in `qSupported`") for name in names(row[0])}
    transfers = {name for row in rows("Queries") for name in names(row[0])}
    assert {name for name in FEATURES_OF_THE_MANUAL if name not in listed} <= transfers


def test_every_stop_reply_and_reason_of_the_manual_has_a_row():
    listed = {name for row in rows("Stop replies") for name in names(row[0])}
    assert set(REASONS_OF_THE_MANUAL) == listed


def test_the_table_of_features_says_done_of_exactly_those_that_are_advertised():
    done = {
        name
        for what, state, _ in rows("Features in `qSupported`")
        if state == "done"
        for name in names(what)
    }
    assert done == {"PacketSize", *features_for(CompleteTarget())}


def test_the_table_of_agent_opcodes_says_of_each_whether_it_is_taken():
    listed = {name: state for what, state, _ in rows("Agent expressions") for name in names(what)}
    assert listed == {each.name: "refused" if each.refused else "done" for each in OPCODES.values()}


@pytest.fixture
def worked_example():
    """The how-to's own code, declared for as long as a test runs."""
    text = (DOCS / "adding-a-packet.md").read_text(encoding="utf-8")
    ability, handler, _tests = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    imports = "from typing import Protocol, runtime_checkable\n"
    scope = {"__name__": "worked_example", "packet": packet}
    exec(imports + ability + handler, scope)
    yield scope
    del PACKETS[b"qOffsets"]


class MovedTarget(FakeTarget):
    moved = None

    def displacement(self):
        if self.moved is None:
            raise TargetError("no program is loaded")
        return self.moved


@pytest.mark.usefixtures("worked_example")
def test_the_worked_example_of_the_how_to_is_true(connect):
    target = MovedTarget()
    able = connect(target)
    assert able.ask(b"qOffsets") == b"E16"
    target.moved = 0x4000
    assert able.ask(b"qOffsets") == b"Text=4000;Data=4000;Bss=4000"
    assert connect(FakeTarget()).ask(b"qOffsets") == b""
