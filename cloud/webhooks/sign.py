"""The signature of Standard Webhooks (symmetric, v1): the receiver knows who sent it, when, and that it is whole."""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def headers(secret: bytes, identity: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The three headers of a message; `timestamp` in seconds since 1970, real time. A retry keeps its identity."""
    signed = f"{identity}.{timestamp}.".encode() + body
    mark = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": identity, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{mark}"}
