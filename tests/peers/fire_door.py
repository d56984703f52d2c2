"""The post under fire with the plant's door in it: a second broker inside, and a gateway process between the two."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import orjson
import under_fire as fire
from hosts_apart import Hosts

from cloud import db
from cloud.embedded.postgres import EmbeddedPostgres
from gateway.ports import free_port

RUN = "from pathlib import Path; import sys; from gateway.bridge.cli import app; app()"


@dataclass(kw_only=True)
class DoorTheatre(fire.Theatre):
    """All six processes. `broker` is the registry's; the agent knows only `inner`, the plant's."""

    inner: fire.Program
    door: fire.Program
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def victims(self) -> list[fire.Program | fire.Postgres]:
        return [self.agent, self.inner, self.door, self.broker, self.ingest, self.postgres]

    def storm(self, random: Random, rounds: int, pause: tuple[float, float]) -> None:
        """In each round everybody is killed once, in any order."""
        for _ in range(rounds):
            for victim in random.sample(self.victims, len(self.victims)):
                sleep(random.uniform(*pause))
                self._await_up(victim)
                self.strike(victim)

    def status(self) -> dict[str, Any]:
        """What the gateway last showed of itself."""
        found: dict[str, Any] = orjson.loads((self.folder / "gateway-data" / "status.json").read_bytes())
        return found

    def history(self) -> dict[str, list[fire.Change]]:
        """What the registry has by now."""
        return fire._outside(fire.history, self.dsn)

    def words(self) -> str:
        return f"{super().words()}\n--- door.log\n{(self.folder / 'door.log').read_text()[-3000:]}"

    def stop(self) -> None:
        for program in (self.door, self.inner):
            program.kill()
        super().stop()


@contextmanager
def door_theatre(
    machines: int,
    rate: float,
    *,
    door: Sequence[str] = (sys.executable, "-c", RUN, "run"),
    extra: str = "",
    amqtt: bool = False,
    environment: Mapping[str, str] | None = None,
    hosts: Hosts | None = None,
) -> Iterator[DoorTheatre]:
    """Everything started, with traffic all the way through. `extra`: more lines for the gateway's config.

    `amqtt`: the registry's broker is the embedded one. `environment`: for agent, gateway and ingest. `hosts`: where
    agent and plant's broker, and the gateway, are each on a host of their own.
    """
    folder = Path(tempfile.mkdtemp(prefix="thirdshift-door-"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder / "pg")
    made: DoorTheatre | None = None
    try:
        dsn = server.start()
        fire._outside(db.migrate, dsn, server.passwords)
        plain = fire._build(folder, server, dsn, fire._Wishes(machines, rate, amqtt, ()))
        made = _with_door(plain, tuple(door), extra, environment or {})
        if hosts:
            _move(made, hosts)
        for program in (made.inner, made.broker, made.ingest, made.door, made.agent):
            program.start()
        made.await_traffic()
        yield made
    finally:
        if made:
            made.stop()
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


def _with_door(plain: fire.Theatre, door: tuple[str, ...], extra: str, environment: Mapping[str, str]) -> DoorTheatre:
    folder, port = plain.folder, free_port()
    text = plain.config.read_text()
    agent = text.split("\n", 1)[0].removeprefix("agent: ")
    plain.config.write_text(text.replace(f"port: {plain.broker.port}", f"port: {port}"))
    config = folder / "gateway.yaml"
    config.write_text(
        f"gateway: hall\ninside: {{host: 127.0.0.1, port: {port}}}\n"
        f"outside: {{host: 127.0.0.1, port: {plain.broker.port}}}\n"
        f"agents:\n  {agent}: {{link: {{id: k1, secret: env:AGENT_KEY}}}}\n{extra}"
    )
    inner = folder / "inner"
    inner.mkdir()
    for program in (plain.agent, plain.ingest):
        program.env = {**program.env, **environment}
    return DoorTheatre(
        **{name: getattr(plain, name) for name in fire.Theatre.__dataclass_fields__},
        inner=fire.Program("inner", fire._broker(inner, port, amqtt=False), {}, folder / "inner.log", port),
        door=fire.Program("door", (*door, str(config)), {**plain.agent.env, **environment}, folder / "door.log"),
    )


def _move(made: DoorTheatre, hosts: Hosts) -> None:
    """Agent and inner broker to the plant's host, the gateway to the door; the registry's broker gets a second ear."""
    inner, outer = (f"host: 127.0.0.1, port: {program.port}" for program in (made.inner, made.broker))
    for path in (made.config, made.folder / "gateway.yaml"):
        text = path.read_text().replace(inner, f"host: {hosts.inside}, port: {made.inner.port}")
        path.write_text(text.replace(outer, f"host: {hosts.outside}, port: {made.broker.port}"))
    inside, outside = made.folder / "inner" / "mosquitto.conf", made.folder / "mosquitto.conf"
    inside.write_text(inside.read_text().replace("127.0.0.1", hosts.inside))
    outside.write_text(f"listener {made.broker.port} {hosts.outside}\n{outside.read_text()}")
    for program, host in ((made.agent, hosts.plant), (made.inner, hosts.plant), (made.door, hosts.door)):
        program.argv = (*hosts.on(host), *program.argv)
