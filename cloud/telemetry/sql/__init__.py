"""The functions that roll up what was stored."""

from pathlib import Path

ROLLUP = Path(__file__).parent / "rollup.sql"
