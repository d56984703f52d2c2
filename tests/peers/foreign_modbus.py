"""A foreign PLC as a pytest plugin: the Modbus TCP server of npm's modbus-serial, with registers that tests set."""

import itertools
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mortal import Mortal
from npm import installed

FOLDER = Path(__file__).parent / "modbus"


@dataclass
class ForeignPlc(Mortal):
    """One running server. `words`: what its units have, by `unit/table/address` (coil, discrete, holding, input)."""

    words: dict[str, int | bool] = field(default_factory=dict)
    port: int = 0
    process: "subprocess.Popen[str] | None" = None
    written: int = 0
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> "ForeignPlc":
        self.process = subprocess.Popen(
            ["node", "server.js", json.dumps({"words": self.words, "port": self.port or None})],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.port = self._heard("port")
        return self

    def set(self, unit: int, table: str, address: int, *values: float | bool) -> None:
        """Words or bits from `address` on take these values."""
        for offset, value in enumerate(values):
            self.words[f"{unit}/{table}/{address + offset}"] = value  # type: ignore[assignment]
            self._tell(unit=unit, table=table, address=address + offset, value=value)

    def deafen(self, unit: int) -> None:
        """The unit answers no more, as one behind a gateway whose cable is out."""
        self._tell(deaf=unit)

    def hear(self, unit: int) -> None:
        self._tell(hear=unit)

    def _tell(self, **told: Any) -> None:
        """Tell it, and wait until it knows."""
        assert self.process is not None
        assert self.process.stdin is not None
        number = next(self._ids)
        self.process.stdin.write(json.dumps({**told, "id": number}) + "\n")
        self.process.stdin.flush()
        while self._heard("id") != number:
            pass

    def _heard(self, key: str) -> int:
        assert self.process is not None
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            said = json.loads(line)
            self.written += "written" in said
            if key in said:
                return int(said[key])
        pytest.fail("the foreign PLC is gone")


MakePlc = Callable[[dict[str, int | bool]], ForeignPlc]


@pytest.fixture(scope="session")
def modbus_software() -> Path:
    """The foreign server's packages, installed from their lock where that is still to be done."""
    return installed(FOLDER, "modbus-serial", "foreign Modbus server", "--omit=optional", "--ignore-scripts")


@pytest.fixture
def foreign_plc(modbus_software: Path) -> Iterator[MakePlc]:
    """Starts foreign PLCs: `plc = foreign_plc({"1/holding/0": 7})`."""
    started: list[ForeignPlc] = []

    def make(words: dict[str, int | bool]) -> ForeignPlc:
        plc = ForeignPlc(dict(words))
        started.append(plc)
        return plc.start()

    yield make
    for plc in started:
        plc.wake()
        plc.kill()
