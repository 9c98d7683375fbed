"""Ways through code: what is known at an instruction, and how a function or handler is left.

Knows how to follow code without running it. Calls are not followed: they come back.
"""

from collections import deque
from collections.abc import Callable

from soclet.gdb_client.parts.decoding import Instruction
from soclet.gdb_client.parts.following import Cells, State, Step, Way, step

Fetch = Callable[[int], Instruction | None]
"""Gives the instruction at an address; None where there is none."""

_MOST_STEPS = 5000
"""Instructions that are followed before something is taken to be no function after all."""


def states_from(start: int, fetch: Fetch, cells: Cells) -> dict[int, State]:
    """Give what is known before each instruction that can be reached from a first one."""
    states = {start: State()}
    waiting = deque([start])
    for _ in range(_MOST_STEPS):
        if not waiting:
            break
        address = waiting.popleft()
        found = fetch(address)
        if found is None:
            continue
        done = step(found, address, states[address], cells)
        for successor in done.successors:
            known = states.get(successor)
            joined = done.state if known is None else known.join(done.state)
            if joined != known:
                states[successor] = joined
                waiting.append(successor)
    return states


def way_out(start: int, fetch: Fetch, cells: Cells, before: State) -> Step | None:
    """Give the return that is nearest to an instruction; None where none is found.

    `before` is what is known before that instruction, in whose terms the return is told. Any way
    out will do: in a function that works, all of them leave the same behind for its caller.
    """
    seen = {start}
    waiting = deque([(start, before)])
    for _ in range(_MOST_STEPS):
        if not waiting:
            break
        address, state = waiting.popleft()
        found = fetch(address)
        if found is None:
            continue
        done = step(found, address, state, cells)
        if done.way is not Way.ON:
            return done
        for successor in done.successors:
            if successor not in seen:
                seen.add(successor)
                waiting.append((successor, done.state))
    return None
