"""Puts bodies into generated code, one instruction at a time.

The statements of a body's syntax tree are read once for its row, and followed for each instruction
with its operands as numbers: registers become names, loads and stores plain accesses where they
can be, and whatever cannot be done in place (a trap, a port, a page that is not plain) leaves the
code before the instruction, with all state exact. Must not know any instruction.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol

from isa_spec.body import read_body
from isa_spec.instruction import Body
from isa_spec.registers import PC, REGISTERS
from isa_spec.words import WORD
from machine.compiled import values
from machine.compiled.evaluation import Reader, Test, Unknown
from machine.compiled.instructions import Instruction
from machine.compiled.relations import Relation
from machine.compiled.values import Value, any_word

Lines = list["str | Lines"]
"""Lines of generated code; a list within is the block that the line before it opens."""


_WORDS: Final = tuple(any_word(f"r{number}") for number in range(len(REGISTERS)))


@dataclass(slots=True)
class State:
    """What is known at a point: the registers' values, the instructions since the last account.

    `named`: the registers that were asked for on the way here, and on the ways of copies.
    `counter`: the register whose name the present loop counts in. It keeps what the register held
    at the loop's head, and what the register holds since then is an expression of it.
    """

    registers: dict[int, Value] = field(default_factory=dict)
    count: int = 0
    named: set[int] = field(default_factory=set)
    counter: int | None = None

    def __getitem__(self, number: int) -> Value:
        self.named.add(number)
        return self.registers.get(number) or _WORDS[number]

    def copy(self) -> "State":
        """A state of its own."""
        return State(dict(self.registers), self.count, self.named, self.counter)


@dataclass(frozen=True, slots=True)
class Jump:
    """Go to an address."""

    target: Value


@dataclass(frozen=True, slots=True)
class Branch:
    """Go to `target` where the test holds, else on; `relation` is what the test tells."""

    test: str
    target: Value
    relation: Relation | None


class Accesses(Protocol):
    """How generated code reaches memory, and leaves."""

    def load(self, state: State, address: Value, leave: "Leave") -> tuple[Lines, str]:
        """Lines after which a name holds the word at an address."""

    def store(self, state: State, address: Value, word: Value, leave: "Leave") -> Lines:
        """Lines that store a word."""


Leave = Callable[[str], Lines]
"""Lines that leave before the present instruction, telling the address that it accesses."""


class Inliner:
    """Puts one instruction's body at the end of some lines; raises Unknown where it cannot.

    Where it raises, neither the lines nor the state have been changed.

    names, following: see Context. changed: the registers that it gave other values, or names.
    """

    __slots__ = (
        "_accesses",
        "_instruction",
        "_leave",
        "_lines",
        "_outer",
        "_state",
        "_touched",
        "changed",
        "flow",
        "following",
        "names",
    )

    def __init__(
        self, instruction: Instruction, state: State, accesses: Accesses, leave: Leave
    ) -> None:
        decoded = instruction.decoded
        self.names: dict[str, Any] = dict(zip(decoded.row.operands, decoded.operands, strict=True))
        self.following = instruction.following
        self.changed: dict[int, Value] = {}
        self.flow: Jump | Branch | None = None
        self._instruction = instruction
        self._outer = state
        self._state = state.copy()
        self._accesses = accesses
        self._leave = leave
        self._lines: Lines = []
        self._touched = False

    def inline(self, lines: Lines) -> Jump | Branch | None:
        """Add the lines, bring the state up to date, and tell how to go on."""
        statements = _statements(self._instruction.decoded.row.body)
        if statements is None or not self._instruction.plain:
            raise Unknown("not to be put in place")
        for statement in statements:
            if self.flow is not None:
                raise Unknown("something after a jump")
            statement(self)
        lines += self._lines
        self._outer.registers = self._state.registers | self.changed
        self._outer.count += 1
        return self.flow

    def register(self, number: int) -> Value:
        """Give a register's value; raises Unknown."""
        if REGISTERS[number].privileged:
            raise Unknown("a register that is not for every mode")
        if number == PC:
            return values.constant(self._instruction.address)
        return self.changed.get(number) or self._state[number]

    # What statements do

    def set_register(self, number: int, value: Value) -> None:
        """Give a register a value. A copy of another stays that one's name until it changes."""
        if number == PC:
            self.jump(value)
            return
        if REGISTERS[number].privileged:
            raise Unknown("a register that is not for every mode")
        self._touched = True
        if number == self._state.counter and value.origin == number:
            self.changed[number] = value
            return
        name = f"r{number}"
        for other, known in (self._state.registers | self.changed).items():
            if other != number and known.text == name:
                self._lines.append(f"r{other} = {name}")
                self.changed[other] = known.named(f"r{other}")
        copied = value.text.isidentifier() and value.text.startswith("r")
        copied &= value.text != f"r{self._state.counter}"
        self.changed[number] = value if copied else self._keep(name, value)

    def set_local(self, name: str, value: Value) -> None:
        """Give one of the body's own names a value."""
        self.names[name] = self._keep(f"t_{name}", value)

    def jump(self, target: Value) -> None:
        """Go on elsewhere."""
        self.flow = Jump(values.word(target))

    def branch(self, test: str, target: Value, relation: Relation | None) -> None:
        """Go on elsewhere where a test holds."""
        if test == "True":
            self.jump(target)
        elif test != "False":
            self.flow = Branch(test, values.word(target), relation)

    def trap_if(self, test: str) -> None:
        """Leave the instruction to others where a test holds."""
        self._may_leave()
        if test == "True":
            raise Unknown("a trap in any case")
        if test != "False":
            self._lines += [f"if {test}:", self._leave("-1")]

    def load(self, address: Value) -> Value:
        """Give the name that holds a word of memory."""
        self._may_leave()
        lines, name = self._accesses.load(self._state, self._simple(address), self._leave)
        self._lines += lines
        return Value(name, 0, WORD)

    def store(self, address: Value, word: Value) -> None:
        """Store a word."""
        self._may_leave()
        self._touched = True
        address = self._simple(address)
        self._lines += self._accesses.store(self._state, address, word, self._leave)

    def _keep(self, name: str, value: Value) -> Value:
        """Assign to a name, but for numbers, which are remembered instead."""
        if value.constant is not None:
            return value
        if value.text != name:
            self._lines.append(f"{name} = {value.text}")
        return value.named(name)

    def _may_leave(self) -> None:
        if self._touched:
            raise Unknown("an access after a change")

    def _simple(self, value: Value) -> Value:
        if value.is_simple:
            return value
        self._lines.append(f"a = {value.text}")
        return value.named("a")


