"""Where a plan or a calendar comes from, how often it is looked at, and how long its last good copy is believed."""

import re
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator

from edge.duration import Duration
from edge.secret import SecretRef


class Copied(BaseModel):
    """Something of the plant's that is kept up to date: a file beside the config, or an address (http or https).

    `every`: real time between two looks at an address. `fresh`: how old the last good copy may be before confidence
    falls; `stale`: from when on nothing is sold on it. `token`: sent as a bearer token.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=True)

    file: Path | None = None
    url: str | None = None
    token: SecretRef | None = None
    every: Duration = timedelta(minutes=5)
    fresh: Duration = timedelta(hours=1)
    stale: Duration = timedelta(days=1)

    @field_validator("url")
    @classmethod
    def _web(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/\s]+", value):
            msg = "expected an address that starts with http:// or https://"
            raise ValueError(msg)
        return value

    def check_ages(self) -> None:
        """Raises ValueError where confidence could not fall from fresh to stale."""
        if not self.fresh < self.stale:
            msg = f"`fresh` ({self.fresh}) must be shorter than `stale` ({self.stale})"
            raise ValueError(msg)

    def check_place(self) -> None:
        """Raises ValueError where it is nowhere, or in two places."""
        if (self.file is None) == (self.url is None):
            msg = "give a `file` or a `url`"
            raise ValueError(msg)

    @property
    def place(self) -> str:
        """The file or the address, as messages name it."""
        return str(self.file) if self.file else str(self.url)
