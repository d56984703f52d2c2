"""Idempotency: every write that makes something carries a key, and one key belongs to one request."""

import hashlib
import re
from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import Depends, Header, Request
from pydantic import BaseModel

from cloud.api import catalogue as c
from cloud.api.problem import Problem

KEYED = (c.IDEMPOTENCY_MISSING, c.IDEMPOTENCY_IN_FLIGHT, c.IDEMPOTENCY_MISMATCH)
"""The problems of every route that takes a key."""

_USABLE = re.compile(r"[\x21-\x7e]{1,128}")


async def required(
    idempotency_key: Annotated[
        str | None, Header(description="a new random text with each intention, the same one with its retries")
    ] = None,
) -> str:
    """FastAPI dependency: the caller's key. Raises the problem `idempotency.missing`."""
    if idempotency_key is None or not _USABLE.fullmatch(idempotency_key):
        raise Problem(c.IDEMPOTENCY_MISSING)
    return idempotency_key


Key = Annotated[str, Depends(required)]


@dataclass(frozen=True, slots=True)
class Intention:
    """What a caller means by a key: the SHA-256 of the operation with its path, and the body in one canonical form."""

    key: str
    body_hash: bytes


def intention(key: str, request: Request, body: BaseModel) -> Intention:
    """What is asked for by this request."""
    canonical = orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    operation = f"{request.method} {request.scope['path']}"
    return Intention(key, hashlib.sha256(operation.encode() + b"\n" + canonical).digest())
