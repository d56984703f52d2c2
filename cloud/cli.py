"""`thirdshift cloud`: serve everything, run one process of it, migrate, and look after enterprises."""

import asyncio
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import asyncpg
import orjson
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from cloud import db, office
from cloud.accounts.model import AccountRequest
from cloud.accounts.roles import Role
from cloud.config import Settings
from cloud.connection import owner, resolved
from gateway import log
from gateway.clock import Clock
from gateway.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="The registry: API, ingest, broker, database and dashboard.")
enterprise = typer.Typer(no_args_is_help=True, help="Who takes part.")
app.add_typer(enterprise, name="enterprise")
account = typer.Typer(no_args_is_help=True, help="Who may log in to the dashboard.")
app.add_typer(account, name="account")

Data = Annotated[Path | None, typer.Option("--data", help="folder for the embedded database and logs")]
Database = Annotated[
    str | None,
    typer.Option(
        help="URL of a PostgreSQL (its owner); default: an embedded one. With a password in it set THIRDSHIFT_DATABASE "
        "instead: every user of this machine can read what a command was given"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="one JSON object instead of text")]
ApiPort = Annotated[int | None, typer.Option(help="port of the API")]
MqttPort = Annotated[int | None, typer.Option(help="port of the broker")]
DashboardPort = Annotated[int | None, typer.Option(help="port of the dashboard")]

out = Console()
err = Console(stderr=True)


@app.command()
def serve(  # noqa: PLR0913, PLR0917 - one option each
    data: Data = None,
    database: Database = None,
    api_port: ApiPort = None,
    mqtt_port: MqttPort = None,
    dashboard_port: DashboardPort = None,
    dashboard: Annotated[bool, typer.Option("--dashboard/--no-dashboard", help="with the dashboard")] = True,
    json: Json = False,
) -> None:
    """Serve everything on this machine until Ctrl-C: database, broker, ingest, API and dashboard."""
    from cloud.serve import serve as serve_all  # noqa: PLC0415 - the other commands start faster without it

    log.configure()
    settings = Settings.from_environment(
        data_dir=data, database=database, api_port=api_port, mqtt_port=mqtt_port, dashboard_port=dashboard_port
    )
    urls = {"api": settings.api_url, "mqtt": f"mqtt://{settings.mqtt_host}:{settings.mqtt_port}"}
    urls |= {"dashboard": settings.dashboard_url} if dashboard else {}

    def ready() -> None:
        if json:
            _print_json({"ready": True, **urls, "data": str(settings.data_dir)})
        else:
            for name, url in urls.items():
                out.print(f"{name:10} [link={url}]{url}[/link]", highlight=False)
            out.print("Ctrl-C stops it.")

    asyncio.run(serve_all(settings, lambda text: err.print(text, highlight=False), ready, dashboard=dashboard))


@app.command()
def api(data: Data = None, database: Database = None, api_port: ApiPort = None) -> None:
    """Run the API alone."""
    settings = Settings.from_environment(data_dir=data, database=database, api_port=api_port)
    _become("cloud.server", resolved(settings, "api_dsn"))


@app.command()
def ingest(data: Data = None, database: Database = None) -> None:
    """Run ingest alone: takes what the edges send, and sends them their orders."""
    _become("cloud.ingest", resolved(Settings.from_environment(data_dir=data, database=database), "ingest_dsn"))


@app.command()
def broker(mqtt_port: MqttPort = None) -> None:
    """Run the embedded MQTT broker alone, on loopback."""
    settings = Settings.from_environment(mqtt_port=mqtt_port)
    _become("cloud.embedded.broker", settings, "--port", str(settings.mqtt_port))


@app.command()
def dashboard(dashboard_port: DashboardPort = None, api_port: ApiPort = None) -> None:
    """Run the dashboard alone: a client of the API."""
    _become("cloud.dashboard", Settings.from_environment(dashboard_port=dashboard_port, api_port=api_port))


@app.command()
def migrate(data: Data = None, database: Database = None) -> None:
    """Bring the database to the newest schema."""
    settings = Settings.from_environment(data_dir=data, database=database)
    with owner(settings, new=True) as (dsn, passwords):
        asyncio.run(db.migrate(dsn, passwords))
    err.print("The database is at the newest schema.")


