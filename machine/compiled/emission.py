"""Writes the function of a region: registers in local names, the guest's loops as Python's.

Blocks that several others lead to, or that only the running program knows the way to, are heads:
the function goes from one to the next by the name `pc`. What a head leads to before the next is
written out as one tree of ifs. A head that its tree leads back to is a `for` loop whose count is
what the budget allows at its longest turn, so that nothing has to be counted in it.

The names of generated code: n the budget, s the instructions executed up to the last account,
k and i the count and the iterator of the present loop, e what the register that it counts in holds
after that, pc the head to go to. Knows blocks and
values; must not know the machine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from isa_spec.registers import PC
from isa_spec.words import WORD
from machine.compiled import values
from machine.compiled.accesses import BROKEN, MODEST, Flat, Windowed
from machine.compiled.evaluation import Unknown
from machine.compiled.flow import Block
from machine.compiled.inlining import Branch, Inliner, Jump, Lines, State
from machine.compiled.layout import chosen, indented
from machine.compiled.loops import Loop
from machine.compiled.shape import Shape, TooMuch
from machine.compiled.values import Value, any_word, constant
from machine.coverage import Covered

DEEPEST: Final = 25
"""How many ifs may be nested in each other."""


NO_ADDRESS: Final = -1
SHORT: Final = -1
"""Told for the instructions still to be stepped: the budget is too small for what follows."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a region takes for granted.

    fixed: the values of registers that it only reads, as they were when it was compiled. modest:
    the registers that are no large numbers in loops that leave them alone.
    """

    fixed: dict[int, int]
    modest: frozenset[int]


class Emitter:
    """Writes one region's function."""

    def __init__(
        self,
        blocks: dict[int, Block],
        shape: Shape,
        stops: frozenset[int],
        assumptions: Assumptions,
        accesses: Flat | Windowed,
    ) -> None:
        self._blocks = blocks
        self._shape = shape
        self._stops = stops
        self._assumptions = assumptions
        self._accesses = accesses
        named = frozenset[int]().union(*(block.named for block in blocks.values())) - {PC}
        self._written = sorted(
            frozenset[int]().union(*(block.written for block in blocks.values())) - {PC}
        )
        self._loaded = sorted(named - assumptions.fixed.keys())
        self._loop: Loop | None = None
        self._head = 0
        self._follow: int | None = None
        self._depth = 0
        self._emitted = 0

    # The function as a whole

    def function(self) -> str:
        """Give the function's source."""
        heads = {head: self._written_head(head) for head in self._shape.heads}
        longest = max(self._shape.longest[head] for head in heads)
        fixed = " and ".join(f"r[{n}] == {v}" for n, v in sorted(self._assumptions.fixed.items()))
        body: Lines = []
        if fixed:
            body += [f"if not ({fixed}):", ["return None"]]
        body += [f"r{number} = r[{number}]" for number in self._loaded]
        body += self._accesses.prologue()
        body += [
            "s = 0",
            "while True:",
            [
                f"j = (n - s) // {longest}",
                "if j < 1:",
                self._departure("s", SHORT),
                "for _ in repeat(None, j):",
                [*chosen(sorted(heads.items())), *self._departure("s", 0)],
            ],
        ]
        head = "def region(n, pc, r=r, slots=slots, plain=plain, words=words):"
        return "\n".join([head, *indented(body, 1)]) + "\n"

    def _departure(self, executed: str, todo: int) -> Lines:
        """Lines that leave between heads, where all registers are words in their names."""
        state = State({number: any_word(f"r{number}") for number in self._written})
        pc = any_word("pc")
        return [*self._back(state, pc), f"return {executed}, {todo}, {NO_ADDRESS}"]

    def _back(self, state: State, pc: Value) -> Lines:
        """Lines that bring the registers back to where everybody else has them."""
        pairs = [(number, values.word(state[number])) for number in self._written]
        pairs.append((PC, pc))
        targets = ", ".join(f"r[{number}]" for number, _ in pairs)
        return [f"{targets} = {', '.join(value.text for _, value in pairs)}"]

    # A head

    def _written_head(self, head: int) -> Lines:
        self._head, self._emitted = head, 0
        if head in self._shape.loops:
            return self._written_loop(head)
        lines, _ = self._block(self._blocks[head], self._start(), None)
        return lines

    def _start(self) -> State:
        state = State({number: any_word(f"r{number}") for number in self._loaded})
        for number, value in self._assumptions.fixed.items():
            state.registers[number] = constant(value)
        return state

    def _written_loop(self, head: int) -> Lines:
        changed = self._shape.changed(head)
        loop = Loop(head, dict.fromkeys(changed, (0, WORD)), self._shape.gathered(head))
        lines = self._turn(loop)
        if loop.find_steps():
            lines = self._turn(loop)
        if loop.widen():
            lines = self._turn(loop)
        if not loop.keeps_steps():
            loop.steps.clear()
            loop.counter = None
            lines = self._turn(loop)
        wide = [n for n, (low, high) in sorted(loop.bounds.items()) if low < 0 or high > WORD]
        done: Lines = [f"r{number} &= {WORD}" for number in wide]
        done.append(f"s += k * {self._shape.turn[head]}")
        turns, start = "for _ in i:", ["i = repeat(None, k)"]
        if loop.counter is not None:
            counter, step = f"r{loop.counter}", loop.steps[loop.counter][0]
            turns = f"for {counter} in i:"
            start = [f"e = {counter} + k * {step}", f"i = iter(range({counter}, e, {step}))"]
            done.append(f"{counter} = e")
        return [*self._count(loop), *start, turns, lines, "else:", done, "break"]

    def _turn(self, loop: Loop) -> Lines:
        """Write one turn of a loop, by what is known of it by now."""
        loop.ends = []
        self._loop, self._emitted = loop, 0
        state = self._start()
        state.counter = loop.counter
        for number in state.registers:
            if number in loop.bounds:
                state.registers[number] = Value(f"r{number}", *loop.bounds[number], number)
            elif number in self._assumptions.modest:
                state.registers[number] = state.registers[number].bounded(0, MODEST)
        lines, _ = self._block(self._blocks[loop.head], state, None)
        self._loop = None
        return lines

    def _count(self, loop: Loop) -> Lines:
        """Lines that work out how many turns can be made at a time."""
        first = self._blocks[loop.head]
        lines: Lines = []
        start = self._start()
        modest = [n for n in sorted(self._assumptions.modest) if self._leaves_alone(loop, n)]
        if modest:
            test = " or ".join(f"r{number} > {MODEST}" for number in modest)
            lines += [f"if {test}:", self._leave(start, first, 0, BROKEN)]
        turn = self._shape.turn[loop.head]
        beyond = self._shape.longest[loop.head] - turn  # the last turn may leave by a longer way
        turns = [f"(n - s{f' - {beyond}' if beyond else ''}) // {turn}"]
        for number, (low, high) in loop.steps.items():
            room, step = (f"({WORD} - r{number})", high) if high > 0 else (f"r{number}", -low)
            turns.append(room if step == 1 else f"{room} // {step}")
        if len(turns) == 1:
            return [*lines, f"k = {turns[0]}"]
        lines += [f"k = min({', '.join(turns)})", "if k < 1:"]
        return [*lines, self._leave(start, first, 0, str(NO_ADDRESS))]

    def _leaves_alone(self, loop: Loop, number: int) -> bool:
        """Whether a loop reads a register and does not write it."""
        return number not in loop.bounds and any(
            number in self._blocks[address].named for address in self._shape.trees[loop.head]
        )

    # Blocks

    def _block(self, block: Block, state: State, follow: int | None) -> tuple[Lines, State | None]:
        """Write a block and what comes after it; give the state in which `follow` is reached."""
        lines: Lines = []
        self._emitted += len(block.instructions)
        flow: Jump | Branch | None = None
        for position in range(len(block.instructions)):
            try:
                flow = self._instruction(block, position, state, lines)
            except Unknown:  # what is known by now shows that it must be left to others
                return [*lines, *self._leave(state, block, position, str(NO_ADDRESS))], None
        if isinstance(flow, Branch):
            more, end = self._branch(block, flow, state, follow)
            return [*lines, *more], end
        if isinstance(flow, Jump):
            more, end = self._jump(block, flow.target, state, follow)
            return [*lines, *more], end
        if block.next:
            more, end = self._to(block, block.next[0], state, follow)
            return [*lines, *more], end
        address = block.instructions[-1].following if block.instructions else block.start
        todo = 0 if address in self._stops else 1
        return [*lines, *self._exit(state, constant(address), todo, str(NO_ADDRESS))], None

    def _instruction(
        self, block: Block, position: int, state: State, lines: Lines
    ) -> Jump | Branch | None:
        """Write an instruction; raises Unknown."""

        def leave(address: str) -> Lines:
            return self._leave(state, block, position, address)

        instruction = block.instructions[position]
        inliner = Inliner(instruction, state, self._accesses, leave)
        flow = inliner.inline(lines)
        way = Covered.NOT_TAKEN if flow is None else Covered.TAKEN
        if instruction.unseen & way and not isinstance(flow, Branch):
            # The condition is certain here, so that only one of the ways can be gone.
            state.count -= 1
            raise Unknown("a way that is to be seen first")
        if self._loop is not None and self._loop.steps:
            self._loop.clip(state, inliner.changed)
        return flow

    def _leave(self, state: State, block: Block, position: int, address: str) -> Lines:
        """Leave before an instruction, for the rest of its block to be stepped."""
        pc = constant(block.instructions[position].address)
        return self._exit(state, pc, len(block.instructions) - position, address)

    def _exit(self, state: State, pc: Value, todo: int, address: str) -> Lines:
        return [*self._back(state, pc), f"return {self._executed(state)}, {todo}, {address}"]

    def _executed(self, state: State) -> str:
        """The number of instructions executed, in generated code."""
        count = f" + {state.count}" if state.count else ""
        if self._loop is None:
            return f"s{count}"
        return f"s + (k - 1 - hint(i)) * {self._shape.turn[self._loop.head]}{count}"

    # From block to block

    def _jump(
        self, block: Block, target: Value, state: State, follow: int | None
    ) -> tuple[Lines, State | None]:
        if target.constant is not None:
            return self._to(block, target.constant, state, follow)
        return [f"pc = {target.text}", *self._go(None, state)], None

    def _to(
        self, block: Block, target: int, state: State, follow: int | None
    ) -> tuple[Lines, State | None]:
        """Write the way from a block to an address."""
        if target == follow:
            return [], state
        looping = self._loop is not None and target == self._loop.head and target in block.next
        if looping:
            return self._again(state), None
        if target in self._shape.heads:
            return self._go(target, state), None
        # Ways that were not seen when the longest were measured must not be taken.
        if target not in self._blocks or target not in (*block.next, *block.calls):
            return self._exit(state, constant(target), 0, str(NO_ADDRESS)), None
        if self._emitted > self._shape.most_emitted or self._depth > DEEPEST:
            raise TooMuch(target)
        return self._block(self._blocks[target], state, follow)

    def _again(self, state: State) -> Lines:
        """Go on with the loop's next turn."""
        loop = self._loop
        assert loop is not None
        loop.ends.append(state.copy())
        lines = self._settled(state, loop)
        spared = self._shape.turn[loop.head] - state.count
        return [*lines, *([f"s -= {spared}"] if spared else []), "continue"]

    def _go(self, head: int | None, state: State) -> Lines:
        """Go to a head, or to wherever pc says."""
        lines = self._settled(state)
        if head is not None:
            lines.append(f"pc = {head}")
        if self._loop is not None:
            return [*lines, f"s = {self._executed(state)}", "break"]
        return [*lines, f"s += {state.count}", "continue"]

    def _settled(self, state: State, loop: Loop | None = None) -> Lines:
        """Lines that put every register into its name: as a word, unless a loop keeps it wider."""
        lines: Lines = []
        for number in self._written:
            value = state[number]
            if loop is not None and number == loop.counter:
                continue
            if loop is None or not loop.keeps(number, value):
                value = values.word(value)
            if value.text != f"r{number}":
                lines.append(f"r{number} = {value.text}")
        return lines

    def _branch(
        self, block: Block, flow: Branch, state: State, follow: int | None
    ) -> tuple[Lines, State | None]:
        taken, other = state.copy(), state
        if flow.relation is not None:
            number = flow.relation.register
            if number != PC:
                taken.registers[number] = flow.relation.bounds(state[number], True)
                other.registers[number] = flow.relation.bounds(state[number], False)
        following = block.instructions[-1].following
        target = flow.target.constant
        join = None if target is None else self._shape.join(self._head, target, following)
        meeting = follow if join is None else join
        self._depth += 1
        then, after_then = self._way(
            block, Covered.TAKEN, taken, lambda: self._jump(block, flow.target, taken, meeting)
        )
        self._depth -= 1

        def on() -> tuple[Lines, State | None]:
            return self._to(block, following, other, meeting)

        if after_then is None:
            rest, end = self._way(block, Covered.NOT_TAKEN, other, on)
            lines: Lines = [f"if {flow.test}:", then, *rest]
        else:
            self._depth += 1
            rest, after_rest = self._way(block, Covered.NOT_TAKEN, other, on)
            self._depth -= 1
            end = after_then
            if after_rest is not None:
                end = self._merged(after_then, then, after_rest, rest)
            lines = [f"if {flow.test}:", then or ["pass"]]
            lines += ["else:", rest] if rest else []
        if join is None or join == follow or end is None:
            return lines, end
        more, end = self._block(self._blocks[join], end, follow)
        return [*lines, *more], end

    def _way(
        self,
        block: Block,
        way: Covered,
        state: State,
        go: Callable[[], tuple[Lines, State | None]],
    ) -> tuple[Lines, State | None]:
        """Go a way from a block's branch; leave before the branch where it is to be seen first."""
        if not block.instructions[-1].unseen & way:
            return go()
        state.count -= 1
        position = len(block.instructions) - 1
        return self._leave(state, block, position, str(NO_ADDRESS)), None

    def _merged(self, one: State, one_lines: Lines, other: State, other_lines: Lines) -> State:
        """Bring two ways to the same names; what is known where they have met."""
        merged = one.copy()
        for number in one.registers.keys() | other.registers.keys():
            a, b = one[number], other[number]
            if a == b:
                continue
            name = a.text if a.text == b.text else f"r{number}"
            for value, lines in ((a, one_lines), (b, other_lines)):
                if value.text != name:
                    lines.append(f"{name} = {value.text}")
            merged.registers[number] = values.union(a, b, name)
        spared = one.count - other.count
        if spared:
            (other_lines if spared > 0 else one_lines).append(f"s -= {abs(spared)}")
        merged.count = max(one.count, other.count)
        return merged
