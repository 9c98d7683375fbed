"""Small machines before one instruction: what the hand-worked cases of the model begin with."""

from collections.abc import Callable

from plain_model.encoding import EQUAL, Code, encode, encode_condbr
from plain_model.model import Model
from plain_model.registers import REGISTER_NAMES

SIZE = 0x8000
START = 0x1000
VECTORS = 0x2000
HANDLER = 0x2100
TABLE = 0x3000
DATA = 0x4000
EVERY_VECTOR = HANDLER.to_bytes(4, "little") * 32

RX_WAITING = 1 << 17
TX_SPACE = 1 << 18


def machine_with(
    write: Callable[[Code], None], at: int = START, size: int = SIZE, byte_ticks: int = 0
) -> Model:
    """A machine at this code, with a vector table whose handlers are all one endless loop."""
    model = Model(size, byte_ticks)
    code = Code(at)
    write(code)
    model.load(at, code.image())
    model.load(VECTORS, EVERY_VECTOR)
    model.load(HANDLER, encode_condbr(EQUAL, 16, 0, HANDLER))
    model.register[16] = at
    model.register[20] = VECTORS
    return model


def after(model: Model, instructions: int = 1) -> dict[str, int]:
    """Take some steps and return the registers."""
    for _ in range(instructions):
        model.step()
    return model.registers


def one(instruction: bytes, **registers: int) -> Model:
    """A machine before one instruction, with some registers set."""
    model = machine_with(lambda code: code.raw(instruction))
    set_registers(model, **registers)
    return model


def set_registers(model: Model, **registers: int) -> None:
    """Set registers by name."""
    for name, value in registers.items():
        model.register[REGISTER_NAMES.index(name)] = value


def mapped(model: Model, page: int, entry: int, table: int = TABLE) -> None:
    """Write the entry of a virtual page into a table."""
    model.load(table + 4 * page, entry.to_bytes(4, "little"))


def entry_of(model: Model, page: int) -> int:
    """Return the entry of a virtual page as it is now."""
    return int.from_bytes(model.memory[TABLE + 4 * page : TABLE + 4 * page + 4], "little")


def virtual(instruction: bytes, entry: int, status: int = 3, **registers: int) -> Model:
    """A machine before one instruction with translation on; virtual page 9 has the entry."""
    model = one(instruction, status=status, ptbr=TABLE | 1, **registers)
    mapped(model, 1, 0x1000 | 0x1F)
    mapped(model, 9, entry)
    return model


def trapped(model: Model) -> tuple[int, int, int]:
    """Step over one instruction that must trap: cause, detail, epc."""
    assert model.step() == "trap"
    state = model.registers
    return state["cause"], state["detail"], state["epc"]


LOAD_R1_R2 = encode(0x03, 1, 2)
STORE_R2_R1 = encode(0x04, 2, 1)
