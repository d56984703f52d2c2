"""`thirdshift edge status`, `reload` and `tail`: what a running agent says of itself, and what a person tells it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from edge import screen
from edge.config import Config, read
from edge.errors import FileInvalid
from edge.local.client import AgentAway, ask, lines
from gateway.shown import alive, lately, shown

ConfigFile = Annotated[Path, typer.Argument(help="the agent's config, a YAML file")]
ConfigOption = Annotated[Path, typer.Option("--config", help="the agent's config, a YAML file")]
Json = Annotated[bool, typer.Option("--json", help="print JSON, one document a line")]

COLUMNS = ("machine", "link", "state", "mode", "since", "seen", "readings", "quality", "paused", "offered next day")


def status(config: ConfigFile, json: Json = False) -> None:
    """How the agent and its machines are: live while it runs, else as it last was. Exit code 1 if it does not run."""
    found = current(config, read(config))
    if json:
        screen.say_json(found)
        raise typer.Exit(0 if found["running"] else 1)
    title = "running" if found["running"] else "not running; as it last was"
    screen.table(f"{title}, at {found['at']}", COLUMNS, [_row(*each) for each in found["machines"].items()])
    out = Console(highlight=False, soft_wrap=True)
    for stream, left in found.get("outbox", {}).items():
        if left["messages"]:
            size = f"{left['messages']} messages, {left['bytes']:,} bytes"
            out.print(f"outbox {stream}: {size}, oldest {left['oldest_s']:.0f} s")
    if "broker" in found:
        out.print(f"broker: {'connected' if found['broker'] else 'not connected'}")
    for each in found.get("orders", {}).get("asked", ()):
        out.print(
            f"{each['booking']} on {each['machine']} waits for an answer until {each['answer_until']}", markup=False
        )
    _troubles(found)
    raise typer.Exit(0 if found["running"] else 1)


def current(path: Path, config: Config) -> dict[str, Any]:
    """The status of the running agent, `live`, or what it left behind. Raises FileInvalid if it never ran."""
    try:
        code, found = ask(config.data, "/status")
        if code == 200:
            return {**found, "running": True, "live": True}
    except AgentAway:
        pass
    kept = shown(config.data, "agent")
    if kept is None:
        msg = f"the agent of {path} has never run; start it with `thirdshift edge run {path}`"
        raise FileInvalid(msg)
    return {**kept, "running": lately(config.data) and alive(int(kept["pid"])), "live": False}


def reload(config: ConfigFile, json: Json = False) -> None:
    """Have the running agent read its config anew: only what differs is exchanged. Exit code 1 if it cannot."""
    code, found = ask(read(config).data, "/reload", {})
    if json:
        screen.say_json(found)
    elif code == 200:
        typer.echo(found["text"])
    else:
        typer.echo(
            f"{found.get('text') or found.get('error')}\nthe agent goes on with the config that it had", err=True
        )
    raise typer.Exit(0 if code == 200 else 1)


def tail(
    machine: Annotated[str, typer.Argument(help="the machine, as the config names it")],
    config: ConfigOption,
    json: Json = False,
    count: Annotated[int | None, typer.Option("--lines", "-n", min=1, help="end after so many lines")] = None,
) -> None:
    """What a machine gives, and what is made and told of it, as it happens, until Ctrl-C."""
    try:
        for number, line in enumerate(lines(read(config).data, "/tail", machine=machine), start=1):
            if json:
                screen.say_json(line)
            else:
                typer.echo(worded(line))
            if number == count:
                return
    except KeyboardInterrupt:
        return


def worded(line: Mapping[str, Any]) -> str:
    """A line for people: when, what, and the rest of it. A machine's text cannot steer their terminal."""
    match line:
        case {"what": "reading", "signal": signal, "value": value, "quality": quality}:
            doubt = "" if quality == "good" else f" ({quality})"
            text = f"{signal} = {value}{doubt}" + (" (from the log)" if line.get("historical") else "")
        case {"what": "status" | "change", "state": state, "mode": mode}:
            text = f"{state or 'nothing known yet'} {mode or ''} {line['origin'] or ''} {line['quality'] or ''}"
        case {"what": "link", "up": up, "reason": reason}:
            text = f"{'up' if up else 'LOST'}: {reason}"
        case {"what": "offer", "version": version, "now": now, "spans": spans}:
            text = f"version {version}, now {now}, {spans} spans until {line['until']}"
        case {"what": "missed", "lines": missed}:
            text = f"{missed} lines, this reader is too slow"
        case _:
            rest = {name: each for name, each in line.items() if name not in {"what", "at", "machine"} and each}
            text = ", ".join(f"{name} {each}" for name, each in rest.items())
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return f"{line.get('at', '')[:23]:23}  {line['what']:8}  {shown}".rstrip()


def _row(name: str, machine: Mapping[str, Any]) -> list[str]:
    ago = machine.get("seen_s_ago")
    cells = (
        name,
        "lost" if machine["silent_since"] else "up",
        machine["state"],
        machine["mode"],
        machine["since"],
        None if ago is None else f"{ago:.0f} s ago",
        machine.get("readings"),
        machine["quality"],
        "yes" if machine["paused"] else "no",
        f"{machine['offered_hours_next_day']} h",
    )
    return [screen.plain(each) for each in cells]


def _troubles(found: Mapping[str, Any]) -> None:
    err = Console(stderr=True, soft_wrap=True, highlight=False)
    for told in found.get("orders", {}).get("lately", ()):
        why = told["why"] or told["reason"]
        err.print(f"{told['at']}: {told['booking']} on {told['machine']} {told['what']}: {why}", markup=False)
    for what, reason in found["trouble"].items():
        err.print(f"{what}: {reason}", style="yellow", markup=False)
