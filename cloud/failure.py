"""What a client is told when a call fails: the API's problem, or that nobody answered."""

from collections.abc import Mapping
from typing import Any

import httpx2
import orjson

from cloud.errors import CloudError


class ApiError(CloudError):
    """The API answered with a problem. `code` is its stable code, `facts` the whole problem."""

    def __init__(self, status: int, facts: Mapping[str, Any], request_id: str) -> None:
        self.status = status
        self.code = str(facts.get("code", "unknown"))
        self.facts = facts
        self.request_id = request_id
        self.retryable = status == 503 or self.code == "idempotency.in_flight"
        super().__init__(f"{self.code} ({status}): {facts.get('detail', '')} [{request_id}]")


class ApiUnreachable(CloudError):
    """Nobody answered; what was sent may have happened or not, so a write is repeated with its own key."""

    code = "api.unreachable"
    retryable = True


def problem(response: httpx2.Response) -> ApiError:
    """The error that an answer without success stands for."""
    try:
        facts = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        facts = {"detail": response.text[:200]}
    return ApiError(response.status_code, facts, response.headers.get("request-id", ""))
