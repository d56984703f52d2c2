"""The units that machines themselves tell, of signals whose profile names none: kept, and added when announcing."""

from collections.abc import Mapping

import orjson
from pydantic import TypeAdapter, ValidationError

from edge.profilemodel import Profile
from gateway.messages import Announce, Unit

KIND = "units"
"""Of the outbox's documents: what each machine told last, so that one that is switched off keeps its units."""

Told = Mapping[str, str]
_UNIT: TypeAdapter[str] = TypeAdapter(Unit)


def legible(told: Told) -> Told:
    """Those units that may stand on the wire: one short line each."""
    return {signal: unit.strip() for signal, unit in told.items() if _short(unit.strip())}


def completed(announce: Announce, told: Mapping[str, Told], profiles: Mapping[str, Profile]) -> Announce:
    """The announcement with what the machines told where their profiles say nothing, and change nothing either."""

    def machine(each: Announce.Machine) -> Announce.Machine:
        profile = profiles.get(each.name)
        own = profile.unsaid(told.get(each.name, {})) if profile else {}
        return each.model_copy(update={"units": {**own, **(each.units or {})}}) if own else each

    return announce.model_copy(update={"machines": tuple(map(machine, announce.machines))})


def dump(told: Told) -> bytes:
    return orjson.dumps(dict(told))


def load(body: bytes) -> Told:
    found: dict[str, str] = orjson.loads(body)
    return found


def _short(unit: str) -> bool:
    try:
        _UNIT.validate_python(unit)
    except ValidationError:
        return False
    return True
