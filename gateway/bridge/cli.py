"""`thirdshift gateway`: run, check, status."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from gateway import log
from gateway.bridge import status as shown
from gateway.bridge.check import check as check_all
from gateway.bridge.config import SIDES, read
from gateway.bridge.dryrun import rehearse
from gateway.bridge.run import run as run_gateway
from gateway.bridge.words import Account
from gateway.clock import Clock
from gateway.errors import FileInvalid

app = typer.Typer(no_args_is_help=True, help="The plant's one door, between its broker and the registry's.")

ConfigFile = Annotated[Path, typer.Argument(help="the gateway's config, a YAML file")]
Json = Annotated[bool, typer.Option("--json", help="print JSON (of `run`: write the log, or the dry run, as JSON)")]

WIDTH = 160
"""Columns of a table that goes into a file or a pipe."""

VERDICTS = {"crosses": "crosses", "reduced": "CROSSES WITH LESS", "stays": "STAYS IN"}


@app.command()
def run(
    config: ConfigFile,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="send nothing out: print what would cross")] = False,
    json: Json = False,
) -> None:
    """Run the gateway until Ctrl-C."""
    log.configure(json=json)
    clock = Clock.from_environment()
    if not dry_run:
        asyncio.run(run_gateway(config, clock))
        return
    console = Console(highlight=False, soft_wrap=True)

    def show(told: Account) -> None:
        at = clock.now()
        if json:
            typer.echo(orjson.dumps({"at": at, **asdict(told)}))
        else:
            why = f" ({told.why})" if told.why else ""
            line = (
                f"{at:%H:%M:%S}  {VERDICTS[told.verdict]:<17}  {told.size:>7,} B  {told.agent}  {told.machine or '-'}"
            )
            console.print(f"{line}  {told.kind}: {told.what}{why}", style=_style(told.verdict), markup=False)

    totals = asyncio.run(rehearse(config, clock, show))
    if not json:
        _print([_total(key, count) for key, count in sorted(totals.items())], "What would have crossed")


@app.command()
def check(config: ConfigFile, json: Json = False) -> None:
    """Try everything that the gateway needs, and say what to mend. Exit code 1 if something is wrong."""
    log.configure(json=json, level="error")
    findings = asyncio.run(check_all(config))
    ok = all(each.ok for each in findings)
    rows = [asdict(each) for each in findings]
    if json:
        typer.echo(orjson.dumps({"ok": ok, "findings": rows}))
    else:
        _print(rows, "Check")
    raise typer.Exit(0 if ok else 1)


@app.command()
def status(config: ConfigFile, json: Json = False) -> None:
    """What the running gateway last showed. Exit code 1 if it does not run."""
    settings, _ = read(config)
    found = shown.shown(settings.data)
    if found is None:
        msg = f"the gateway of {config} has never run; start it with `thirdshift gateway run {config}`"
        raise FileInvalid(msg)
    if json:
        typer.echo(orjson.dumps(found))
    else:
        _show(found)
    raise typer.Exit(0 if found["running"] else 1)


def _show(found: Mapping[str, Any]) -> None:
    typer.echo(f"{'running' if found['running'] else 'not running'}, as of {_moment(found['at'])}")
    for side in SIDES:
        typer.echo(f"{side}: {_broker(found[side])}")
    cache = found["cache"]
    typer.echo(
        f"waiting: {cache['bytes']:,} of {cache['limit']:,} bytes" + (f"; {cache['trouble']}" * bool(cache["trouble"]))
    )
    _print([{"agent": name, **agent, "heard": _moment(agent["heard"])} for name, agent in found["agents"].items()])
    rows = [
        {**each, "verdict": VERDICTS[each["verdict"]], "last": _moment(each["last"])} for each in found["kept_back"]
    ]
    _print(rows, "Kept back")
    for agent, count in found["strangers"].items():
        typer.echo(f"{agent} is not under `agents`: packets not let out: {count}")


def _moment(text: str | None) -> str:
    return text[:19].replace("T", " ") if text else "never"


def _broker(found: Mapping[str, Any]) -> str:
    return f"{found['broker']} {'connected' if found['connected'] else found['trouble'] or 'not connected yet'}"


def _total(key: tuple[str, ...], count: Mapping[str, int]) -> dict[str, Any]:
    agent, machine, kind, verdict, why = key
    return {"agent": agent, "machine": machine, "kind": kind, **count, "verdict": VERDICTS[verdict], "why": why}


def _style(verdict: str) -> str:
    return "" if verdict == "crosses" else "yellow"


def _print(rows: list[dict[str, Any]], title: str | None = None) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console = Console()
    (console if console.is_terminal else Console(width=WIDTH)).print(table, markup=False)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
