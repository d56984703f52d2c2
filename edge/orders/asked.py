"""An order that waits for a person of the plant."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from gateway.messages import Order


class Asked(BaseModel):
    """Since when it waits, and when it is too late. `there`: the machine holds the job from before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Order
    at: AwareDatetime
    until: AwareDatetime
    there: bool = False
