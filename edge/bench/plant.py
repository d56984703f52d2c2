"""The agent's config and profile for a load: every signal named, so that each of its values crosses."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.bench.load import NAMESPACE, machine_name, signal_name
from edge.bench.receiver import AGENT, KEY, KEY_ID
from gateway.supervisor import Process

PROFILE = "bench"


@dataclass(frozen=True, slots=True)
class LinkTo:
    """Who the agent is to the far end; `key` in base64."""

    agent: str = AGENT
    key_id: str = KEY_ID
    key: str = base64.b64encode(KEY).decode()


@dataclass(frozen=True, slots=True)
class Plant:
    """An agent for `machines` of `signals` each behind one server; `pin`: that server's certificate, if it has one."""

    url: str
    broker: int
    machines: int
    signals: int
    publishing_ms: int
    sampling_ms: int = 0
    pin: str | None = None
    forecast: str = "off"
    link: LinkTo = LinkTo()

    def process(self, folder: Path) -> Process:
        """The real agent, in a folder of its own."""
        names = [signal_name(number) for number in range(self.signals)]
        signals: dict[str, object] = {name: {"node": f"nsu={NAMESPACE};{name}", "type": "Double"} for name in names}
        signals["state"] = {"node": f"nsu={NAMESPACE};state", "type": "UInt32"}
        states = {0: "NotExecuting", 1: "Executing"}
        state = [{"when": {"state": raw}, "then": name} for raw, name in states.items()]
        sources = {machine_name(number): self._source(machine_name(number)) for number in range(self.machines)}
        kind = Kind({"signals": signals, "state": state}, names, self.forecast)
        return agent_process(folder, self.broker, kind, sources, self.link)

    def _source(self, name: str) -> dict[str, object]:
        found: dict[str, object] = {
            "type": "opcua",
            "url": self.url,
            "root": f"/Objects/nsu={NAMESPACE};{name}",
            "publishing_ms": self.publishing_ms,
            "sampling_ms": self.sampling_ms,
        }
        if self.pin is None:
            return found | {"security": "none"}
        return found | {"security": "Basic256Sha256", "server_certificate": self.pin, "identity": "pki"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What all machines of an agent have in common; the signals `named` leave the plant."""

    profile: Mapping[str, object]
    named: Sequence[str]
    forecast: str = "off"


def agent_process(
    folder: Path, broker: int, kind: Kind, sources: Mapping[str, object], link: LinkTo = LinkTo()
) -> Process:
    """A real agent of these machines, in a folder of its own."""
    (folder / "profiles").mkdir(parents=True, exist_ok=True)
    whole = {"profile": PROFILE, "title": "A machine of the load", "source": "opcua", **kind.profile}
    config = {
        "agent": link.agent,
        "link": {"id": link.key_id, "secret": "env:BENCH_KEY"},
        "broker": {"port": broker},
        "profiles": ["profiles"],
        "calendar": {"week": {"mon-fri": ["06:00-22:00"]}},
        "disclosure": {"default": {"signals": list(kind.named)}},
        "selling": {"forecast": kind.forecast},
        "machines": {name: {"profile": PROFILE, "source": source} for name, source in sources.items()},
    }
    (folder / "profiles" / f"{PROFILE}.yaml").write_text(json.dumps(whole))
    (folder / "edge.yaml").write_text(json.dumps(config))
    environment = {"BENCH_KEY": link.key}
    return Process.module("agent", "gateway.cli", "edge", "run", str(folder / "edge.yaml"), env=environment)
