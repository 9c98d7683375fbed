"""Why a run stops: the one word that every engine answers with."""

from enum import Enum


class Reason(Enum):
    """Why a machine stopped; what the CPU is at is exact in every case."""

    BUDGET = "budget"
    LIMIT = "limit"
    BREAKPOINT = "breakpoint"
    WATCHPOINT = "watchpoint"
    OBSERVED = "observed"
    BRK = "brk"
    POWER_OFF = "power-off"
    CHECK_STOP = "check-stop"
    ASLEEP = "asleep"
    REPLAYED = "replayed"
    PAUSED = "paused"
