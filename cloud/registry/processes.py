"""The processes that a service can name: DIN 8580 down to its subgroups, in English, Chinese and German."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


@dataclass(frozen=True, slots=True)
class Process:
    """A class of DIN 8580: main group "3", group "3.2" or subgroup "3.2.3", by names in three languages."""

    code: str
    en: str
    zh: str
    de: str

    @property
    def parent(self) -> str | None:
        """The group that it belongs to; None of a main group."""
        return self.code.rpartition(".")[0] or None


def _read() -> Mapping[str, Process]:
    """DIN 8580:2003-09 and the standards of its groups (DIN 8582 to 8593); English and Chinese names are ours."""
    with (Path(__file__).parent / "din8580.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: Process(**row) for row in csv.DictReader(file)}


PROCESSES: Mapping[str, Process] = _read()
"""By code, each after the group that it belongs to."""

_NAMED = {name.casefold(): each.code for each in PROCESSES.values() for name in (each.en, each.zh, each.de, each.code)}


def code_of(text: str) -> str:
    """The code that is meant by a code or by a name in English, Chinese or German. Raises ValueError."""
    code = _NAMED.get(text.strip().casefold())
    if code is None:
        msg = 'not a process of DIN 8580; write a code like 3.2.3 or its name ("milling", "铣削"): GET /v1/processes'
        raise ValueError(msg)
    return code


def name(code: str) -> str:
    """How we speak of it: "3.2.3 milling"; what is not in the table, as it stands."""
    return f"{code} {PROCESSES[code].en}" if code in PROCESSES else code


@cache
def within(code: str) -> tuple[str, ...]:
    """It and all that belongs to it: whoever looks for a group takes any of its processes."""
    return tuple(each for each in PROCESSES if each == code or each.startswith(f"{code}."))


@cache
def near(code: str) -> tuple[str, ...]:
    """Others that come near it: those of the same group, and the group itself; of a main group none."""
    parent = PROCESSES[code].parent if code in PROCESSES else None
    return tuple(each for each in within(parent) if each not in within(code)) if parent else ()


class ProcessClass(BaseModel):
    """A class of DIN 8580: its code, that of its group, and its names in English, Chinese and German."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    parent: str | None
    en: str
    zh: str
    de: str


class Processes(BaseModel):
    """The whole table; it is short and never changes while the registry runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: tuple[ProcessClass, ...]


TABLE = Processes(
    items=tuple(
        ProcessClass(code=each.code, parent=each.parent, en=each.en, zh=each.zh, de=each.de)
        for each in PROCESSES.values()
    )
)

ProcessCode = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(code_of)]
"""A code of DIN 8580, or a name that becomes its code."""
