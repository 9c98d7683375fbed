"""Invariants that most kernels have."""

import pytest

from soclet.testing import Failure
from soclet.testing.invariants import (
    interrupts_are_off_for_at_most,
    no_user_page_maps,
    sp_stays_inside,
)

KERNEL = """
        .equ ENTRY, {entry}
start:  mov r1, 0x3000      ; the table: page 1 is this code, page 5 is what is to be tried
        mov r2, 0x101f
        mov r3, 0x3004
        mov [r3], r2
        mov r2, ENTRY
        mov r3, 0x3014
        mov [r3], r2
        mov ptbr, 0x3001
        mov epc, user
        mov estatus, 2
        iret
user:   mov pc, user
"""
ONLY_THE_CODE = 0
ITS_OWN = 0x5000 | 0x17
THE_KERNELS = 0x3000 | 0x17
NOT_FOR_USERS = 0x3000 | 0x07


@pytest.mark.parametrize("entry", [ONLY_THE_CODE, ITS_OWN, NOT_FOR_USERS])
def test_a_user_may_have_pages_of_its_own(build, entry: int):
    machine = build(KERNEL.format(entry=entry))
    no_user_page_maps(machine, 0x2000, 0x5000)
    machine.run(100)
    assert machine.pc == machine.symbols.address("user")


def test_a_user_page_that_maps_the_kernel_fails_when_user_mode_is_entered(build):
    machine = build(KERNEL.format(entry=THE_KERNELS))
    no_user_page_maps(machine, 0x2000, 0x5000)
    with pytest.raises(Failure, match=r"user page 0x5 maps physical 0x3000, which is the kernel's"):
        machine.run(100)
    assert machine.pc == machine.symbols.address("user")
    assert machine.time == 11


OFF = """
start:  mov status, 5
        mov status, 1
        mov r1, {turns}
        mov r2, 1
loop:   sub r1, r2
        condbr r1 > 0, loop
        mov status, 5
stay:   mov pc, stay
"""


def test_interrupts_may_be_off_for_a_while(build):
    machine = build(OFF.format(turns=10))
    interrupts_are_off_for_at_most(machine, 30)
    machine.run(200)


def test_interrupts_that_are_off_for_too_long_fail_when_they_come_on(build):
    machine = build(OFF.format(turns=20))
    interrupts_are_off_for_at_most(machine, 30)
    with pytest.raises(Failure, match="interrupts were off from tick 1 on, for 43 ticks"):
        machine.run(200)
    assert machine.pc == machine.symbols.address("stay")


RECURSION = """
        .func start
        mov sp, 0x8000
        call deeper
        .endfunc
        .func deeper
        push link
        call deeper
        .endfunc
"""


def test_a_stack_that_grows_out_of_its_place_fails_at_once(build):
    machine = build(RECURSION)
    sp_stays_inside(machine, 0x7FF0, 0x8000)
    with pytest.raises(Failure, match="sp is 0x7fec, outside its stack"):
        machine.run(1000)
    assert machine.registers["sp"] == 0x7FEC
