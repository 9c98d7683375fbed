"""The registry of packets: each is declared once, next to the function that answers it.

Knows names, abilities and advertised features; must not know what any packet does. What is
advertised, dispatched and listed is derived from these declarations and from what a target can
do, so that the three never disagree.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar, get_type_hints

from gdbstub.client import Client, Program
from gdbstub.target import Target, TargetError

Handler: TypeAlias = Callable[[Client, Target, bytes], bytes | None]
"""Takes the client, its target, and what follows the packet's name; gives the reply's payload.

None is for no reply now. Raises TargetError for an error reply.
"""

Declared = TypeVar("Declared", bound=Callable[..., bytes | None])
"""A handler as it is written: a function of those of the three that it needs, by their names."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet's exact name, who answers it, and what a target must be able to do for it.

    `features` are what qSupported advertises, each as `name+`, where the packet is answered;
    `further` are those that need another ability as well. `without_program` says that it is also
    where there is no program to debug any more.
    """

    name: bytes
    handler: Handler
    ability: type
    features: tuple[str, ...]
    further: Mapping[type, tuple[str, ...]]
    without_program: bool


PACKETS: Final[dict[bytes, Packet]] = {}


def packet(
    *names: bytes,
    features: tuple[str, ...] = (),
    further: Mapping[type, tuple[str, ...]] = MappingProxyType({}),
    needs: type | None = None,
    without_program: bool = False,
) -> Callable[[Declared], Declared]:
    """Declare the decorated function as the handler of the packets called `names`.

    A name is all that says which packet it is, with the separator that ends it (`name_of`). The
    function takes `client`, `target` and `arguments`, as far as it needs them; without
    `arguments`, a packet that has some is an error. The type of its `target` is the ability that
    it needs (`needs` says so where it takes none): a target that lacks it is never asked, and the
    packet is unknown to its clients.
    """

    def declare(handler: Declared) -> Declared:
        ability = needs or get_type_hints(handler).get("target", Target)
        for name in names:
            if name_of(name) != name:
                raise ValueError(f"{name!r} is no name of a packet")
            if name in PACKETS:
                raise ValueError(f"packet {name!r} is declared twice")
            PACKETS[name] = Packet(
                name, _adapt(handler), ability, features, further, without_program
            )
        return handler

    return declare


_PARAMETERS: Final = ("client", "target", "arguments")


def _adapt(handler: Callable[..., bytes | None]) -> Handler:
    """Make a handler of a function that takes fewer arguments than a handler is given."""
    wanted = tuple(signature(handler).parameters)
    if wanted == _PARAMETERS:
        return handler
    takes_arguments = "arguments" in wanted
    places = tuple(_PARAMETERS.index(name) for name in wanted)

    @wraps(handler)
    def adapted(*given: Client | Target | bytes) -> bytes | None:
        if given[2] and not takes_arguments:
            raise TargetError("this packet takes no arguments")
        return handler(*[given[place] for place in places])

    return adapted


# A name is one letter; or what is before the first separator, and that; or two letters where the
# second is the kind (`Z0`, `bs`); or, for a transfer and its like, its object and operation too.
_NAME: Final = re.compile(
    rb"qXfer:[^:]*:[^:]*:|qSearch:[^:]*:|vFile:[^:]*:|[qQv][^:;,?]*[:;,?]?|[Zzb].?|.", re.DOTALL
)


def name_of(payload: bytes) -> bytes:
    """The name of a packet, exactly; empty for an empty packet."""
    match = _NAME.match(payload)
    return match[0] if match else b""


def packets_for(target: Target) -> tuple[Packet, ...]:
    """Every packet that this target can answer."""
    return tuple(each for each in PACKETS.values() if isinstance(target, each.ability))


def features_for(target: Target) -> tuple[str, ...]:
    """What the packets that this target can answer advertise, each once, in order."""
    found: list[str] = []
    for each in packets_for(target):
        found += each.features
        for ability, features in each.further.items():
            if isinstance(target, ability):
                found += features
    return tuple(sorted(set(found)))


def dispatch_tables(packets: tuple[Packet, ...]) -> Mapping[Program, Mapping[bytes, Handler]]:
    """Who answers which name, by what the program is doing; nobody while it runs."""
    return {
        Program.HALTED: {each.name: each.handler for each in packets},
        Program.RUNNING: {},
        Program.COMMANDED: {},
        Program.GONE: {each.name: each.handler for each in packets if each.without_program},
    }
