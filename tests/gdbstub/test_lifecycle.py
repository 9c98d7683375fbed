import pytest
from fake_target import FakeTarget, PlainTarget

from gdbstub.target import BreakpointKind, Exited, FlashWrite, Killed, TargetError

# ------------------------------------------------------------------------------- leaving


@pytest.mark.parametrize("payload", [b"D", b"D;1", b"D;a410"])
def test_detaching_clears_the_breakpoints_and_lets_the_target_go_on(talk, target, payload):
    talk.ask_all(b"Z0,1010,4", b"Z1,1020,4")
    assert talk.ask(payload) == b"OK"
    assert target.breakpoints == set()
    assert target.asked[-1] == "detach"
    assert target.running
    assert talk.session.leaving
    talk.session.close()
    assert "abandon" not in target.asked


def test_after_detaching_an_extended_client_stays_without_a_program(talk, target):
    talk.ask_all(b"!", b"D")
    assert not talk.session.leaving
    assert talk.ask(b"?") == b"W00"
    assert talk.ask_all(b"c", b"s", b"M1000,1:00") == [b"E03"] * 3
    assert target.asked == ["attach", "detach"]


def test_a_lost_connection_leaves_a_halted_target_halted_without_breakpoints(talk, target):
    talk.ask(b"Z0,1010,4")
    talk.session.close()
    talk.session.close()
    assert target.asked[-2:] == [("clear", BreakpointKind.SOFTWARE, 0x1010), "abandon"]
    assert not target.running


def test_a_lost_connection_leaves_a_running_target_running(talk, target):
    talk.ask_all(b"Z0,1010,4", b"c")
    talk.session.close()
    assert target.running
    assert target.breakpoints == set()
    assert target.asked[-1] == "abandon"


# ------------------------------------------------------------------------------- killing


def test_k_ends_the_program_without_a_reply_and_the_connection(talk, target):
    assert talk.ask_all(b"k") == []
    assert target.asked[-1] == ("kill", False)
    assert talk.session.leaving


def test_v_kill_ends_the_program_and_keeps_the_connection(talk, target):
    assert talk.ask(b"vKill;a410") == b"OK"
    assert target.asked[-1] == ("kill", False)
    assert not talk.session.leaving
    assert talk.ask(b"?") == b"X09"
    assert talk.ask(b"c") == b"E03"


@pytest.mark.parametrize("payload", [b"vKill;", b"vKill;x", b"vKill;-1"])
def test_v_kill_without_a_process_kills_nothing(talk, target, payload):
    assert talk.ask(payload) == b"E16"
    assert target.asked == ["attach"]


@pytest.mark.parametrize(("first", "stays"), [([], False), ([b"!"], True)])
def test_a_target_learns_that_its_end_was_told_and_whether_it_may_be_begun_again(
    connect, first, stays
):
    target = FakeTarget(answer=Exited(7))
    talk = connect(target)
    talk.ask_all(*first)
    assert talk.ask_all(b"vCont;c") == [b"W07"]
    assert target.asked[-1] == ("exited", stays)


def test_in_extended_mode_the_program_can_be_killed_and_begun_again(talk, target):
    assert talk.ask(b"!") == b"OK"
    assert talk.ask_all(b"k") == []
    assert not talk.session.leaving
    assert target.asked[-1] == ("kill", True)
    assert target.stop == Killed()
    assert talk.ask_all(b"R00") == []
    assert talk.ask(b"?").startswith(b"T05")
    assert talk.ask(b"s").startswith(b"T05")
    assert target.asked.count("attach") == 1


def test_after_detaching_a_restart_takes_hold_of_the_target_again(talk, target):
    talk.ask_all(b"!", b"D", b"R00")
    assert target.asked == ["attach", "detach", "attach", "restart"]
    assert talk.ask(b"?").startswith(b"T05")
    talk.session.close()
    assert target.asked[-1] == "abandon"


def test_a_restart_outside_extended_mode_is_an_error(talk, target):
    assert talk.ask(b"R00") == b"E16"
    assert "restart" not in target.asked


def test_a_target_that_cannot_be_killed_or_restarted_does_not_know_these_packets(connect):
    packets = (b"!", b"R00", b"k", b"vKill;1", b"vRun;", b"vAttach;1")
    assert connect(PlainTarget()).ask_all(*packets) == [b""] * 6