@app.command()
def verify(data: Data = None, database: Database = None, json: Json = False) -> None:
    """Rebuild every offer and booking from the ledger, and compare. Exit code 1 if anything is not borne out."""
    settings = Settings.from_environment(data_dir=data, database=database)
    with owner(settings) as (dsn, _):
        found = asyncio.run(office.verify(dsn))
    faults = [{"fault": type(fault).__name__, **asdict(fault)} for fault in found.faults]
    if json:
        looked = {"machines": found.machines, "claims": found.claims, "lines": found.lines}
        _print_json({"ok": not faults, **looked, "faults": faults})
    else:
        for fault in faults:
            told = ", ".join(f"{name} {value}" for name, value in fault.items() if name != "fault")
            out.print(f"{fault['fault']}: {told}", highlight=False, soft_wrap=True)
        counts = f"{found.lines} lines of the ledger, {found.claims} claims, {found.machines} machines"
        out.print(f"{counts}: {f'{len(faults)} faults' if faults else 'all of it is borne out'}", highlight=False)
    raise typer.Exit(1 if faults else 0)


@enterprise.command()
def create(name: str, data: Data = None, database: Database = None, json: Json = False) -> None:
    """Add an enterprise. Its first key, with every scope, is shown once and kept nowhere."""
    settings = Settings.from_environment(data_dir=data, database=database)
    with owner(settings) as (dsn, _):
        made = asyncio.run(office.create_enterprise(dsn, name, Clock.from_environment().now()))
    if json:
        _print_json({"id": made.id, "name": made.name, "key": made.key})
        return
    out.print(f"enterprise {made.id}\nkey        {made.key}", highlight=False, soft_wrap=True)
    err.print("Keep the key now: it is not shown again.")


@account.command("create")
def create_account(  # noqa: PLR0913, PLR0917 - one option each
    name: Annotated[str, typer.Argument(help="what its owner logs in with, best an e-mail address")],
    enterprise: Annotated[str, typer.Option(help="id or name of the enterprise")],
    role: Annotated[Role, typer.Option(help="what the person may do")] = Role.ADMIN,
    provider: Annotated[bool, typer.Option(help="no password: through the identity provider alone")] = False,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Add a person's account. The password is asked for, or is the first line of standard input."""
    settings = Settings.from_environment(data_dir=data, database=database)
    wanted = _account(name, role, None if provider else _password())
    with owner(settings) as (dsn, _):
        made = asyncio.run(office.create_account(dsn, enterprise, wanted, Clock.from_environment().now()))
    if json:
        _print_json(made.model_dump(mode="json"))
    else:
        out.print(f"account {made.id}: {made.name}, {made.role}", highlight=False, soft_wrap=True)


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _account(name: str, role: Role, password: str | None) -> AccountRequest:
    try:
        return AccountRequest(name=name, role=role, password=password)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        msg = f"the account cannot be made: {faults}"
        raise UsageError(msg) from error


@app.command()
def parked(
    data: Data = None,
    database: Database = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="the newest so many")] = 50,
    json: Json = False,
) -> None:
    """List messages that were refused, of all enterprises, newest first."""
    settings = Settings.from_environment(data_dir=data, database=database)
    with owner(settings) as (dsn, _):
        rows = asyncio.run(office.parked(dsn, limit))
    if json:
        _print_json([dict(row) for row in rows])
    elif rows:
        out.print(_table(rows))
    else:
        out.print("Nothing is parked.")


def _table(rows: list[asyncpg.Record]) -> Table:
    names = ("id", "at", "enterprise", "agent", "stream", "code", "reason")
    table = Table(*names)
    for row in rows:
        table.add_row(*(str(row[name]) for name in names))
    return table


def _print_json(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_UTC_Z).decode() + "\n")
    sys.stdout.flush()


def _become(module: str, settings: Settings, *arguments: str) -> NoReturn:
    """Turn this process into that module's, so that signals and exit codes are its own."""
    environment = {**os.environ, **settings.environment()}
    os.execve(sys.executable, [sys.executable, "-m", module, *arguments], environment)  # noqa: S606 - our own module
