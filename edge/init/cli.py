"""`thirdshift edge init`: asks, and writes a commented config."""

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge import screen
from gateway import log
from gateway.errors import UsageError

if TYPE_CHECKING:
    from edge.init.meet import Met


@dataclass
class _Talk:
    """Asks people at a terminal, and takes the default where nobody sits."""

    asks: bool
    next: list[str] = field(default_factory=list)

    def ask(self, given: str | None, question: str, default: str) -> str:
        if given is not None or not self.asks:
            return given if given is not None else default
        return str(typer.prompt(question, default=default, err=True))

    def say(self, line: str) -> None:
        if self.asks:
            typer.echo(line, err=True)


def init(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    config: Annotated[Path, typer.Argument(help="the config to write")] = Path("edge.yaml"),
    agent: Annotated[str | None, typer.Option("--agent", help="the id that the registry gave this agent")] = None,
    key: Annotated[str | None, typer.Option("--key", help="the id of its key")] = None,
    secret: Annotated[str | None, typer.Option("--secret", help="where the key is: file:PATH or env:NAME")] = None,
    broker: Annotated[str | None, typer.Option("--broker", help="the MQTT broker, HOST:PORT")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="the plant's time zone, such as Europe/Berlin")] = None,
    machine: Annotated[str | None, typer.Option("--machine", help="the name of the first machine")] = None,
    source: Annotated[str | None, typer.Option("--source", help="how it is read: opcua, mqtt, modbus …")] = None,
    url: Annotated[str | None, typer.Option("--url", help="of an OPC UA machine: opc.tcp://HOST:PORT")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="what kind of machine it is")] = None,
    values: Annotated[list[str] | None, typer.Option("--set", help="a key of its source, KEY=VALUE; repeat it")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="do not try to reach the machine")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="ask nothing; what is not given is the default")] = False,
    force: Annotated[bool, typer.Option("--force", help="over a config that is there")] = False,
    json: Annotated[bool, typer.Option("--json", help="ask nothing, and print one JSON document")] = False,
) -> None:
    """Write a commented config for a first machine, and ask for what no option says. Overwrites only with --force."""
    from edge.init import write as writing  # noqa: PLC0415 - the other commands start faster without it
    from edge.init.answers import Answers  # noqa: PLC0415

    log.configure(json=json, level="critical")
    talk = _Talk(asks=not yes and not json and sys.stdin.isatty())
    if config.exists() and not force:
        msg = f"{config} is there already; choose another name, or add --force to write over it"
        raise UsageError(msg)
    agent = talk.ask(agent, "This agent's id, as the registry gave it", writing.host_name())
    key = talk.ask(key, "The id of its key", "key_1")
    host, port = _split(talk.ask(broker, "The MQTT broker to the registry", "127.0.0.1:1883"))
    zone = talk.ask(zone, "The plant's time zone", writing.zone())
    given = dict(map(_pair, values or ()))
    kind = talk.ask(source, "How the first machine is read (opcua, mqtt, modbus, mtconnect, sparkplug)", "opcua")
    for name in writing.needed(kind):
        told = url if name == "url" and url else given.get(name)
        given[name] = talk.ask(told, f"The machine's {name}", told or _usual(name))
    name, profile, found = _what(talk, config, kind, given, (machine, profile), offline=offline)
    answers = Answers(
        agent, key, secret or "file:link.key", host, port, zone=zone, machine=name, profile=profile, kind=kind,
        device=writing.device(kind, {**found, **given}),
    )  # fmt: skip
    writing.write(config, answers, force=force)
    _end(talk, config, answers, json=json)


def _split(broker: str) -> tuple[str, int]:
    host, _, port = broker.rpartition(":") if ":" in broker else (broker, "", "1883")
    if not port.isdigit():
        msg = f"--broker: {broker!r} is not HOST:PORT, such as broker.plant.example:8883"
        raise UsageError(msg)
    return host, int(port)


