"""Job orders and job responses between our own terms and the structures on the wire."""

from collections.abc import Sequence
from datetime import UTC, datetime

from asyncua import ua

from edge.orders.isa95_types import (
    ISA95JobOrderDataType,
    ISA95JobResponseDataType,
    ISA95MaterialDataType,
    ISA95ParameterDataType,
    ISA95StateDataType,
    ISA95WorkMasterDataType,
)
from edge.orders.job import STATE, JobOrder, JobResponse, JobState, ListedJob, Parameter

RUNS_PLANNED = "RunsPlanned"
GOOD_QUANTITY = "GoodQuantity"
"""Keys of OPC 40001-3, table 1: pieces ordered (UInt32), pieces made well (Double)."""
PRODUCED = "Material Produced"
"""MaterialUse of what a job makes (ISA-95 part 2)."""


def order_structure(job: JobOrder) -> ISA95JobOrderDataType:
    """The job as the machine is told of it."""
    parameters = [_parameter(RUNS_PLANNED, ua.Variant(job.quantity, ua.VariantType.UInt32))]
    parameters += [_parameter(name, _variant(value)) for name, value in job.parameters.items()]
    made = ISA95MaterialDataType(MaterialDefinitionID=job.material, MaterialUse=PRODUCED, Quantity=str(job.quantity))
    return ISA95JobOrderDataType(
        JobOrderID=job.id,
        WorkMasterID=[ISA95WorkMasterDataType(ID=job.work_master)],
        StartTime=job.start,
        EndTime=job.end,
        JobOrderParameters=parameters,
        MaterialRequirements=[made] if job.material else None,
    )


def _parameter(name: str, value: ua.Variant) -> ISA95ParameterDataType:
    return ISA95ParameterDataType(ID=name, Value=value)


def _variant(value: Parameter) -> ua.Variant:
    if isinstance(value, str):
        return ua.Variant(value, ua.VariantType.String)
    if isinstance(value, float):
        return ua.Variant(value, ua.VariantType.Double)
    small = -(2**31) <= value < 2**31
    return ua.Variant(value, ua.VariantType.Int32 if small else ua.VariantType.Int64)


def top_state(states: Sequence[ISA95StateDataType]) -> JobState:
    """The top-level state: the first entry (7.3.3). A number that the standard does not know raises ValueError."""
    if not states or states[0].StateNumber not in STATE:
        msg = f"a job state that OPC 10031-4 does not know: {[state.StateNumber for state in states]}"
        raise ValueError(msg)
    return STATE[states[0].StateNumber]


def job_response(job_id: str, found: ISA95JobResponseDataType) -> JobResponse:
    """What the machine says of the job. Raises ValueError for a state outside the standard."""
    data = {entry.ID: entry.Value.Value for entry in found.JobResponseData or ()}
    good = data.get(GOOD_QUANTITY, 0)
    return JobResponse(
        id=job_id,
        state=top_state(found.JobState),
        started=_time(found.StartTime),
        ended=_time(found.EndTime),
        good_quantity=max(0, int(good)) if isinstance(good, int | float) else 0,
    )


def _time(value: datetime | None) -> datetime | None:
    """A time that the machine really meant: OPC UA writes "none" as the year 1601."""
    if value is None or value.year <= 1601 or value.year >= 9999:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def listed_job(found: ISA95JobOrderDataType, state: JobState) -> ListedJob | None:
    """A job of somebody's in the machine's list; None where it does not say when it is to run."""
    start, end = _time(found.StartTime), _time(found.EndTime)
    if not found.JobOrderID or start is None or end is None or start >= end:
        return None
    runs = {entry.ID: entry.Value.Value for entry in found.JobOrderParameters or ()}.get(RUNS_PLANNED)
    return ListedJob(found.JobOrderID, start, end, state, runs if isinstance(runs, int) and runs > 0 else None)


def job_from_structure(found: ISA95JobOrderDataType) -> JobOrder:
    """The job that a machine is told of. Raises ValueError where an id, a time or the number of runs is missing."""
    parameters = {entry.ID: entry.Value.Value for entry in found.JobOrderParameters or ()}
    start, end = _time(found.StartTime), _time(found.EndTime)
    runs = parameters.pop(RUNS_PLANNED, None)
    if not found.JobOrderID or start is None or end is None or not isinstance(runs, int):
        msg = f"a job order needs an id, both times and {RUNS_PLANNED}"
        raise ValueError(msg)
    masters, materials = found.WorkMasterID or (), found.MaterialRequirements or ()
    return JobOrder(
        id=found.JobOrderID,
        work_master=masters[0].ID if masters else "",
        start=start,
        end=end,
        quantity=runs,
        material=materials[0].MaterialDefinitionID if materials else None,
        parameters=parameters,
    )
