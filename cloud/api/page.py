"""A page of a list as it crosses the border; apart from the asking, so that a client loads no database code."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")


class Page(BaseModel, Generic[Item]):
    """One page. `next_cursor` is None on the last one; else pass it as `cursor`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: tuple[Item, ...]
    next_cursor: str | None = None