def _pair(text: str) -> tuple[str, str]:
    key, found, value = text.partition("=")
    if not found or not key:
        msg = f"--set: {text!r} is not KEY=VALUE, such as --set topic=plant/press"
        raise UsageError(msg)
    return key, value


def _usual(name: str) -> str:
    return "opc.tcp://127.0.0.1:4840" if name == "url" else "127.0.0.1" if name == "host" else ""


def _what(  # noqa: PLR0913 - what is known of the machine
    talk: _Talk, config: Path, kind: str, given: dict[str, str], told: tuple[str | None, str | None], *, offline: bool
) -> tuple[str, str, dict[str, str]]:
    """The machine's name, its profile, and what else its source needs: asked of the machine itself where that works."""
    name, profile = told
    if kind != "opcua" or offline or profile is not None:
        name = talk.ask(name, "The machine's name", "Machine-1")
        return name, talk.ask(profile, "Its profile", _shipped(kind)), {}
    from edge.init.meet import drawing  # noqa: PLC0415

    met = _meet(talk, given["url"], config.parent / given.get("identity", "pki"))
    ranked = sorted(met.machines, key=lambda each: not each.fits)
    name = talk.ask(
        name, "Which machine" if ranked else "The machine's name", ranked[0].name if ranked else "Machine-1"
    )
    found = next((each for each in ranked if each.name == name), None)
    if found is None:
        profile = talk.ask(profile, "Its profile", "opcua-machinery")
        talk.next.append(f"thirdshift edge browse {shlex.quote(given['url'])}    # and correct `profile` and `root`")
        return name, profile, {}
    if found.fits:
        return name, talk.ask(profile, "Its profile", found.fits[0].profile), {"root": str(found.root)}
    drawn = "".join(letter if letter.isalnum() else "-" for letter in found.name.lower())
    talk.next.append(drawing(given["url"], found.name, drawn))
    return name, drawn, {"root": str(found.root)}


def _meet(talk: _Talk, url: str, pki: Path) -> "Met":
    """Look at the machine; somebody at a terminal may trust it on the way."""
    from edge.certs import Paper, trust  # noqa: PLC0415
    from edge.init.meet import meet  # noqa: PLC0415
    from edge.sources.opcua_endpoint import OpcUaEndpoint  # noqa: PLC0415

    endpoint = OpcUaEndpoint.model_validate({"url": url, "identity": pki, "timeout_s": 5})
    talk.say(f"Looking at {url} …")
    met = meet(endpoint)
    if met.stranger is not None and talk.asks:
        paper = Paper("server", pki, met.stranger)
        talk.say(f"  It shows the certificate {met.stranger.subject.rfc4514_string()}\n  {paper.fingerprint}")
        if typer.confirm("Does the machine's own display or paper say the same, so that it can be trusted?", err=True):
            trust(pki, paper)
            met = meet(endpoint)
    if met.problem:
        talk.next.append(met.problem)
        talk.say(f"  {met.problem}")
    for each in met.machines:
        talk.say(f"  {each.name}: {', '.join(fit.profile for fit in each.fits) or 'no profile fits yet'}")
    return met


def _shipped(kind: str) -> str:
    from edge.profile import find, names  # noqa: PLC0415

    return next((name for name in names() if find(name).source == kind), "my-machine")


def _end(talk: _Talk, config: Path, answers: Any, *, json: bool) -> None:
    """What was written, and what comes next."""
    place = shlex.quote(str(config))
    key = config.parent / answers.secret.removeprefix("file:")
    steps = [*talk.next]
    if answers.secret.startswith("file:") and not key.exists():
        steps.insert(0, f"write the key that the registry showed into {key}, unchanged")
    steps += [f"thirdshift edge check {place}", f"thirdshift edge run {place}"]
    if json:
        screen.say_json({"config": str(config), "machine": answers.machine, "profile": answers.profile, "next": steps})
        return
    typer.echo(f"{config} is written. Read it once; then:")
    for number, step in enumerate(steps, start=1):
        typer.echo(f"  {number}. {step}")
