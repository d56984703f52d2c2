"""The error that an answer of the API is made of; apart from the answering, so that others load no web framework."""

from contextvars import ContextVar

from cloud.api.catalogue import Kind
from cloud.errors import CloudError

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


class Problem(CloudError):
    """An answer that is not a success. `facts` become members of the problem."""

    def __init__(self, kind: Kind, detail: str = "", **facts: object) -> None:
        self.kind = kind
        self.code = kind.code
        self.retryable = kind.retryable
        self.detail = detail or kind.title
        self.facts = facts
        super().__init__(self.detail)


def current() -> str:
    """The Request-Id of the request that is being answered; empty outside of one."""
    return REQUEST_ID.get()
