"""What is said of stops and traps: what happened, why, and where."""

import pytest
from board import ALL, Board

from machine.reason import Reason
from soclet import sentences
from soclet.source_map import SourceMap
from toolchain.images import load_image

USER = 0


def newest(board):
    """Give the sentence of the trap that was entered last."""
    entered = board.machine.cpu.entered[-1]
    return sentences.trap_entered(board.machine, SourceMap(board.machine), entered)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("div r0, r0", "vector 7, division by zero, at pc 0x1000"),
        ("trap 0x2a", "vector 8, the instruction `trap 0x2a`, at pc 0x1000"),
        ("brk", "vector 9, `brk` with no debugger, at pc 0x1000"),
        ("mov r0, [r1]", "vector 5, misaligned address, loading from 0x2002, at pc 0x1000"),
        ("mov pc, 0x1004", "vector 5, misaligned address, fetching from 0x1004, at pc 0x1004"),
        ("mov [r2], r0", "storing to 0x7ffffffc (nothing is there: memory is 0x1000 to 0xffff)"),
        ("mov pc, 0x10", "fetching from 0x10 (the I/O page holds no instructions)"),
        ("mov r0, [r3]", "loading from 0x20 (the port POWER_OFF can only be stored to)"),
        ("mov [r4], r0", "storing to 0x10 (the port RX can only be loaded from)"),
        ("mov r0, [r5]", "loading from 0x11 (no port is at exactly that address)"),
    ],
)
def test_a_trap_is_told_with_why_and_where(line, told):
    board = Board(line).set(r1=0x2002, r2=0x7FFF_FFFC, r3=0x20, r4=0x10, r5=0x11)
    board.step(2)
    assert told in newest(board)
    assert newest(board).startswith("tick ")


def test_what_has_no_row_is_told_with_its_word():
    board = Board(code=b"\xff" + bytes(7)).step()
    assert newest(board) == (
        "tick 0: vector 1, illegal instruction, whose low word is 0x000000ff, at pc 0x1000"
    )


def test_user_mode_is_told():
    board = Board("mov r0, status").set(status=USER).step()
    assert newest(board).startswith(
        "tick 0: vector 2, privileged register or instruction in user mode, whose low word is "
    )
    assert newest(board).endswith(", at pc 0x1000, in user mode")
    board = Board("mov r0, [r1]").set(r1=0x14, status=USER).step()
    assert "(user mode reaches the I/O page only through a page table)" in newest(board)


def test_translated_accesses_are_told_with_the_address_used():
    board = Board("mov r0, [r1]").set(r1=0x7004)
    board.translated().step()
    assert "vector 3, page not present, loading from 0x7004, at pc 0x1000" in newest(board)
    board = Board("mov [r1], r0").set(r1=0x7004)
    board.map(7, 7, ALL & ~4)
    board.translated().step()
    assert "vector 4, page protection, storing to 0x7004" in newest(board)
    board = Board("mov r0, [r1]").set(r1=0x7004)
    board.map(7, 0x800)
    board.translated().step()
    assert "loading from 0x7004 (its page is no memory, or no port for that)" in newest(board)


def test_an_interrupt_comes_before_an_instruction():
    board = Board("mov r0, 1").set(imask=1 << 18, status=5).step()
    assert newest(board) == (
        "tick 0: vector 18, serial line: there is space on TX, before pc 0x1000"
    )
    assert sentences.interrupted(board.machine, SourceMap(board.machine)) == (
        "interrupt: serial line: there is space on TX, before pc 0x1000"
    )


def test_an_interrupt_of_a_device_that_the_isa_does_not_know_has_its_number():
    assert sentences.interrupt(19) == "interrupt 19"
    assert sentences.interrupts(1 << 16 | 1 << 19) == "timer (16), interrupt 19"
    assert sentences.interrupts(0) == "none"


@pytest.mark.parametrize(
    ("ivec", "word", "why"),
    [
        (0, None, "vector 7's word at 0x1c is not in memory (ivec is 0x0: no vector table"),
        (0xFFFFFF00, None, "vector 7's word at 0xffffff1c is not in memory (ivec is 0xffffff00)"),
        (0x2000, 0, "vector 7's word at 0x201c is 0: it has no handler (ivec is 0x2000)"),
        (0x2000, 0x1004, "says that its handler is at 0x1004, which is no multiple of 8"),
        (0x2000, 0x10, "says that its handler is at 0x10, in the I/O page, which holds no"),
        (0x2000, 0x10000, "is at 0x10000, where nothing is: memory is 0x1000 to 0xffff"),
    ],
)
def test_a_check_stop_tells_what_is_wrong_with_the_handler(ivec, word, why):
    board = Board("div r0, r0").set(ivec=ivec)
    if word is not None:
        board.write(0x201C, word)
    assert board.run() is Reason.CHECK_STOP
    said = sentences.check_stop(board.machine, SourceMap(board.machine))
    assert said.startswith("check-stop: division by zero, at pc 0x1000; vector 7's word at ")
    assert why in said


def test_a_check_stop_is_told_whatever_a_debugger_has_written_to_cause():
    board = Board("div r0, r0").set(ivec=0)
    board.run()
    for cause in (0xFFFF_FFFF, 0x903, 0, 31):
        board.set(cause=cause)
        said = sentences.check_stop(board.machine, SourceMap(board.machine))
        assert said.startswith("check-stop: ")


def test_a_sleep_that_nothing_ends_tells_what_could_have():
    board = Board("mov r0, 1", "wait")
    assert board.run() is Reason.ASLEEP
    places = SourceMap(board.machine)
    assert sentences.asleep(board.machine, places) == (
        "asleep: nothing can wake the wait at pc 0x1008: imask is 0x0 and lets no interrupt "
        "through; pending but masked: serial-tx (18)"
    )
    board = Board("wait").set(imask=1 << 16)
    board.run()
    assert (
        "imask is 0x10000 and lets only timer (16) through, which nothing will raise"
    ) in sentences.asleep(board.machine, SourceMap(board.machine))


def test_places_have_the_programs_names():
    text = """
        .func start
        mov r0, 3
        brk
        mov r1, 0x20
        mov [r1], r0
        .endfunc
"""
    image = load_image(text.encode(), name="main.s")
    board = Board()
    board.machine.flash((part.address, part.data) for part in image.segments)
    board.machine.cpu.debugged = True
    places = SourceMap(board.machine, image)
    assert board.run() is Reason.BRK
    assert sentences.brk(board.machine, places) == (
        "brk: the program stopped itself at pc 0x1008 <start+8>, main.s:4"
    )
    assert board.run() is Reason.POWER_OFF
    assert sentences.power_off(board.machine, places) == (
        "power-off: the firmware switched the machine off, exit status 3, "
        "at pc 0x1018 <start+24>, main.s:6"
    )
