"""Callers and interrupted code, compared at every instruction with what really was the case."""

from types import SimpleNamespace

import pytest
from handlers import DISARM, FUNCTIONS, HANDLERS, NESTED, timer
from traced import Entry, Traced

from isa_spec.registers import CAUSE, DETAIL, EPC, ESTATUS, LINK, PC, REGISTERS, SP, STATUS
from soclet.gdb_client.parts.callers import Callers
from soclet.gdb_client.parts.frames import INNERMOST, Context
from soclet.gdb_client.parts.functions import beginning, within
from soclet.gdb_client.parts.spaces import NOW

KEPT = (*range(4, 12), SP, PC)
GENERAL = (*range(16), PC, LINK)
LOST = (EPC, ESTATUS, CAUSE, DETAIL)
MOST_STEPS = 20_000


def callers_of(frame, pc, context):
    return Callers(frame, pc, context, beginning(within(pc, context)))


def check(traced, seen):
    """Compare all frames, from the innermost on, with the truth."""
    frame, pc, context = traced.frame, traced.r[PC], INNERMOST
    for depth, truth in enumerate((*reversed(traced.entries), None)):
        where = f"frame {depth}, stopped at {traced.r[PC]:#x}, {traced.machine.cpu.time}"
        callers = callers_of(frame, pc, context)
        found = callers.interrupted()
        if truth is None:
            assert found is None, where
            assert callers.caller().registers.get(PC) is None, where
            break
        if truth.is_trap:
            assert found is not None, where
            found = same(found, truth, GENERAL if depth == 0 else (*KEPT, STATUS), where)
            assert all(found.registers[number] is None for number in LOST)
            assert found.space == NOW
        else:
            assert found is None, where
            found = same(callers.caller(), truth, KEPT, where)
            assert found.stack == truth.registers[SP], where
        frame, pc = SimpleNamespace(register=found.registers.get), found.registers[PC]
        context = Context(exact=truth.is_trap)
    seen[traced.r[PC]] = max(seen.get(traced.r[PC], 0), len(traced.entries))


def same(found, truth, numbers, where):
    """Compare registers that must be there, and those that may be."""
    held = {n: found.registers[n] for n in numbers}
    assert held == {n: truth.registers[n] for n in numbers}, where
    if truth.is_trap:
        for register in REGISTERS:
            value = found.registers[register.number]
            assert value in (None, truth.registers[register.number]), (where, register.name)
    return found


def follow(monkeypatch, text, **options):
    """Run a program to its end and check before every instruction; give the addresses seen."""
    traced = Traced(text)
    traced.stand_for_gdb(monkeypatch, **options)
    seen = {}
    for _ in range(MOST_STEPS):
        check(traced, seen)
        if not traced.step():
            assert traced.machine.cpu.exit_status is not None
            return traced, seen
    raise AssertionError("the program does not end")


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.parametrize("tick", [23, 31, 44])
def test_interrupted_registers_are_found_at_every_instruction(monkeypatch, name, tick):
    text = timer(HANDLERS[name], tick)
    traced, seen = follow(monkeypatch, text)
    start = traced.symbols["timer"]
    assert start in seen
    assert max(seen.values()) >= 1


def test_a_handler_that_spoils_at_before_saving_it_has_lost_it_and_nothing_else(monkeypatch):
    traced = Traced(timer(f"timer: push r0-r1\n{DISARM}\npop r0-r1\niret\n"))
    traced.stand_for_gdb(monkeypatch)
    lost = set()
    while traced.step():
        if traced.entries:
            found = callers_of(traced.frame, traced.r[PC], INNERMOST).interrupted()
            wrong = {n for n in GENERAL if found.registers[n] != traced.entries[-1].registers[n]}
            assert all(found.registers[n] is None for n in wrong)
            lost |= wrong
    assert lost == {12}


def test_a_trap_within_a_handler_leads_to_the_handler(monkeypatch):
    traced, seen = follow(monkeypatch, timer(NESTED, call="call"))
    assert seen[traced.symbols["call"]] == 2


def test_user_mode_is_interrupted_as_well(monkeypatch):
    handler = HANDLERS["finds its stack in memory and keeps the other one on it"]
    traced = Traced(
        timer(handler).replace("mov status, 5", "mov epc, user\nmov estatus, 4\niret\nuser:")
    )
    traced.stand_for_gdb(monkeypatch)
    traced.entries = [
        Entry(is_trap=True, registers=(0,) * len(REGISTERS))
    ]  # The first iret leads to a program that nobody has called.
    while traced.r[PC] != traced.symbols["user"]:
        traced.step()
    seen = {}
    while traced.step() and not (seen and not traced.entries):
        if traced.entries:
            check(traced, seen)
    assert len(seen) > 20


# Functions


def test_functions_that_no_information_describes_lead_to_their_callers(monkeypatch):
    traced, seen = follow(monkeypatch, FUNCTIONS)
    assert seen[traced.symbols["skip"]] >= 2
    assert seen[traced.symbols["inside"]] == 2


def test_a_function_without_an_end_leads_to_its_caller_by_how_it_began(monkeypatch):
    text = FUNCTIONS.replace("jmp end", "nop").replace("mov pc, link", "jmp spin\nspin: jmp spin")
    traced = Traced(text)
    traced.stand_for_gdb(monkeypatch)
    traced.symbols.pop("spin")
    traced.symbols.pop("loop")
    traced.symbols.pop("skip")
    for _ in range(60):
        traced.step()
        if traced.r[PC] >= traced.symbols["leaf"]:
            check(traced, {})


@pytest.mark.parametrize("pc", [0xDEAD_BEE8, 0x7000])
@pytest.mark.parametrize("stale", [False, True])
def test_a_call_to_nowhere_comes_from_where_link_says(monkeypatch, pc, stale):
    traced = Traced(FUNCTIONS)
    traced.stand_for_gdb(monkeypatch)
    traced.symbols = {name: at for name, at in traced.symbols.items() if name == "start"}
    for _ in range(5):
        traced.step()
    back = traced.r[LINK]
    traced.r[PC] = pc
    if not stale:
        traced.r[12] = pc  # The call was: mov at, pc; branch [at].
    found = callers_of(traced.frame, pc, INNERMOST)
    assert found.interrupted() is None
    assert found.caller().registers.get(PC) == (None if stale else back)


# What is broken


@pytest.mark.parametrize("register", range(len(REGISTERS)))
@pytest.mark.parametrize("value", [0, 1, 8, 0x1000, 0xFFFF_FFFF, 0xFFFF_FFF8, 0x80000004])
def test_whatever_the_registers_hold_there_is_an_answer(monkeypatch, register, value):
    text = timer(HANDLERS["has a stack of its own at a fixed place"])
    traced = Traced(text)
    traced.stand_for_gdb(monkeypatch)
    while traced.step() and not traced.entries:
        pass
    for _ in range(5):
        traced.step()
    traced.r[register] = value
    callers = callers_of(traced.frame, traced.r[PC], INNERMOST)
    callers.interrupted()
    callers.caller()
