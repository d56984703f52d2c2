"""Where the plant's own orders come from, how far ahead they tell everything, and what each takes around itself."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from edge.copied import Copied
from edge.duration import Duration
from edge.planrows import Fields, Format


class Plan(Copied):
    """The plant's own orders: a file, an address, or (`job_list`) the ISA-95 job list of each machine itself.

    `lead`: how long before its start an order is known, if not from when it is in the plan. `reach`: how far ahead the
    plan is complete; without it (and without a `lead`) to the end of its last order. `machine`: what the plan calls
    this machine. `set_up`, `clean_up`: what each order takes before and after. `map`: where our fields are.
    """

    job_list: bool = False
    format: Format | None = None
    fields: Fields = Field(Fields(), alias="map")
    lead: Duration | None = None
    reach: Duration | None = None
    machine: str | None = None
    set_up: Duration = timedelta()
    clean_up: Duration = timedelta()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.job_list and (self.file or self.url):
            msg = "a plan comes from a `file`, a `url` or the `job_list`; give one of them"
            raise ValueError(msg)
        if not self.job_list:
            self.check_place()
        self.check_ages()
        return self

    @property
    def form(self) -> Format:
        """As declared, or as the name ends; CSV otherwise."""
        ending = self.place.partition("?")[0].rpartition(".")[2].lower()
        if self.format:
            return self.format
        return "ics" if ending == "ics" else "json" if ending == "json" else "csv"

    @property
    def complete_for(self) -> timedelta | None:
        """How far ahead it tells everything; None: to its last order."""
        return self.reach or self.lead
