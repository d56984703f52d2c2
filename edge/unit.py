"""Units of measure: whether one is known, and the line that leads from one to another (gain and offset)."""

import difflib
import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pint

PLAIN = frozenset(
    {
        "%", "1", "A", "mA", "V", "mV", "kV", "W", "kW", "MW", "VA", "kVA", "Wh", "kWh", "MWh", "J", "kJ", "Hz", "kHz",
        "N", "kN", "Pa", "kPa", "MPa", "bar", "mbar", "g", "kg", "t", "mm", "cm", "m", "km", "um", "m**2", "m**3", "l",
        "s", "ms", "min", "h", "d", "rpm", "mm/s", "m/s", "mm/min", "m/min", "kg/h", "l/min", "m**3/h", "degC", "K",
        "degF", "deg", "rad", "lm", "lx",
    }
)  # fmt: skip
"""Units that are known without asking pint, which takes 0.4 s and 18 MB to load."""

ASIDES = {
    "°C": "degC",
    "Cel": "degC",
    "°F": "degF",
    "°": "deg",
    "µm": "um",
    "μm": "um",
    "m²": "m**2",
    "m³": "m**3",
    "1/min": "rpm",
}
"""What people write, and what pint reads."""


def check(unit: str) -> None:
    """Raises ValueError for a unit that nobody knows, with the nearest that somebody does."""
    if unit not in PLAIN and unit not in ASIDES:
        _parse(unit)


@functools.lru_cache(maxsize=256)
def line(unit: str, wanted: str) -> tuple[float, float]:
    """(gain, offset) with `wanted` = gain * `unit` + offset. Raises ValueError, also for units of other quantities."""
    if unit == wanted:
        return 1.0, 0.0
    have, want = _parse(unit), _parse(wanted)
    if have.dimensionality != want.dimensionality:
        msg = (
            f"{unit!r} cannot be turned into {wanted!r}: {_measured(have)} is not {_measured(want)}; "
            "give units of one quantity"
        )
        raise ValueError(msg)
    registry = _registry()
    at_zero = float(registry.Quantity(0.0, have).to(want).magnitude)
    at_one = float(registry.Quantity(1.0, have).to(want).magnitude)
    return at_one - at_zero, at_zero


@functools.cache
def _registry() -> "pint.UnitRegistry[Any]":
    import pint  # noqa: PLC0415 - only for profiles with a unit that is not plain

    return pint.UnitRegistry(cache_folder=None)


def _parse(unit: str) -> Any:
    import pint  # noqa: PLC0415 - likewise

    text = ASIDES.get(unit, "percent" if unit == "%" else "dimensionless" if unit == "1" else unit)
    try:
        return _registry().parse_units(text)
    except (pint.errors.PintError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        msg = f"{unit!r} is not a unit{_near(unit)}; write it as `kW`, `degC` or `mm/min`"
        raise ValueError(msg) from error


def _near(unit: str) -> str:
    known = {name.lower(): name for name in (*sorted(_registry()), *sorted(PLAIN))}
    close = difflib.get_close_matches(unit.lower(), known, n=8, cutoff=0.5)
    close.sort(key=lambda name: name[:1] != unit[:1].lower())  # what begins alike, before what is a little closer
    return f" (did you mean `{known[close[0]]}`?)" if close else ""


def _measured(unit: Any) -> str:
    return str(unit.dimensionality) if unit.dimensionality else "a bare number"
