"""The functions of cooperation, in the order in which a migration must create them."""

from pathlib import Path

HERE = Path(__file__).parent
ORDER = ("tables", "guard", "agreements", "quota", "inquiries", "quotes", "sweep", "trust", "alliances")
FILES = tuple(HERE / f"{name}.sql" for name in ORDER)
