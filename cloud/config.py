"""The settings of every cloud process: one frozen model, read from THIRDSHIFT_* variables at the root."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cloud.accounts.trust import homes, trusted
from cloud.telemetry.place import parse
from gateway.errors import UsageError

PREFIX = "THIRDSHIFT_"

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


def default_data_dir() -> Path:
    """Where data lives if nobody says: a system folder for root, else the user's own."""
    if os.geteuid() == 0:
        return Path("/var/lib/thirdshift")
    return Path(os.environ.get("XDG_DATA_HOME", str(Path.home() / ".local/share"))) / "thirdshift"


class Settings(BaseModel):
    """What a cloud process needs to know. Seconds are real seconds; `Clock.business` turns them into business time.

    `database` is the URL of an owner for migrations; None means the embedded PostgreSQL in `data_dir`. `api_dsn` and
    `ingest_dsn` are the two unprivileged roles; they are derived from the database where they are not given.
    `telemetry` names the store of samples (cloud.telemetry.place.parse); PostgreSQL keeps them for `samples_days` of
    business time. An enterprise has at most `most_holds` at once, each of its keys and people
    `most_holds_of_a_key`, where the key was not given a number of its own.
    `oidc_…` name an identity provider that people may log in with, and the dashboard as its client;
    `oidc_domains` where whose addresses are of a domain belong: `example.com=ent_…:viewer`. `dashboard_public` is the
    dashboard's address as browsers see it, where a proxy stands before it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_dir: Path = Field(default_factory=default_data_dir)
    database: str | None = None
    api_dsn: str | None = None
    ingest_dsn: str | None = None
    mqtt_embedded: bool = True
    mqtt_host: str = "127.0.0.1"
    mqtt_port: Port = 1883
    api_host: str = "127.0.0.1"
    api_port: Port = 8080
    dashboard_host: str = "127.0.0.1"
    dashboard_port: Port = 8081
    hold_ttl: Seconds = 300.0
    fresh_limit: Seconds = 300.0
    heartbeat: Seconds = 15.0
    rate: Annotated[float, Field(gt=0, le=1_000_000)] = 500.0
    burst: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    webhooks_private: bool = False
    most_holds: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    most_holds_of_a_key: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    telemetry: str = "postgres"
    telemetry_token: str | None = None
    samples_days: Annotated[int, Field(ge=7, le=36_500)] = 400
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = None
    oidc_scopes: str = "openid email"
    oidc_domains: str = ""
    dashboard_public: str | None = None
    pool_size: Annotated[int, Field(ge=1, le=200)] = 8
    acquire_timeout: Seconds = 5.0
    statement_timeout: Seconds = 10.0

    @field_validator("database", "api_dsn", "ingest_dsn")
    @classmethod
    def _names_a_database(cls, url: str | None) -> str | None:
        if not url:
            return url
        parts = urlsplit(url)
        if parts.scheme not in {"postgresql", "postgres"} or parts.port == 0:  # a port that is none raises ValueError
            msg = "write the URL of a PostgreSQL, postgresql://user:password@host:5432/name"
            raise ValueError(msg)
        return url

    @field_validator("telemetry")
    @classmethod
    def _names_a_store(cls, text: str) -> str:
        parse(text)
        return text

    @field_validator("oidc_issuer", "dashboard_public")
    @classmethod
    def _may_be_sent_people_to(cls, url: str | None) -> str | None:
        return trusted(url) if url else None

    @field_validator("oidc_domains")
    @classmethod
    def _names_homes(cls, text: str) -> str:
        homes(text)
        return text

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, **given: object) -> "Settings":
        """The settings in the variables, overridden by what is `given` and not None.

        Raises UsageError naming each variable that cannot be used.
        """
        named = {name: environment.get(PREFIX + name.upper()) for name in cls.model_fields}
        values = {**_present(named), **_present(given)}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            faults = "; ".join(f"{PREFIX}{_place(fault['loc'])}: {fault['msg']}" for fault in error.errors())
            msg = f"settings cannot be used: {faults}"
            raise UsageError(msg) from error

    def environment(self) -> dict[str, str]:
        """The same settings as variables, for a child process."""
        values = self.model_dump(mode="json", exclude_none=True)
        return {PREFIX + name.upper(): str(value) for name, value in values.items()}

    @property
    def api_url(self) -> str:
        return f"http://{self.api_host}:{self.api_port}"

    @property
    def dashboard_url(self) -> str:
        return f"http://{self.dashboard_host}:{self.dashboard_port}"

    @property
    def hold_time(self) -> timedelta:
        """How long a hold lives, in real time."""
        return timedelta(seconds=self.hold_ttl)

    @property
    def fresh_time(self) -> timedelta:
        """How long after its last receipt a machine still counts as fresh, in real time."""
        return timedelta(seconds=self.fresh_limit)


def _present(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _place(location: tuple[int | str, ...]) -> str:
    return "_".join(map(str, location)).upper()
