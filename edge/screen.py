"""What the commands of the first day show: tables for people, one JSON document for scripts, a sign of being busy."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.machine import Quality

WIDTH = 200
"""Columns of a table that goes into a file or a pipe."""


def console(*, error: bool = False) -> Console:
    """The screen, or something wide enough where there is none."""
    found = Console(stderr=error)
    return found if found.is_terminal else Console(stderr=error, width=WIDTH)


def say_json(document: object) -> None:
    typer.echo(orjson.dumps(document, default=_plain, option=orjson.OPT_NON_STR_KEYS))


def _plain(value: object) -> object:
    return value.value if isinstance(value, Quality) else str(value)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table whose cells may hold Rich's markup; see `plain`."""
    made = Table(title=title, title_justify="left")
    for name in columns:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*row)
    console().print(made)


def plain(value: object) -> str:
    """A value as a cell shows it, whatever signs it holds."""
    if value is None:
        return ""
    if isinstance(value, Mapping | list | tuple):
        text = orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    else:
        text = str(value)
    return escape(text if len(text) <= 80 else f"{text[:79]}…")


@contextmanager
def busy(what: str, *, json: bool) -> Iterator[Any]:
    """A sign that something goes on, for people at a terminal; call what it yields with news."""
    screen = console(error=True)
    if json or not screen.is_terminal:
        yield lambda _news: None
        return
    with screen.status(escape(what)) as status:
        yield lambda news: status.update(escape(f"{what}: {news}"))