Statement = Callable[[Inliner], None]


@cache
def _statements(body: Body) -> tuple[Statement, ...] | None:
    """Read a body's statements; None where they do more than can be put in place."""
    meaning = read_body(body)
    reader = Reader(body.__globals__, set(meaning.operands))
    try:
        return tuple(
            _statement(node, reader)
            for node in meaning.tree.body
            if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        )
    except Unknown:
        return None


def _statement(node: ast.stmt, reader: Reader) -> Statement:
    match node:
        case ast.Expr(value=ast.Call(args=[address, word]) as call) if _asks(call, "store"):
            where, what = reader.congruent(address), reader.exact(word)
            return lambda i: i.store(where(i), what(i))
        case ast.Assign(targets=[target], value=ast.Call(args=[address]) as call) if _asks(
            call, "load"
        ):
            where = reader.congruent(address)
            return _assignment(target, lambda i: i.load(where(i)), reader)
        case ast.Assign(targets=[ast.Name() as target], value=value):
            return _assignment(target, reader.exact(value), reader)
        case ast.Assign(targets=[target], value=value):
            return _assignment(target, reader.congruent(value), reader)
        case ast.If(test=test, body=[then], orelse=[]):
            return _conditional(reader.test(test), then, reader)
    raise Unknown(ast.unparse(node))


def _assignment(target: ast.expr, value: Callable[[Inliner], Value], reader: Reader) -> Statement:
    if _is_next(target):
        return lambda i: i.jump(value(i))
    if isinstance(target, ast.Name):
        name = target.id
        reader.add_local(name)
        return lambda i: i.set_local(name, value(i))
    index = reader.index(target)
    if index is None:
        raise Unknown(ast.unparse(target))
    return lambda i: i.set_register(index(i), value(i))


def _conditional(test: Test, then: ast.stmt, reader: Reader) -> Statement:
    match then:
        case ast.Expr(value=ast.Call() as call) if _asks(call, "trap"):
            return lambda i: i.trap_if(test(i)[0])
        case ast.Assign(targets=[target], value=value) if _is_next(target):
            where = reader.congruent(value)

            def branch(i: Inliner) -> None:
                text, relation = test(i)
                i.branch(text, where(i), relation)

            return branch
    raise Unknown(ast.unparse(then))


def _is_next(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="cpu"), attr="next"):
            return True
    return False


def _asks(call: ast.Call, what: str) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="cpu"), attr=asked):
            return asked == what
    return False
