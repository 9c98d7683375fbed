"""Faults of the world around a machine: noise on its line, bits that flip in its memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.events import FlipBits
from soclet.errors import UserError
from soclet.testing.faults import Noise, seeded_flips

data = st.binary(max_size=200)


@given(data, st.integers(0, 5))
def test_the_same_seed_does_the_same_however_bytes_are_split(sent: bytes, cut: int):
    whole = Noise(7, drop=0.2, double=0.2, corrupt=0.2)
    parts = Noise(7, drop=0.2, double=0.2, corrupt=0.2)
    assert whole.pass_on(sent) == parts.pass_on(sent[:cut]) + parts.pass_on(sent[cut:])


@given(data)
def test_what_is_certain_happens_to_every_byte(sent: bytes):
    assert Noise(1).pass_on(sent) == sent
    assert Noise(1, drop=1).pass_on(sent) == b""
    assert Noise(1, double=1).pass_on(sent) == bytes(b for b in sent for _ in range(2))
    changed = Noise(1, corrupt=1).pass_on(sent)
    assert all((one ^ other).bit_count() == 1 for one, other in zip(sent, changed, strict=True))


def test_a_machine_types_through_the_noise_of_its_line(build):
    machine = build(noise={"drop": 0.3}, seed=5)
    machine.serial.send("abcdefghij")
    machine.run(2000)
    heard = machine.serial.output
    assert 0 < len(heard) < 10
    again = build(noise={"drop": 0.3}, seed=5)
    again.serial.send("abcdefghij")
    again.run(2000)
    assert again.serial.output == heard


@pytest.mark.parametrize("noise", [{"drip": 0.1}, {"drop": 2}, {"drop": -1}])
def test_noise_that_cannot_be_is_refused(build, noise):
    with pytest.raises(UserError, match=r"noise \{'dr"):
        build(noise=noise)


def test_a_bit_of_memory_flips_now_or_at_a_tick(build):
    machine = build()
    machine.memory[0x4000] = 0x100
    machine.flip_bit(0x4000, 8)
    machine.flip_bit(0x4000, 31, at=50)
    assert machine.memory[0x4000] == 0
    machine.run(49)
    assert machine.memory[0x4000] == 0
    machine.run(1)
    machine.run(1)
    assert machine.memory[0x4000] == 1 << 31
    with pytest.raises(LookupError, match="no bit 32 of a word is at 0x4000"):
        machine.flip_bit(0x4000, 32)
    with pytest.raises(ValueError, match="tick 5 is over: the machine is at 51"):
        machine.flip_bit(0x4000, 1, at=5)


def test_flips_follow_from_their_seed_and_lie_where_they_may():
    ticks, addresses = range(100, 200), range(0x4000, 0x4010)
    flips = seeded_flips(3, 20, ticks=ticks, addresses=addresses)
    assert flips == seeded_flips(3, 20, ticks=ticks, addresses=addresses)
    assert flips != seeded_flips(4, 20, ticks=ticks, addresses=addresses)
    assert [tick for tick, _ in flips] == sorted(tick for tick, _ in flips)
    assert all(tick in ticks and flip.address in addresses for tick, flip in flips)


def test_flipping_twice_changes_nothing(build):
    machine = build()
    before = machine.machine.hash()
    for _ in range(2):
        machine.post(FlipBits(0x1003, 0x55))
    assert machine.machine.hash() == before
