"""The functions of booking, in the order in which a migration must create them."""

from pathlib import Path

HERE = Path(__file__).parent
ORDER = (
    "present",
    "capacity",
    "quote",
    "moves",
    "risk",
    "admission",
    "book",
    "settle",
    "amend",
    "bundle",
    "heal",
    "waiting",
    "settlement",
    "plant",
    "statement",
)
FILES = tuple(HERE / f"{name}.sql" for name in ORDER)
