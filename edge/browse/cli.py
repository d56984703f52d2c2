"""`thirdshift edge browse`: on the screen."""

import asyncio
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import SecretStr, ValidationError
from rich.markup import escape
from rich.tree import Tree as Picture

from edge import screen
from edge.sources.opcua_endpoint import OpcUaEndpoint
from gateway import log
from gateway.clock import Clock
from gateway.errors import UsageError

if TYPE_CHECKING:
    from edge.browse.look import Aim
    from edge.browse.recognise import Machine
    from edge.browse.tree import Branch, Tree


def browse(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    target: Annotated[str, typer.Argument(help="opc.tcp://HOST:PORT, or with --config the name of a machine")],
    config: Annotated[Path | None, typer.Option("--config", help="an agent's config that names the machine")] = None,
    root: Annotated[str, typer.Option("--root", help="the node to start from")] = "/Objects",
    search: Annotated[str | None, typer.Option("--search", help="only nodes that hold this text")] = None,
    draft: Annotated[str | None, typer.Option("--draft", help="draw a draft profile of this name")] = None,
    machine: Annotated[str | None, typer.Option("--machine", help="of which machine: its name or node")] = None,
    write: Annotated[Path | None, typer.Option("--write", help="into this folder of profiles")] = None,
    force: Annotated[bool, typer.Option("--force", help="over a profile that is there")] = False,
    depth: Annotated[int, typer.Option("--depth", min=1, help="levels to go down")] = 12,
    limit: Annotated[int, typer.Option("--limit", min=1, help="nodes to look at")] = 20_000,
    security: Annotated[str, typer.Option("--security", help="auto, none, or a policy")] = "auto",
    user: Annotated[str | None, typer.Option("--user", help="who signs in")] = None,
    password: Annotated[str | None, typer.Option("--password", help="env:NAME or file:PATH")] = None,
    pki: Annotated[Path, typer.Option("--pki", help="the folder of certificates")] = Path("pki"),
    json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """Look around on an OPC UA server: its machines and nodes; --draft draws a profile of what it recognises.

    Exit code 1 if nothing was found.
    """
    from edge.browse import look  # noqa: PLC0415 - the other commands start faster without it
    from edge.browse.walk import Bounds, walk  # noqa: PLC0415

    log.configure(json=json, level="critical")
    settings = {"security": security, "user": user, "identity": pki}
    aim = look.configured(config, target) if config else look.Aim(_endpoint(target, settings, password))
    with screen.busy(f"Looking around on {aim.endpoint.url}", json=json) as tell:
        tree = asyncio.run(walk(aim.endpoint, root, Bounds(depth, limit), tell))
    found = look.recognised(tree, aim.profiles)
    if draft:
        which = look.chosen(found, machine)
        text = look.drawn(which, draft, tree.url, Clock.from_environment().now())
        _draft(tree, which, text, look.written(text, draft, write, force=force) if write else None, json=json)
        return
    document = look.document(tree, found, search)
    if json:
        screen.say_json(document)
    else:
        _picture(tree, found, search)
        _machines(tree, found, aim)
    raise typer.Exit(0 if document["nodes"] else 1)


def _endpoint(url: str, settings: dict[str, Any], password: str | None) -> OpcUaEndpoint:
    from edge.secret import Vault, reference  # noqa: PLC0415

    try:
        secret = Vault.beside(Path("here")).text(reference(password), "--password") if password else None
        found = OpcUaEndpoint.model_validate(
            {"url": url, **settings, "password": SecretStr(secret) if secret else None}
        )
    except ValidationError as error:
        fault = error.errors()[0]
        about = {"url": "write opc.tcp://HOST:PORT", "security": "auto, none or a policy such as Basic256Sha256"}
        name = str(fault["loc"][0]) if fault["loc"] else ""
        msg = f"{name or 'options'}: {about.get(name, fault['msg'].removeprefix('Value error, '))}"
        raise UsageError(msg) from error
    except ValueError as error:
        msg = f"--password: {error}"
        raise UsageError(msg) from error
    return found


def _draft(tree: "Tree", machine: "Machine", text: str, place: Path | None, *, json: bool) -> None:
    """Show the draft, or where it was written and what the config needs."""
    if json:
        root, file = str(machine.root), str(place) if place else None
        screen.say_json({"root": root, "file": file, "yaml": text})
    elif place is None:
        typer.echo(text, nl=False)
    else:
        typer.echo(f"{place} is drawn. Read its comments, and hold its tables against the machine. In the config:")
        typer.echo(f"    profile: {place.stem}")
        typer.echo(f'    source: {{type: opcua, url: "{tree.url}", root: "{machine.root}"}}')


def _picture(tree: "Tree", found: "list[Machine]", search: str | None) -> None:
    """The tree, its machines marked."""
    from edge.browse.tree import METADATA, matching  # noqa: PLC0415

    marked = {id(each.branch) for each in found}
    wanted = None
    if search:
        wanted = {path[:length] for path, _ in matching(tree.root, search) for length in range(len(path) + 1)}
    picture = Picture(escape(f"{tree.start} on {tree.url} ({tree.security})"))

    def grow(branch: "Branch", path: tuple[Any, ...], at: Picture) -> None:
        for each in branch.children:
            below = (*path, each.segment)
            if each.name not in METADATA and (wanted is None or below in wanted):
                grow(each, below, at.add(_line(each, machine=id(each) in marked)))

    grow(tree.root, (), picture)
    screen.console().print(picture)


def _line(branch: "Branch", *, machine: bool) -> str:
    name = f"[bold]{escape(branch.name)}[/]" if machine else escape(branch.name)
    if not branch.variable:
        return f"{name} [dim]{escape(branch.type or '')}[/]"
    value = branch.value
    if branch.names and isinstance(value, int):
        value = f"{branch.names.get(value, value)} of {' '.join(branch.names.values())}"
    unit = f" {escape(branch.unit)}" if branch.unit else ""
    return f"{name} [dim]{escape(branch.type or '?')}[/] [cyan]{screen.plain(value)}{unit}[/]"


def _machines(tree: "Tree", found: "list[Machine]", aim: "Aim") -> None:
    from edge.browse import look  # noqa: PLC0415

    rows = [[f"[bold]{escape(each.name)}[/]", *map(escape, (str(each.root), "\n".join(look.advice(each))))]
            for each in found]  # fmt: skip
    if rows:
        screen.table("Machines", ("machine", "root", "what to do"), rows)
    if not tree.whole:
        typer.echo("That is not all: go deeper with --depth and --limit, or start lower with --root.", err=True)
    strange = next((each for each in found if not each.fits), None)
    if strange:
        name = "".join(letter if letter.isalnum() else "-" for letter in strange.name.lower())
        command = f"thirdshift edge browse {shlex.quote(aim.endpoint.url)} --machine {shlex.quote(strange.name)}"
        typer.echo(f"Next: {command} --draft {name} --write profiles", err=True)