# ------------------------------------------------------------------------------- running anew


def named(*texts):
    return b"vRun;" + b";".join(text.encode().hex().encode() for text in texts)


@pytest.mark.parametrize("packet", [named(""), named("/firmware/hello.elf"), named("hello.elf")])
def test_the_program_is_run_by_its_own_name_or_none(talk, target, packet):
    talk.ask_all(b"!", b"s", b"vKill;1")
    assert talk.ask(packet).startswith(b"T05thread:01;")
    assert target.asked[-1] == "restart"
    assert talk.ask(b"s").startswith(b"T05")


def test_the_program_is_run_again_after_it_was_let_go(talk, target):
    talk.ask_all(b"!", b"D", b"vRun;")
    assert target.asked == ["attach", "detach", "attach", "restart"]


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (named("/bin/sh"), b"E.only /firmware/hello.elf can be run here"),
        (named("/other/hello.elf"), b"E.only /firmware/hello.elf can be run here"),
        (named("", "x"), b"E.a program takes no arguments here"),
        (named("hello.elf", "-x", "y"), b"E.a program takes no arguments here"),
        (b"vRun;zz", b"E.pairs of hexadecimal digits are wanted"),
    ],
)
def test_no_other_program_is_run_and_none_with_arguments(talk, target, packet, why):
    talk.ask_all(b"qSupported:error-message+", b"!")
    assert talk.ask(packet) == why
    assert target.asked == ["attach"]


def test_a_target_without_a_file_runs_what_has_no_name(connect):
    class Nameless(PlainTarget):
        restart = FakeTarget.restart
        exited = FakeTarget.exited

    talk = connect(Nameless())
    talk.ask_all(b"qSupported:error-message+", b"!")
    why = b"E.only the program that is there, without a name, can be run here"
    assert talk.ask(named("hello.elf")) == why
    assert talk.ask(b"vRun;").startswith(b"T05")


def test_a_client_learns_what_would_be_run(connect, talk):
    assert talk.ask(b"qExecAndArgs") == b"S;" + b"/firmware/hello.elf".hex().encode() + b";;"
    assert connect(PlainTarget()).ask(b"qExecAndArgs") == b""


def test_outside_extended_mode_nothing_is_run_or_attached_to(talk, target):
    assert talk.ask_all(b"vRun;", b"vAttach;1") == [b"E16", b"E16"]
    assert target.asked == ["attach"]


def test_attaching_undoes_a_detach(talk, target):
    talk.ask_all(b"!", b"D")
    assert target.running
    assert talk.ask(b"vAttach;1").startswith(b"T05thread:01;")
    assert not target.running
    assert target.asked == ["attach", "detach", "attach"]


def test_there_is_no_attaching_twice_nor_to_what_has_ended(talk, target):
    talk.ask_all(b"qSupported:error-message+", b"!")
    assert talk.ask(b"vAttach;1") == b"E.the program is attached to already"
    talk.ask(b"vKill;1")
    assert talk.ask(b"vAttach;1") == b"E.the program has ended; it can be run again"
    assert talk.ask(b"vRun;").startswith(b"T05")
    assert target.asked == ["attach", ("kill", True), "restart"]


@pytest.mark.parametrize("packet", [b"vAttach;", b"vAttach;x", b"vAttach;-1", b"vAttach;p1"])
def test_a_process_is_a_number(talk, packet):
    talk.ask_all(b"!", b"D")
    assert talk.ask(packet) == b"E16"


# ------------------------------------------------------------------------------- documents


def test_the_target_description_is_read_piece_by_piece(talk, target):
    document, offset = b"", 0
    while True:
        reply = talk.ask(b"qXfer:features:read:target.xml:%x,40" % offset)
        document += reply[1:]
        offset += len(reply) - 1
        if reply[:1] == b"l":
            break
        assert reply[:1] == b"m"
        assert len(reply) == 1 + 0x40
    assert document.decode() == target.target_xml


