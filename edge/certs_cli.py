"""`thirdshift edge certs`: create, show, trust and list certificates of OPC UA servers and of this agent."""

import asyncio
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge import screen
from gateway.errors import UsageError

if TYPE_CHECKING:
    from edge import certs

app = typer.Typer(no_args_is_help=True, help="Certificates of OPC UA servers, and of this agent.")

Pki = Annotated[Path, typer.Option("--pki", help="the folder of certificates (`identity` in the config)")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON document")]


@app.command()
def create(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    pki: Pki = Path("pki"),
    uri: Annotated[str | None, typer.Option("--uri", help="the application URI; urn:HOST:thirdshift:edge")] = None,
    host: Annotated[list[str] | None, typer.Option("--host", help="a name or address of this computer")] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=36_500, help="how long it is valid")] = 3650,
    replace: Annotated[bool, typer.Option("--replace", help="over the one that is there")] = False,
    json: Json = False,
) -> None:
    """Make this agent's own certificate and key. An agent that needs one and has none makes it by itself."""
    from edge.sources.opcua_identity import Wish  # noqa: PLC0415 - the other commands start faster without it
    from edge.sources.opcua_identity import create as make  # noqa: PLC0415
    from edge.sources.opcua_pki import CERTIFICATE  # noqa: PLC0415

    if (pki / CERTIFICATE).exists() and not replace:
        msg = f"{pki / CERTIFICATE} is there already; servers know it. Add --replace to make a new one all the same"
        raise UsageError(msg)
    place = make(pki, _now(), Wish(uri, tuple(host or ()), timedelta(days=days)))
    _tell(pki, str(place), f"Give {place} to each server that asks who we are, and accept it there.", json=json)


@app.command()
def show(
    which: Annotated[str | None, typer.Argument(help="a file, a fingerprint, or opc.tcp://HOST:PORT; our own")] = None,
    pki: Pki = Path("pki"),
    json: Json = False,
) -> None:
    """What a certificate says: whose it is, how long it is valid, and the fingerprints to compare."""
    if which and which.startswith("opc.tcp://"):
        _show_server(which, pki, json=json)
        return
    _tell(pki, which, json=json)


@app.command()
def trust(
    which: Annotated[str, typer.Argument(help="the beginning of a fingerprint, a file, or opc.tcp://HOST:PORT")],
    pki: Pki = Path("pki"),
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    json: Json = False,
) -> None:
    """Trust a server's certificate (or an authority's) from now on. Compare the fingerprint with the machine first."""
    from edge import certs  # noqa: PLC0415

    found = _from_server(which, pki) if which.startswith("opc.tcp://") else certs.find(pki, which)
    if which.startswith("opc.tcp://") and not yes:
        typer.echo(
            f"{found.certificate.subject.rfc4514_string()}, {found.validity(_now())}\n{found.fingerprint}", err=True
        )
        typer.confirm("Does the machine itself show the same?", abort=True, err=True)
    place = certs.trust(pki, found)
    _tell(pki, str(place), "Trusted.", json=json)


@app.command("list")
def list_(pki: Pki = Path("pki"), json: Json = False) -> None:
    """Every certificate in the folder. Exit code 1 if our own or a trusted one is out of date."""
    from edge import certs  # noqa: PLC0415

    now = _now()
    found = [(each, each.facts(now)) for each in certs.papers(pki)]
    stale = any(each.certificate.not_valid_after_utc < now for each, _ in found if each.shelf != "rejected")
    if json:
        screen.say_json({"folder": str(pki), "ok": not stale, "certificates": [facts for _, facts in found]})
    else:
        columns = ("shelf", "subject", "valid_to", "validity", "sha256", "file")
        rows = [[screen.plain(facts[name][:23] if name == "sha256" else facts[name]) for name in columns]
                for _, facts in found]  # fmt: skip
        screen.table(f"Certificates in {pki}", columns, rows)
    raise typer.Exit(1 if stale else 0)


def _now() -> datetime:
    """Certificates live in real time, whatever clock the plant's business runs on."""
    return datetime.now(UTC)


def _tell(pki: Path, which: str | None, word: str | None = None, *, json: bool) -> None:
    from edge import certs  # noqa: PLC0415
    from edge.sources.opcua_pki import CERTIFICATE  # noqa: PLC0415

    if which is None and not (pki / CERTIFICATE).exists():
        msg = f"{pki} has no certificate of ours yet; run: thirdshift edge certs create --pki {shlex.quote(str(pki))}"
        raise UsageError(msg)
    facts = certs.find(pki, which or str(pki / CERTIFICATE)).facts(_now())
    if json:
        screen.say_json(facts)
        return
    for name, value in facts.items():
        if value and name != "shelf":
            typer.echo(f"{name.replace('_', ' '):>16}  {value}")
    if word:
        typer.echo(word)


def _show_server(url: str, pki: Path, *, json: bool) -> None:
    from edge import certs  # noqa: PLC0415
    from edge.sources import opcua_pki, opcua_visit  # noqa: PLC0415

    found = asyncio.run(opcua_visit.visit(url))
    facts: dict[str, str] = {"server": found.name, "server_uri": found.uri}
    facts["security"] = ", ".join(map(str, found.levels)) or "nothing that we speak"
    facts["too_old"] = ", ".join(found.others)
    facts["users"] = ", ".join(found.users)
    if found.certificate:
        paper = certs.Paper("server", Path(), opcua_pki.load(found.certificate))
        facts |= {name: value for name, value in paper.facts(_now()).items() if name not in {"shelf", "file"}}
        known = any(each.fingerprint == paper.fingerprint for each in certs.papers(pki) if each.shelf == "trusted")
        facts["trusted"] = "yes" if known else "no"
    if json:
        screen.say_json(facts)
        return
    for name, value in facts.items():
        if value:
            typer.echo(f"{name.replace('_', ' '):>16}  {value}")


def _from_server(url: str, pki: Path) -> "certs.Paper":
    from edge import certs  # noqa: PLC0415
    from edge.sources import opcua_pki, opcua_visit  # noqa: PLC0415

    found = asyncio.run(opcua_visit.visit(url))
    if found.certificate is None:
        msg = f"{url} shows no certificate: it offers no security, so there is nothing to trust"
        raise UsageError(msg)
    return certs.Paper("server", pki, opcua_pki.load(found.certificate))
