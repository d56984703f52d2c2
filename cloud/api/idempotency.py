"""Idempotency: every write of a booking carries a key, and one key belongs to one request for ever."""

import hashlib
import re
from typing import Annotated

import orjson
from fastapi import Header
from pydantic import BaseModel

from cloud.api.catalogue import IDEMPOTENCY_MISSING
from cloud.api.problem import Problem

_USABLE = re.compile(r"[\x21-\x7e]{1,128}")


async def required(
    idempotency_key: Annotated[
        str | None, Header(description="a new random text with each intention, the same one with its retries")
    ] = None,
) -> str:
    """FastAPI dependency: the caller's key. Raises the problem `idempotency.missing`."""
    if idempotency_key is None or not _USABLE.fullmatch(idempotency_key):
        raise Problem(IDEMPOTENCY_MISSING)
    return idempotency_key


def body_hash(operation: str, body: BaseModel) -> bytes:
    """SHA-256 of what is asked for: the operation with its path, and the body in one canonical form."""
    canonical = orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(operation.encode() + b"\n" + canonical).digest()
