"""Webhooks and their deliveries as they cross the border; the schedule by which a delivery is tried again."""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from cloud.registry.model import Wire


class EventType(StrEnum):
    """What may be sent; the same events as in the stream."""

    BOOKING_CHANGED = "booking.changed"
    HOLD_CHANGED = "hold.changed"
    WAITING_CHANGED = "waiting.changed"
    AGREEMENT_CHANGED = "agreement.changed"
    INQUIRY_CHANGED = "inquiry.changed"
    ALLIANCE_CHANGED = "alliance.changed"
    QUOTE_CHANGED = "quote.changed"
    CAPACITY_CHANGED = "capacity.changed"
    MACHINE_STATE = "machine.state"
    MESSAGE_PARKED = "message.parked"


class DeliveryState(StrEnum):
    """DUE: to be sent, or sent again; FAILED: given up; it may be replayed."""

    DUE = "DUE"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


SCHEDULE = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""Real time after each attempt until the next one, as Standard Webhooks suggests; after the last it is given up."""


def next_try(attempts: int) -> timedelta | None:
    """After so many attempts, the wait until the next; None: no more."""
    return SCHEDULE[attempts - 1] if attempts <= len(SCHEDULE) else None


def _address(text: str) -> str:
    msg = "write an address like https://erp.example.com/hooks, without user, password, fragment or blanks"
    if not _PRINTABLE.fullmatch(text):
        raise ValueError(msg)
    parts = urlsplit(text)
    named = bool(parts.hostname) and parts.port != 0  # to read the port raises ValueError where it is none
    if parts.scheme not in {"https", "http"} or not named or parts.username or parts.password or parts.fragment:
        raise ValueError(msg)
    return text


_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class WebhookRequest(Wire):
    """Where to send what. `types` empty: everything. A test sends nothing that has not happened."""

    url: Annotated[str, Field(min_length=8, max_length=2000), AfterValidator(_address)]
    types: Annotated[tuple[EventType, ...], Field(max_length=20)] = ()


class Webhook(Wire):
    """A webhook as it is listed; its secret is never shown again."""

    id: str
    url: str
    types: tuple[EventType, ...]
    created_at: datetime


class NewWebhook(Webhook):
    """A webhook just made, with its secret: the only time that it is shown."""

    secret: str


class Delivery(Wire):
    """One event on its way to a webhook, or arrived; what the receiver last answered."""

    id: str
    type: str
    state: DeliveryState
    attempts: int
    next_at: datetime | None
    status: int | None
    error: str | None
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose time has come: to whom, with which secret, and what."""

    id: str
    webhook: str
    url: str
    secret: bytes
    attempts: int
    body: Mapping[str, Any]


def new_secret() -> tuple[str, bytes]:
    """A secret of 32 random bytes: as its holder writes it (Standard Webhooks' `whsec_` and base64), and the bytes."""
    raw = secrets.token_bytes(32)
    return "whsec_" + base64.b64encode(raw).decode(), raw
