"""What a machine is doing, why, and as which kind of time that counts."""

from enum import StrEnum


class ItemState(StrEnum):
    """What the machine is doing (OPC 40001-1, MachineryItemState)."""

    NOT_AVAILABLE = "NotAvailable"
    OUT_OF_SERVICE = "OutOfService"
    NOT_EXECUTING = "NotExecuting"
    EXECUTING = "Executing"


class OperationMode(StrEnum):
    """Why it is doing so (OPC 40001-1, MachineryOperationMode); may come from a second source, as from an MES."""

    NONE = "None"
    MAINTENANCE = "Maintenance"
    SETUP = "Setup"
    PROCESSING = "Processing"


class TimeCategory(StrEnum):
    """The time it counts as (SEMI E10)."""

    PRODUCTIVE = "PRD"
    STANDBY = "SBY"
    ENGINEERING = "ENG"
    SCHEDULED_DOWN = "SDT"
    UNSCHEDULED_DOWN = "UDT"
    NON_SCHEDULED = "NST"


class Quality(StrEnum):
    """How far a value can be trusted (the severity of an OPC UA status code)."""

    GOOD = "good"
    UNCERTAIN = "uncertain"
    BAD = "bad"


PLANT = "plant"
"""The origin of a job or a busy state that serves the plant itself; any other origin is a booking's id."""

_CATEGORY: dict[ItemState, dict[OperationMode, TimeCategory]] = {
    ItemState.EXECUTING: {
        OperationMode.PROCESSING: TimeCategory.PRODUCTIVE,
        OperationMode.SETUP: TimeCategory.ENGINEERING,
        OperationMode.MAINTENANCE: TimeCategory.SCHEDULED_DOWN,
        OperationMode.NONE: TimeCategory.PRODUCTIVE,
    },
    ItemState.NOT_EXECUTING: {
        OperationMode.PROCESSING: TimeCategory.STANDBY,
        OperationMode.SETUP: TimeCategory.ENGINEERING,
        OperationMode.MAINTENANCE: TimeCategory.SCHEDULED_DOWN,
        OperationMode.NONE: TimeCategory.STANDBY,
    },
    ItemState.OUT_OF_SERVICE: {
        OperationMode.PROCESSING: TimeCategory.UNSCHEDULED_DOWN,
        OperationMode.SETUP: TimeCategory.UNSCHEDULED_DOWN,
        OperationMode.MAINTENANCE: TimeCategory.SCHEDULED_DOWN,
        OperationMode.NONE: TimeCategory.UNSCHEDULED_DOWN,
    },
}


def time_category(state: ItemState, mode: OperationMode, *, staffed: bool) -> TimeCategory:
    """SEMI E10 category of a machine's state.

    The rows NotExecuting/Setup, NotExecuting/Processing and OutOfService/Processing are OPC 40001-1's own reading of
    SEMI E10; the others follow from the definitions. A machine that is off counts as non-scheduled outside its working
    time, and inside it as standby: off is not broken.
    """
    if state is not ItemState.NOT_AVAILABLE:
        return _CATEGORY[state][mode]
    if mode is OperationMode.MAINTENANCE:
        return TimeCategory.SCHEDULED_DOWN
    return TimeCategory.STANDBY if staffed else TimeCategory.NON_SCHEDULED
