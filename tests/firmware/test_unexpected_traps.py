"""That a program with handlers says what went wrong, and where, rather than hang."""

import pytest

from toolchain.images import SymbolKind

PLACES = {
    "the program of echo-irq": ("echo-irq", "        call    echo "),
    "the handler of echo-irq": ("echo-irq", ".Lnext:\n"),
    "the program of timer": ("timer", ".Lsleep:\n"),
    "the handler of timer": ("timer", "        mov     r0, ticks\n        mov     r1, [r0]\n"),
}
WRONG = {
    "an illegal instruction": (".word 0xffffffff, 0", 0x001, 0xFFFFFFFF),
    "zeros": (".word 0, 0", 0x001, 0),
    "a load from nowhere": ("mov r0, [r13]", 0x006, 0xFFFFFFFC),
    "a store to nowhere": ("mov [r13], r0", 0x106, 0xFFFFFFFC),
    "a misaligned load": ("mov r0, [r14]", 0x005, 0x80000002),
    "a misaligned store": ("mov [r14], r0", 0x105, 0x80000002),
    "a division by zero": ("div r0, r12", 0x007, 0),
}
SET_UP = "mov r12, 0\nmov r13, 0xfffffffc\nmov r14, 0x80000002\n"


def report(cause, detail, at):
    text = f"unexpected trap: cause 0x{cause:08x}, detail 0x{detail:08x}, at 0x{at:08x}\r\n"
    return text.encode()


def stopped(boot, place, code, **options):
    """Run a program with other code in some place to its end; give the board."""
    name, here = PLACES[place]
    board = boot(name, (here, f"{SET_UP}culprit: {code}\n{here}"), **options)
    board.serial.send(b"x", at=50_000)
    assert board.run_to_power_off() == 1
    return board


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("wrong", WRONG)
def test_an_unexpected_trap_is_reported_and_ends_with_status_1(boot, place, wrong):
    code, cause, detail = WRONG[wrong]
    board = stopped(boot, place, code)
    assert board.serial.raw_output.endswith(report(cause, detail, board.symbols.address("culprit")))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("code", "cause", "detail"), [("trap 42", 8, 42), ("brk", 9, 0)])
def test_a_trap_on_purpose_is_reported_at_the_next_instruction(boot, place, code, cause, detail):
    board = stopped(boot, place, code)
    assert board.serial.raw_output.endswith(
        report(cause, detail, board.symbols.address("culprit") + 8)
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_jump_to_nowhere_is_reported_where_it_led(boot, place):
    board = stopped(boot, place, "jmp 0xdeadbee8")
    assert board.serial.raw_output.endswith(report(0x206, 0xDEADBEE8, 0xDEADBEE8))
    board = stopped(boot, place, "jmp 0xdeadbeef")
    assert board.serial.raw_output.endswith(report(0x205, 0xDEADBEEF, 0xDEADBEEF))


@pytest.mark.parametrize("place", PLACES)
def test_it_is_reported_even_where_the_stack_is_what_is_wrong(boot, place):
    board = stopped(boot, place, "nop\nmov sp, 3\npush r0")
    cause, detail = 0x105, 0xFFFFFFFF
    assert board.serial.raw_output.endswith(
        report(cause, detail, board.symbols.address("culprit") + 4 * 8)
    )


@pytest.mark.parametrize("place", ["the program of timer", "the program of echo-irq"])
def test_an_interrupt_that_nobody_handles_is_reported(boot, place):
    name, here = PLACES[place]
    vector = {"timer": 18, "echo-irq": 16}[name]
    due = "mov r0, 5\nmov r1, 0\nmov [r0], r1\nmov [r0], r1\n" if vector == 16 else ""
    board = boot(name, (here, f"{due}mov imask, 0xffff0000\nculprit: nop\n{here}"))
    assert board.run_to_power_off() == 1
    assert board.serial.raw_output.endswith(report(vector, 0, board.symbols.address("culprit")))


@pytest.mark.parametrize("byte_ticks", [1, 50, 997])
@pytest.mark.parametrize("place", PLACES)
def test_the_report_is_whole_on_a_slow_line(boot, place, byte_ticks):
    board = stopped(boot, place, "trap 7", byte_ticks=byte_ticks)
    assert board.serial.raw_output.endswith(report(8, 7, board.symbols.address("culprit") + 8))


@pytest.mark.parametrize("name", ["echo-irq", "timer"])
def test_every_vector_has_a_handler(boot, name):
    board = boot(name)
    functions = (s for s in board.image.symbols if s.kind is SymbolKind.FUNCTION)
    starts = {function.address for function in functions}
    handlers = board.memory.words("vectors", 32)
    assert set(handlers) <= starts
    expected = {"timer": {16}, "echo-irq": {17, 18}}[name]
    unexpected = board.symbols.address("unexpected_trap")
    assert {n for n, handler in enumerate(handlers) if handler != unexpected} == expected
