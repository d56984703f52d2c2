"""An act, as the audit trail tells it; and how a transaction says who acts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cloud.partners.auth import Caller
from cloud.registry.model import Wire

NOBODY = "-"


class By(StrEnum):
    """Who it was: a key or a person's account, a plant's agent, the registry of itself, or its operator."""

    KEY = "key"
    ACCOUNT = "account"
    AGENT = "agent"
    REGISTRY = "registry"
    OPERATOR = "operator"


class Outcome(StrEnum):
    """Whether it was done, or refused because whoever asked may not."""

    DONE = "done"
    REFUSED = "refused"


class Act(Wire):
    """Who did what when to which object, in the enterprise's name or by its plant.

    `action` is a word like `booking.confirmed` or `key.revoked`; of a refusal, the method and path of the route.
    """

    id: str
    at: datetime
    by: By
    key_id: str | None = None
    key_name: str | None = None
    account_id: str | None = None
    agent_id: str | None = None
    action: str
    object_id: str | None = None
    outcome: Outcome
    code: Annotated[str | None, Field(description="of the problem that a refusal was answered with")] = None
    times: Annotated[int, Field(ge=1, description="refusals alike are counted together")] = 1
    request_id: Annotated[str | None, Field(description="the `Request-Id` of the answer")] = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which acts: since (included) and until (not), by a key, account or agent, on an object; None for any."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    object_id: str | None = None
    action: str | None = None
    outcome: Outcome | None = None


def actor(caller: Caller, request_id: str, now: datetime) -> str:
    """Who acts, and when (business time), as the database's triggers read it from the transaction's `ts.actor`."""
    return f"{caller.key_id or NOBODY} {caller.account_id or NOBODY} {request_id or NOBODY} {now.isoformat()}"
