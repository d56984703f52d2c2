"""What a service can do and a job asks for, at the border: room for the workpiece, fineness, certificates."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

Length = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
"""Millimetres."""
Mass = Annotated[float, Field(gt=0, le=10_000_000, allow_inf_nan=False)]
"""Kilograms."""
Grade = Annotated[str, StringConstraints(pattern=r"^IT(01|0|[1-9]|1[0-8])$")]
"""A standard tolerance grade of ISO 286-1: IT01, IT0, IT1 to IT18, the finest first."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Box(_Part):
    """Edges along three axes, and a mass where it is known."""

    x_mm: Length
    y_mm: Length
    z_mm: Length
    mass_kg: Mass | None = None

    @property
    def edges(self) -> tuple[float, float, float]:
        """The longest first: a workpiece may be turned, so what is along which axis decides nothing."""
        longest, middle, shortest = sorted((self.x_mm, self.y_mm, self.z_mm), reverse=True)
        return longest, middle, shortest


class Envelope(Box):
    """The largest workpiece that there is room for, in one of its positions along the axes, and its largest mass."""


class Workpiece(Box):
    """The workpiece's outer edges, and its mass; it may be laid along any axis."""


class Tolerance(_Part):
    """How fine: a grade of ISO 286-1, a deviation in millimetres, or both.

    Neither is made from the other: what a grade allows depends on the nominal size.
    """

    grade: Grade | None = None
    mm: Annotated[float | None, Field(gt=0, le=1000, allow_inf_nan=False)] = None

    @model_validator(mode="after")
    def _some(self) -> "Tolerance":
        if self.grade is None and self.mm is None:
            msg = 'say how fine: a grade ("IT7"), a deviation in mm, or both'
            raise ValueError(msg)
        return self


class Certificate(_Part):
    """What the provider is certified for, and until when: work that would end later can not be booked."""

    name: Name
    valid_until: Annotated[
        AwareDatetime, Field(ge=datetime(1970, 1, 2, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))
    ]


def fold(text: str) -> str:
    """Materials and certificates are one and the same whatever the case of A to Z; lower(… COLLATE "C") in SQL."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def rank_of(grade: str) -> int:
    """How coarse a grade is: IT01 is -1, IT0 is 0, IT7 is 7."""
    return -1 if grade == "IT01" else int(grade[2:])


def grade_of(rank: int) -> str:
    """The grade of that rank."""
    return "IT01" if rank < 0 else f"IT{rank}"
