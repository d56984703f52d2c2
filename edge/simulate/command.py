"""`thirdshift edge simulate`: serves a profile as a live machine, and says what a config needs to find it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.profile import find, read
from edge.profilemodel import Profile
from edge.simulate.play import Player, Show
from edge.simulate.walk import Step, walk
from edge.sources.mqtt_signal import MqttProfile
from edge.sources.opcua_signal import OpcUaProfile
from gateway.clock import Clock
from gateway.errors import UsageError

if TYPE_CHECKING:
    from edge.simulate.work import Work

KINDS = "opcua, mqtt"
"""Kinds of source that can be simulated."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What to serve and where. `port` 0: any free one; `broker`: HOST:PORT; `speed`: how much faster than life."""

    profile: str
    name: str = "Simulated-1"
    port: int = 0
    broker: str = "127.0.0.1:1883"
    topic: str = "plant/{machine}"
    speed: float = 60.0


Tell = Callable[[Mapping[str, Any]], None]
"""Hears of the machine that is there now (`source`: for a config), and of each step (`state`, `mode`, `values`)."""


async def simulate(asked: Simulation, folder: Path | None, tell: Tell, clock: Clock) -> None:
    """Until SIGINT or SIGTERM. `folder` is looked into for profiles before ours. Raises UsageError, OSError."""
    profile = _profile(asked.profile, folder)
    async with _stage(profile, asked, clock) as (source, show, work):
        tell({"machine": asked.name, "profile": profile.profile, "source": source, **_hint(profile, asked.speed)})
        player = Player(profile, show, asked.speed, lambda step: tell({"at": clock.now(), **_told(step)}), work)
        await _until_told(asyncio.ensure_future(player.run()))


def _profile(name: str, folder: Path | None) -> Profile:
    """By its name, or by its file."""
    path = Path(name)
    return (
        read(path.resolve(), (folder,) if folder else ())
        if path.suffix == ".yaml"
        else find(name, (folder,) if folder else ())
    )


_Stage = tuple[dict[str, Any], Show, "Work | None"]


@asynccontextmanager
async def _stage(profile: Profile, asked: Simulation, clock: Clock) -> AsyncIterator[_Stage]:
    """Where the machine stands: what a config says of it, how it shows values, and the job orders that it takes."""
    match profile:
        case OpcUaProfile():
            from edge.simulate.profile_server import ProfileServer  # noqa: PLC0415 - asyncua only where it is needed
            from edge.simulate.work import Work  # noqa: PLC0415

            server = ProfileServer(profile, asked.name, clock, asked.port)
            await server.start()
            try:
                yield (
                    {"type": "opcua", "url": server.url, "root": server.root, "security": "none"},
                    server.show,
                    Work(server.desk),
                )
            finally:
                await server.stop()
        case MqttProfile():
            from edge.simulate.publish import Publisher  # noqa: PLC0415 - likewise
            from gateway.mqtt import MqttClient, MqttSettings  # noqa: PLC0415

            host, port = _address(asked.broker)
            async with MqttClient(MqttSettings(host, port, f"simulated-{asked.name}")) as client:
                publisher = Publisher(profile, asked.name, asked.topic, client, clock)
                await publisher.start(asked.broker)
                yield {"type": "mqtt", "host": host, "port": port, "topic": asked.topic}, publisher.show, None
        case _:
            msg = f"{profile.profile}: a machine with source {profile.source!r} cannot be simulated; there are {KINDS}"
            raise UsageError(msg)


def _hint(profile: Profile, speed: float) -> dict[str, str]:
    """What to know of so fast a machine: an agent does not tell what is shorter than the profile's debounce."""
    shortest = min((step.lasts / speed for step in walk(profile)), default=None)
    if shortest is None or shortest > profile.debounce:
        return {}
    slower = profile.debounce.total_seconds() / shortest.total_seconds()
    return {
        "hint": f"some steps are shorter than the profile's debounce; --speed {speed / slower / 2:.3g} shows them all"
    }


def _address(broker: str) -> tuple[str, int]:
    host, _, port = broker.rpartition(":")
    if not host or not port.isdigit():
        msg = f"--broker {broker}: write HOST:PORT, such as 127.0.0.1:1883"
        raise UsageError(msg)
    return host, int(port)


def lines(found: Mapping[str, Any]) -> list[str]:
    """What is told, for people: at first a machine for a config, then a line for each step."""
    if "source" in found:
        source = ", ".join(f"{key}: {_quoted(value)}" for key, value in found["source"].items())
        return [
            "machines:",
            f"  {found['machine']}:",
            f"    profile: {found['profile']}",
            f"    source: {{{source}}}",
            *([f"# {found['hint']}"] if "hint" in found else []),
        ]
    values = ", ".join(f"{name} {value}" for name, value in found["values"].items())
    return [f"{found['at']:%H:%M:%S}  {found['state'] or '':<13} {found['mode'] or '':<12} {values}"]


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) and not value.isalnum() else str(value)


def _told(step: Step) -> dict[str, Any]:
    return {"state": step.state, "mode": step.mode, "values": dict(step.values)}


async def _until_told(work: "asyncio.Future[None]") -> None:
    """Until the work fails, or a signal asks to stop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        if not work.cancelled():
            raise
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
