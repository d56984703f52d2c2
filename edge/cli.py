"""`thirdshift edge`: run, check, pause, resume, status, explain, profiles, backtest."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from edge import certs_cli, check_cli, control, live_cli, orders_cli
from edge.browse.cli import browse
from edge.config import read
from edge.errors import FileInvalid
from edge.init.cli import init
from edge.profile import find, names, shipped
from gateway import log
from gateway.clock import Clock

app = typer.Typer(no_args_is_help=True, help="The agent beside the machines.")

ConfigFile = Annotated[Path, typer.Argument(help="the agent's config, a YAML file")]
ConfigOption = Annotated[Path, typer.Option("--config", help="the agent's config, a YAML file")]
MachineName = Annotated[str, typer.Argument(help="the machine, as the config names it")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON document (of `run`: write the log as JSON)")]

WIDTH = 160
"""Columns of a table that goes into a file or a pipe."""


@app.command()
def run(config: ConfigFile, json: Json = False) -> None:
    """Run the agent until Ctrl-C."""
    command = [sys.executable, "-P", "-m", "edge", str(config), *(["--json"] if json else [])]
    os.execv(sys.executable, command)  # noqa: S606 - our own module, in this process


app.command()(check_cli.check)
app.command()(browse)
app.command()(init)
app.add_typer(certs_cli.app, name="certs")
app.command()(live_cli.status)
app.command()(live_cli.reload)
app.command()(live_cli.tail)
app.add_typer(orders_cli.app, name="orders")


@app.command()
def pause(machine: MachineName, config: ConfigOption, json: Json = False) -> None:
    """Stop the sale of a machine at once; works offline, and lasts until `resume`."""
    _switch(machine, config, json=json, to_pause=True)


@app.command()
def resume(machine: MachineName, config: ConfigOption, json: Json = False) -> None:
    """Sell a machine again."""
    _switch(machine, config, json=json, to_pause=False)


@app.command()
def explain(
    machine: MachineName,
    config: ConfigOption,
    at: Annotated[
        str | None, typer.Option("--at", help="an instant, ISO 8601; without an offset on the plant's clock")
    ] = None,
    json: Json = False,
) -> None:
    """Why an hour of a machine (now, or --at) is or is not for sale, layer by layer; works beside a running agent."""
    from edge import ask  # noqa: PLC0415 - the other commands start faster without it

    log.configure(json=json, level="error")
    found = ask.ask(config, machine, at, Clock.from_environment())
    units = (f"{each.quantity} {each.type}: {each.reason}, {each.confidence.name.lower()}" for each in found.told)
    sold = ", ".join(units) or "nothing is told of it"
    verdict = "for sale" if found.free else "not for sale"
    rows = [{"layer": step.layer, "takes it": step.takes, "why": step.text} for step in found.steps]
    show(ask.document(found), rows, f"{machine} at {found.at.isoformat()} is {verdict} ({sold})", json=json)


@app.command()
def profiles(json: Json = False) -> None:
    """The device profiles that come with Thirdshift."""
    found = [find(name) for name in names()]
    rows = [
        {"profile": each.profile, "source": each.source, "title": each.title, "standard": each.standard or ""}
        for each in found
    ]
    show({"folder": str(shipped()), "profiles": rows}, rows, str(shipped()), json=json)


@app.command()
def simulate(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    profile: Annotated[str, typer.Argument(help="a device profile: its name, or its YAML file")],
    name: Annotated[str, typer.Option("--name", help="what the machine is called")] = "Simulated-1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="of an OPC UA machine; 0: any free one")] = 0,
    broker: Annotated[str, typer.Option("--broker", help="of an MQTT machine, HOST:PORT")] = "127.0.0.1:1883",
    topic: Annotated[str, typer.Option("--topic", help="of an MQTT machine, as a config gives it")] = "plant/{machine}",
    speed: Annotated[float, typer.Option("--speed", min=0.1, help="how much faster than life")] = 60.0,
    folder: Annotated[Path | None, typer.Option("--folder", help="with profiles of your own")] = None,
    json: Json = False,
) -> None:
    """Serve a profile as a live machine on this computer, which goes through all its states, until Ctrl-C."""
    from edge.simulate.command import Simulation, lines  # noqa: PLC0415 - the other commands start faster without it
    from edge.simulate.command import simulate as run_machine  # noqa: PLC0415

    def tell(found: Mapping[str, Any]) -> None:
        typer.echo(orjson.dumps(found) if json else "\n".join(lines(found)))

    log.configure(json=json, level="error")
    asked = Simulation(profile, name, port, broker, topic, speed)
    asyncio.run(run_machine(asked, folder, tell, Clock.from_environment()))


@app.command()
def backtest(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    log_file: Annotated[Path, typer.Argument(metavar="LOG.csv", help="columns machine,start,end or ts,machine,state")],
    json: Json = False,
    plot: Annotated[Path | None, typer.Option("--plot", help="write the reliability curve and one week here")] = None,
    zone: Annotated[str, typer.Option("--zone", help="whose wall clock the log's naive times are on")] = "UTC",
    first: Annotated[int | None, typer.Option("--first", min=1, help="judge from this day of the log on")] = None,
    last: Annotated[int | None, typer.Option("--last", min=1, help="judge up to this day of the log")] = None,
    busy: Annotated[
        list[str] | None, typer.Option("--busy", help="a state that counts as busy (all others: idle)")
    ] = None,
) -> None:
    """Walk a log day by day, and hold each midnight's forecast against what was reported."""
    from edge.backtest import command  # noqa: PLC0415 - numpy, which the other commands do without

    found = command.run(log_file, zone, busy or (), first, last, plot)
    title = f"days {found['days'][0]} to {found['days'][1]}; idle means reported idle"
    show(found, command.table(found), title, json=json)
    for line in command.lines(found) if not json else ():
        Console(highlight=False).print(line, markup=False)


def show(document: Any, rows: list[dict[str, Any]], title: str, *, json: bool) -> None:
    """Print the document as JSON, or its rows as a table."""
    if json:
        typer.echo(orjson.dumps(document))
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console = Console()
    (console if console.is_terminal else Console(width=WIDTH)).print(table)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _switch(machine: str, path: Path, *, json: bool, to_pause: bool) -> None:
    config = read(path)
    if machine not in config.machines:
        msg = f"{path}: no machine {machine!r}; there are {', '.join(config.machines)}"
        raise FileInvalid(msg)
    try:
        (control.pause if to_pause else control.resume)(config.data, machine)
    except OSError as error:
        msg = f"data: {config.data}: {error.strerror}; run as the agent's user, or mend the folder"
        raise FileInvalid(msg) from error
    state = "paused: nothing more of it is sold" if to_pause else "resumed: it is sold again"
    typer.echo(orjson.dumps({"machine": machine, "paused": to_pause}) if json else f"{machine} is {state}")
