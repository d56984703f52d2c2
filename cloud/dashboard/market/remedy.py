"""How to change a search so that a near miss becomes a result."""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta

from cloud.dashboard.market.form import Values
from cloud.dashboard.market.told import duration
from cloud.market.model import NearMiss

Change = dict[str, str]


def remedy(miss: NearMiss, values: Values) -> Change:
    """The fields to change, and to what; empty where no change of the search is known to help.

    Where the miss names a span that would do, the search is for that span too.
    """
    change = _BY_CONSTRAINT.get(miss.constraint, _nothing)(miss, values)
    if not change and miss.would_do is None:
        return {}
    return {"service": miss.service_id, **change}


def _nothing(miss: NearMiss, values: Values) -> Change:
    del miss, values
    return {}


def _price(miss: NearMiss, _: Values) -> Change:
    amount, _space, currency = (miss.offered or "").partition(" ")
    return {"price": amount, "currency": currency} if currency else {"price": ""}


def _currency(miss: NearMiss, _: Values) -> Change:
    return {"price": "", "currency": miss.offered or ""}


def _hours(miss: NearMiss, _: Values) -> Change:
    return {"hours": f"{duration(miss.offered or '') / timedelta(hours=1):g}"}


def _capacity(miss: NearMiss, values: Values) -> Change:
    """At another time, if there is one; else as much as there is."""
    offered = miss.offered or ""
    if miss.would_do or not offered:
        return {}
    if offered.isdecimal():
        return {"quantity": offered}
    return {} if " in " in offered else _hours(miss, values)


def _process(miss: NearMiss, _: Values) -> Change:
    return {"process": (miss.offered or "").partition(" ")[0]}


def _material(miss: NearMiss, values: Values) -> Change:
    return _without(values, "materials", miss.asked, miss.offered)


def _certificate(miss: NearMiss, values: Values) -> Change:
    return _without(values, "certificates", miss.asked, None)


def _without(values: Values, field: str, gone: str | None, instead: str | None) -> Change:
    kept = [each for each in map(str.strip, values[field].split(",")) if each and each != gone]
    return {field: ", ".join(dict.fromkeys([*kept, *([instead] if instead else [])]))}


def _tolerance(miss: NearMiss, _: Values) -> Change:
    offered = miss.offered or ""
    return {"mm": offered.removesuffix(" mm")} if offered.endswith(" mm") else {"grade": offered}


def _farther(miss: NearMiss, _: Values) -> Change:
    return {"km": str(math.ceil(float((miss.offered or "0").partition(" ")[0]) + 0.1))}


_BY_CONSTRAINT: Mapping[str, Callable[[NearMiss, Values], Change]] = {
    "price.too_high": _price,
    "price.currency": _currency,
    "duration.too_short": _hours,
    "duration.too_long": _hours,
    "confidence.too_low": lambda miss, _: {"confidence": miss.offered or "1"},
    "capacity.insufficient": _capacity,
    "process.other": _process,
    "material.other": _material,
    "certificate.missing": _certificate,
    "tolerance.too_coarse": _tolerance,
    "place.too_far": _farther,
}