def test_the_last_piece_is_told_as_such_to_the_byte(talk, target):
    size = len(target.target_xml)
    name = b"qXfer:features:read:target.xml:"
    assert talk.ask(name + b"0,%x" % size)[:1] == b"l"
    assert talk.ask(name + b"0,%x" % (size - 1))[:1] == b"m"
    assert talk.ask(name + b"%x,1" % (size - 1)) == b"l\n"
    assert talk.ask(name + b"%x,1" % size) == b"l"
    assert talk.ask(name + b"%x,1" % (size + 1)) == b"E16"


@pytest.mark.parametrize("annex", [b"target.xmlX", b"target", b"", b"Target.xml", b"a:target.xml"])
def test_an_annex_is_known_by_its_exact_name(talk, annex):
    assert talk.ask(b"qXfer:features:read:" + annex + b":0,fff") == b"E00"


@pytest.mark.parametrize("extent", [b"", b":0", b":0,", b":x,1", b":-1,1", b":0,1:"])
def test_a_transfer_without_a_proper_extent_is_told_in_the_manual_s_number(talk, extent):
    assert talk.ask(b"qXfer:features:read:target.xml" + extent) == b"E00"


def test_the_memory_map_is_read_without_an_annex(talk, target):
    reply = talk.ask(b"qXfer:memory-map:read::0,fff")
    assert reply == b"l" + target.memory_map_xml.encode()
    assert talk.ask(b"qXfer:memory-map:read:x:0,fff") == b"E00"


def test_the_memory_map_may_be_another_for_the_next_client(connect):
    class Remapped(FakeTarget):
        memory_map_xml = "<memory-map>ram</memory-map>"

    target = Remapped()
    for kind in ("ram", "flash"):
        target.memory_map_xml = f"<memory-map>{kind}</memory-map>"
        reply = connect(target).ask(b"qXfer:memory-map:read::0,fff")
        assert reply == b"l" + target.memory_map_xml.encode()


def test_a_piece_fits_a_packet(connect, target):
    talk = connect(target, packet_size=64)
    assert len(talk.ask(b"qXfer:features:read:target.xml:0,fff")) == 64


# ------------------------------------------------------------------------------- flash


def test_flash_is_collected_and_given_to_the_target_at_once(talk, target):
    assert talk.ask_all(b"vFlashErase:2000,2000", b"vFlashErase:4000,1000") == [b"OK"] * 2
    assert talk.ask_all(b"vFlashWrite:2000:ab", b"vFlashWrite:2002:c}\x03") == [b"OK"] * 2
    assert talk.ask(b"vFlashWrite:3fff:de") == b"OK"
    assert target.asked == ["attach"]
    assert talk.ask(b"vFlashDone") == b"OK"
    writes = (FlashWrite(0x2000, b"abc#"), FlashWrite(0x3FFF, b"de"))
    assert target.asked[1:] == [("flash", (range(0x2000, 0x4000), range(0x4000, 0x5000)), writes)]


def test_when_it_is_done_the_next_flashing_begins_anew(talk, target):
    talk.ask_all(b"vFlashErase:2000,1000", b"vFlashDone")
    assert talk.ask(b"vFlashWrite:2000:a") == b"E16"
    assert talk.ask(b"vFlashDone") == b"OK"
    assert len(target.asked) == 2


@pytest.mark.parametrize(
    "payload", [b"vFlashErase:0,1000", b"vFlashErase:5000,2000", b"vFlashWrite:0:a"]
)
def test_flashing_what_is_no_flash_is_told_in_the_manual_s_words(talk, payload):
    assert talk.ask(payload) == b"E.memtype"


@pytest.mark.parametrize(
    "payload",
    [
        *(b"vFlashErase:2001,fff", b"vFlashErase:2000,fff", b"vFlashErase:2000,0"),
        *(b"vFlashErase:2000", b"vFlashErase:", b"vFlashWrite:3000:a", b"vFlashWrite:2fff:ab"),
        *(b"vFlashWrite:2000", b"vFlashWrite:2000:", b"vFlashWrite:x:a", b"vFlashWrite:2001:a"),
    ],
)
def test_flashing_against_the_rules_is_an_error(talk, target, payload):
    talk.ask_all(b"vFlashErase:2000,1000", b"vFlashWrite:2000:ab")
    assert talk.ask(payload) == b"E16"
    talk.ask(b"vFlashDone")
    assert target.asked[1:] == [
        ("flash", (range(0x2000, 0x3000),), (FlashWrite(0x2000, b"ab"),)),
    ]


