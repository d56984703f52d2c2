"""Finds the database that the settings mean: given by URL, or embedded; and how the two unprivileged roles enter it."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from cloud import db
from cloud.config import Settings
from cloud.embedded.postgres import ROLES, EmbeddedPostgres
from cloud.embedded.process import write_private
from gateway.errors import UsageError

_SECRETS = "roles.json"


@contextmanager
def owner(settings: Settings, *, new: bool = False) -> Iterator[tuple[str, dict[str, str]]]:
    """The owner's DSN, and the passwords that migrations must give the roles (none to a role whose DSN is given).

    An embedded database that does not run is started meanwhile; one that is not there is made where it may be `new`.
    Raises UsageError where it may not: a folder that was mistyped is not to become a registry.
    """
    if settings.database:
        yield settings.database, ours(settings, _passwords(settings))
        return
    embedded = EmbeddedPostgres(settings.data_dir)
    if not embedded.home.is_dir() and not new:
        msg = f"no registry in {settings.data_dir}: name its folder with --data, its database with "
        raise UsageError(msg + "THIRDSHIFT_DATABASE, or begin one with `thirdshift cloud serve`")
    running = embedded.running() if embedded.home.is_dir() else None
    if running:
        yield running, embedded.passwords
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with embedded as dsn:
        yield dsn, embedded.passwords


def resolved(settings: Settings, dsn_of: Literal["api_dsn", "ingest_dsn"]) -> Settings:
    """The settings with the DSN that the process needs; no process needs the other role's.

    Raises UsageError where no database can be meant.
    """
    if getattr(settings, dsn_of):
        return settings
    if settings.database:
        return entered(settings, settings.database, _passwords(settings))
    embedded = EmbeddedPostgres(settings.data_dir)
    dsn = embedded.running() if embedded.home.is_dir() else None
    if dsn is None:
        msg = (
            f"no database: none runs in {settings.data_dir}. Run `thirdshift cloud serve`, or set THIRDSHIFT_DATABASE "
            f"to the URL of a PostgreSQL, or THIRDSHIFT_{dsn_of.upper()} to that of the role alone"
        )
        raise UsageError(msg)
    return entered(settings, dsn, embedded.passwords)


def entered(settings: Settings, dsn: str, passwords: dict[str, str]) -> Settings:
    """The settings for that database: each role's DSN, where it is not given already."""
    dsns = {"api_dsn": db.as_role(dsn, "ts_api", passwords["ts_api"])}
    dsns["ingest_dsn"] = db.as_role(dsn, "ts_ingest", passwords["ts_ingest"])
    given = {name: value for name in dsns if (value := getattr(settings, name))}
    return settings.model_copy(update={**dsns, **given})


def ours(settings: Settings, passwords: dict[str, str]) -> dict[str, str]:
    """Those of the roles whose DSN nobody gave: the others have passwords of their own."""
    given = {"ts_api": settings.api_dsn, "ts_ingest": settings.ingest_dsn}
    return {role: password for role, password in passwords.items() if not given[role]}


def _passwords(settings: Settings) -> dict[str, str]:
    """The roles' passwords for a database given by URL: made once, and kept for our own user alone."""
    path: Path = settings.data_dir / _SECRETS
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        write_private(path, json.dumps({role: secrets.token_urlsafe(24) for role in ROLES}))
    known: dict[str, str] = json.loads(path.read_text())
    return known
