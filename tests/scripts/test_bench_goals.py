"""What the benchmarks say of goals: which kernel is farthest from each, of what was measured."""

from speed_goals import Goal, goals, goals_table
from speeds import EngineSpeed, PeerSpeed


def engine(kernel, name, warm, translated=None, by_python=None):
    return EngineSpeed(kernel, name, 1, 1.0, warm, translated, by_python)


def test_a_goal_is_about_the_kernel_that_is_farthest_from_it():
    speeds = [engine("arith", "compiled", 41.0), engine("fib", "compiled", 39.0)]
    (goal,) = goals(speeds, [])
    assert goal == Goal("compiled, MIPS", 40, 39.0, "fib")
    assert not goal.reached


def test_a_ratio_needs_both_figures_and_arith_has_one_of_its_own():
    speeds = [engine(kernel, "native", 90.0) for kernel in ("arith", "sieve", "sort")]
    peers = [PeerSpeed(kernel, "qemu", 100.0) for kernel in ("arith", "sieve", "sort")]
    assert goals(speeds, []) == []
    assert [(goal.least, goal.where, goal.reached) for goal in goals(speeds, peers)] == [
        (0.85, "arith", True),
        (1, "sieve", False),
    ]


def test_translation_and_what_python_does_are_about_every_kernel():
    speeds = [
        engine("pages", "native", 10.0, None, 4.0),
        engine("polling", "native", 10.0, 6.0, 0.5),
        engine("fib", "auto", 10.0, 9.0),
    ]
    assert goals(speeds, []) == [
        Goal("native, translated / not", 2 / 3, 0.6, "polling"),
        Goal("native, % in machine code", 99, 96.0, "pages"),
    ]


def test_the_table_says_yes_or_no():
    lines = goals_table([Goal("a", 1, 1.0, "fib"), Goal("b", 2, 1.5, "sort")])
    assert [line.split(" | ")[1].strip() for line in lines[2:]] == ["yes", "no"]
