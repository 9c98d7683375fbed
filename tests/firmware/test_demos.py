"""What holds for every shipped firmware."""

import pytest

from toolchain.assembler import assemble


@pytest.mark.parametrize("byte_ticks", [0, 1, 50, 997])
def test_it_prints_exactly_what_it_must_and_powers_off_with_0(boot, demo, byte_ticks):
    board = boot(demo.name, byte_ticks=byte_ticks)
    board.serial.send(demo.input)
    assert board.run_to_power_off() == 0
    assert board.serial.raw_output == demo.expected


@pytest.mark.parametrize("memory_size", [None, 1 << 20, 1 << 31])
def test_it_runs_in_a_small_and_in_the_largest_memory(boot, demo, memory_size):
    board = boot(demo.name, memory_size=memory_size)
    board.serial.send(demo.input)
    assert board.run_to_power_off() == 0
    assert board.serial.raw_output == demo.expected


def test_it_does_the_same_when_the_power_comes_back_and_memory_is_as_it_was(boot, demo):
    board = boot(demo.name)
    for times in (1, 2, 3):
        board.serial.send(demo.input)
        assert board.run_to_power_off() == 0
        assert board.serial.raw_output == times * demo.expected
        board.power_cycle()


@pytest.mark.parametrize("tick", [1, 100, 350, 1000, 100_050, 250_000])
def test_it_starts_afresh_when_it_is_reset_at_any_time(boot, demo, tick):
    board = boot(demo.name)
    board.serial.send(b"qu" if demo.input else b"")
    board.run(tick)
    board.power_cycle()
    before = board.serial.raw_output
    board.serial.send(demo.input)
    assert board.run_to_power_off() == 0
    assert board.serial.raw_output == before + demo.expected


def test_it_has_a_readme_that_says_how_to_run_it_and_what_it_prints(demo):
    assert f"soclet run demo:{demo.name}" in demo.readme
    assert f"soclet run firmware/{demo.name}/{demo.name}.s" in demo.readme
    assert "expected.txt" in demo.readme
    shown = demo.expected.decode("ascii").replace("\r\n", "\n")
    assert shown in demo.readme


def test_the_list_of_programs_names_it(demo, firmware):
    listed = (firmware / "README.md").read_text(encoding="utf-8")
    assert f"[{demo.name}]({demo.name}/README.md)" in listed


def test_every_folder_but_the_shared_one_is_a_demo(firmware):
    folders = {path.name for path in firmware.iterdir() if path.is_dir()}
    complete = {path.parent.name for path in firmware.glob("*/expected.txt")}
    assert folders == complete | {"common"}
    assert complete >= {"hello", "echo-poll", "echo-irq", "timer"}


def test_every_shared_file_is_used(firmware):
    sources = "".join(path.read_text(encoding="utf-8") for path in firmware.glob("*/*.s"))
    for path in (firmware / "common").iterdir():
        assert f'.include "../common/{path.name}"' in sources


def test_every_function_has_its_place_in_debugging_information(demo):
    program = assemble(demo.source)
    functions = {function.symbol.address: function for function in program.functions}
    assert 0x1000 in functions
    for segment in program.segments:
        if segment.address in functions:
            ends = segment.address
            while ends < segment.address + len(segment.data):
                ends = functions.pop(ends).end
            assert ends == segment.address + len(segment.data)
    assert not functions