def test_a_target_that_refuses_to_flash_says_why(talk, target, monkeypatch):
    def refuse(_erased, _writes):
        raise TargetError("the file is read-only", 30)

    monkeypatch.setattr(target, "flash", refuse)
    talk.ask_all(b"qSupported:error-message+", b"vFlashErase:2000,1000")
    assert talk.ask(b"vFlashDone") == b"E.the file is read-only"


def test_a_client_that_leaves_in_the_middle_has_flashed_nothing(connect, talk, target):
    talk.ask_all(b"vFlashErase:2000,1000", b"vFlashWrite:2000:ab")
    talk.session.close()
    assert connect(target).ask(b"vFlashDone") == b"OK"
    assert not any(each[0] == "flash" for each in target.asked)


# ------------------------------------------------------------------------------- monitor


def monitor(text):
    return b"qRcmd," + text.encode().hex().encode()


def said(text):
    return b"O" + text.encode().hex().encode()


def test_a_monitor_command_is_carried_out_and_its_output_shown(talk):
    assert talk.ask_all(monitor("reset now")) == [said("did reset now\n"), b"OK"]


def test_a_failing_monitor_command_says_so_on_the_console(talk):
    sentence = 'unknown command "fail"; "monitor help" lists them'
    assert talk.ask_all(monitor("fail")) == [said(sentence + "\n"), b"OK"]


def test_a_failing_monitor_command_is_an_error_to_a_client_that_takes_words(talk):
    talk.ask(b"qSupported:error-message+")
    assert talk.ask(monitor("fail")) == b'E.unknown command "fail"; "monitor help" lists them'


def test_a_long_output_is_cut_into_packets(connect, target):
    talk = connect(target, packet_size=64)
    target.monitor = lambda command: command * 4
    *shown, last = talk.ask_all(monitor("abcdefghij"))
    assert last == b"OK"
    assert all(len(each) <= 64 and each[:1] == b"O" for each in shown)
    assert len(shown) == 2
    text = b"".join(bytes.fromhex(each[1:].decode()) for each in shown)
    assert text == b"abcdefghij" * 4 + b"\n"


@pytest.mark.parametrize("payload", [b"qRcmd,6", b"qRcmd,zz", b"qRcmd,61 62"])
def test_a_monitor_command_that_is_not_hexadecimal_is_an_error(talk, payload):
    assert talk.ask(payload) == b"E16"


def test_a_command_that_takes_time_is_answered_when_it_is_over(talk):
    assert talk.ask_all(monitor("dig")) == []
    assert talk.answered("found it\n") == [said("found it\n"), b"OK"]
    assert talk.answered("once more\n") == []


def test_a_command_that_takes_time_may_fail(talk):
    talk.ask(b"qSupported:error-message+")
    talk.ask_all(monitor("dig"))
    assert talk.answered(TargetError("it is gone")) == [b"E.it is gone"]


def test_what_is_asked_while_a_command_takes_time_waits_for_its_answer(talk):
    assert talk.ask_all(monitor("dig"), b"?", monitor("reset")) == []
    assert not talk.session.backlog
    *found, stop, done, ok = talk.answered("found it\n")
    assert found == [said("found it\n"), b"OK"]
    assert stop[:1] == b"T"
    assert (done, ok) == (said("did reset\n"), b"OK")


def test_who_waits_for_a_command_is_told_that_it_goes_on(talk):
    assert talk.reassured() == []
    talk.ask_all(monitor("dig"))
    assert talk.reassured() == [b"O"]
    talk.answered("found it\n")
    assert talk.reassured() == []


def test_ctrl_c_gives_a_command_up(talk, target):
    talk.ask_all(monitor("dig"))
    assert talk.interrupt() == [said("given up\n"), b"OK"]
    assert target.asked[-1] == "give up"
    assert talk.answered("found it\n") == []
    assert talk.ask(b"?")[:1] == b"T"


def test_a_client_that_leaves_gives_its_command_up(talk, target):
    talk.ask_all(monitor("dig"))
    talk.session.close()
    assert target.asked[-2:] == ["give up", "abandon"]


def test_a_target_without_commands_does_not_know_the_packet(connect):
    assert connect(PlainTarget()).ask(monitor("x")) == b""
