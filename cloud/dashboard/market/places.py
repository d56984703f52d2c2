"""Where results are: one mark for each plant, the darker the cheaper, the larger the more results it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloud.dashboard.market.told import money
from cloud.dashboard.words import Words
from cloud.market.model import Found, Near

SMALLEST, LARGEST = 12, 30
"""Pixels across."""
MARGIN = 5.0
"""Degrees that are shown around the marks at least."""


@dataclass(frozen=True, slots=True)
class Place:
    """A plant on the map: the results at it, by their place in the list, the best first."""

    latitude: float
    longitude: float
    results: tuple[int, ...]


def places(found: Sequence[Found]) -> list[Place]:
    """The plants of the results, those with the best result first; results without a place are on no map."""
    by_place: dict[tuple[float, float], list[int]] = {}
    for number, one in enumerate(found):
        if one.latitude is not None and one.longitude is not None:
            by_place.setdefault((one.latitude, one.longitude), []).append(number)
    return [Place(*place, tuple(numbers)) for place, numbers in by_place.items()]


def options(found: Sequence[Found], near: Near | None, words: Words) -> dict[str, Any]:
    """The map for ECharts: land, marks with their best price, and where was searched around."""
    made = places(found)
    marks = [_mark(place, found, len(made), nth, words) for nth, place in enumerate(made)]
    centre = [{"value": [near.longitude, near.latitude], "name": words("market.here")}] if near else []
    return {
        "animation": False,
        "tooltip": {"trigger": "item"},
        "geo": {
            "map": "land",
            "roam": True,
            "scaleLimit": {"min": 1, "max": 40},
            "boundingCoords": _bounds(made, near),
            "silent": True,
            "aspectScale": 0.72,
            "itemStyle": {"areaColor": "var(--line)", "borderColor": "var(--grid-strong)", "borderWidth": 0.7},
            "tooltip": {"show": False},
        },
        "series": [
            {"id": "near", "type": "scatter", "coordinateSystem": "geo", "symbol": "diamond", "symbolSize": 13,
             "itemStyle": {"color": "var(--ink)"}, "data": centre},
            {"id": "plants", "type": "scatter", "coordinateSystem": "geo", "data": marks, "z": 3,
             "labelLayout": {"hideOverlap": True}},
        ],
    }  # fmt: skip


def _mark(place: Place, found: Sequence[Found], count: int, nth: int, words: Words) -> dict[str, Any]:
    best = found[place.results[0]]
    several = min(len(place.results), 5) / 5
    return {
        "value": [place.longitude, place.latitude, nth],
        "name": words(
            "market.map.mark", count=len(place.results), provider=best.provider_name, price=money(best.price)
        ),
        "symbolSize": round(SMALLEST + (LARGEST - SMALLEST) * several),
        "itemStyle": {
            "color": "var(--available)",
            "opacity": round(1 - 0.6 * nth / max(count - 1, 1), 2),
            "borderColor": "var(--ink)",
            "borderWidth": 1,
        },
        "label": {
            "show": True,
            "opacity": 1,  # a mark may be pale, its price is to be read
            "position": "right",
            "formatter": f"{best.price.amount:,.0f} {best.price.currency}",
            "color": "var(--ink)",
            "fontSize": 11,
            "textBorderColor": "var(--card)",
            "textBorderWidth": 3,
        },
    }


def _bounds(made: Sequence[Place], near: Near | None) -> list[list[float]]:
    """The corners of what is shown, north-west and south-east; the world where nothing has a place."""
    points = [(place.longitude, place.latitude) for place in made]
    if near:
        points.append((near.longitude, near.latitude))
    if not points:
        return [[-170.0, 75.0], [180.0, -56.0]]
    east, west = max(x for x, _ in points), min(x for x, _ in points)
    north, south = max(y for _, y in points), min(y for _, y in points)
    wide, high = max(MARGIN, (east - west) * 0.15), max(MARGIN, (north - south) * 0.15)
    return [[max(west - wide, -180), min(north + high, 85)], [min(east + wide, 180), max(south - high, -85)]]
