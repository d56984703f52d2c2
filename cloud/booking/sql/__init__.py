"""The functions of booking, in the order in which a migration must create them."""

from pathlib import Path

HERE = Path(__file__).parent
FILES: tuple[Path, ...] = ()
