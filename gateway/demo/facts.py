"""What a real job shop is like: the statistics that the generated plant lives by.

All figures are medians and quartiles of 1,333 reports of 13 machines of one job shop, January to March 2012 (D. Levy,
"Production Analysis with Process Mining Technology", 4TU.ResearchData, 2014; the cleaned public subset).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Craft:
    """One process as it was seen: minutes per part (quartiles), hours per run (quartiles), shares of time."""

    process: str
    cycle_min: tuple[float, float, float]
    run_h: tuple[float, float, float]
    setup_h: float
    busy: float
    breakdowns_per_1000_h: float
    orders: tuple[str, ...]


TURNING_AND_MILLING = Craft(
    "Turning & Milling", (11.1, 17.1, 23.3), (2.3, 5.4, 8.0), 3.0, 0.54, 7.5, ("Electrical Contact", "Fastener")
)
GRINDING = Craft("Grinding", (23.9, 38.0, 86.0), (2.0, 3.3, 6.5), 2.0, 0.33, 0.5, ("Spur Gear", "Housing"))
ROUND_GRINDING = Craft("Round Grinding", (12.2, 18.7, 24.1), (2.0, 3.9, 5.8), 2.0, 0.13, 0.0, ("Cable Head",))
LAPPING = Craft("Lapping", (1.6, 3.8, 7.1), (0.7, 1.3, 2.2), 0.0, 0.11, 0.0, ("Cable Head", "Punch Holder"))
LASER_MARKING = Craft("Laser Marking", (0.6, 0.9, 2.0), (0.5, 0.8, 1.2), 0.0, 0.05, 0.0, ("Spur Gear",))
MILLING = Craft("Milling", (38.9, 49.2, 74.2), (1.5, 2.6, 7.2), 2.0, 0.04, 0.0, ("Barrel", "Cable Head"))

CRAFTS = (TURNING_AND_MILLING, GRINDING, ROUND_GRINDING, LAPPING, LASER_MARKING, MILLING)

WEEK: tuple[tuple[float, float, float], ...] = (
    (0.22, 0.21, 0.35),
    (0.20, 0.21, 0.31),
    (0.19, 0.20, 0.34),
    (0.19, 0.17, 0.29),
    (0.15, 0.14, 0.16),
    (0.02, 0.02, 0.06),
    (0.09, 0.14, 0.26),
)
"""Share of machines that reported work, Monday to Sunday, by shift (from 00:00, 08:00, 16:00 plant time)."""

MEAN_BUSY = sum(map(sum, WEEK)) / 21

BREAKDOWN_H = (0.9, 1.3, 3.2)
"""Quartiles of how long a breakdown lasted, in hours."""
