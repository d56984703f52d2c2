"""The plant's configuration of its one door: the two brokers, the agents that may pass, and what they may tell."""

import base64
import binascii
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gateway.crossing import Disclosure
from gateway.errors import FileInvalid
from gateway.link import Keyring, Lane
from gateway.mqtt import MqttSettings
from gateway.secret import SecretRef, Vault
from gateway.tls import Tls, usable
from gateway.yamlfile import load

Side = Literal["inside", "outside"]
SIDES: tuple[Side, Side] = ("inside", "outside")

_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(kB|MB|GB)")


def _size(value: object) -> int:
    found = _SIZE.fullmatch(str(value).strip())
    if found is None:
        msg = "expected a size with its unit, such as `256 MB` or `2 GB`"
        raise ValueError(msg)
    return int(float(found[1]) * _UNITS[found[2]])


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TlsFiles(_Data):
    """The authority that signed the broker's certificate, and our own certificate if the broker asks for one."""

    ca: Path
    certificate: Path | None = None
    key: Path | None = None


class Broker(_Data):
    """One of the two brokers."""

    host: Annotated[str, Field(min_length=1, pattern=r"^[^\s/@]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    user: str | None = None
    password: SecretRef | None = None
    tls: TlsFiles | None = None

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"


class LinkKey(_Data):
    """The key that the registry gave an agent: its id, and the secret (base64)."""

    id: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
    secret: SecretRef


class AgentEntry(_Data):
    """An agent that may pass, by the same key as in its own config."""

    link: LinkKey


AgentName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Config(_Data):
    """One door. Paths are relative to the config's own folder; `cache` bounds the bytes kept for agents."""

    gateway: AgentName
    inside: Broker
    outside: Broker
    data: Path = Path("gateway-data")
    cache: Annotated[int, BeforeValidator(_size), Field(ge=10**6)] = 256 * 10**6
    agents: Annotated[dict[AgentName, AgentEntry], Field(min_length=1, max_length=1000)]
    disclosure: Disclosure = Disclosure()

    def broker(self, side: Side) -> Broker:
        return self.inside if side == "inside" else self.outside


def read(path: Path) -> tuple[Config, Vault]:
    """The config, and where its secrets are. Raises FileInvalid with file, line, key and remedy."""
    config, folder = load(path, Config), path.resolve().parent
    if config.inside.place == config.outside.place:
        msg = (
            f"{path}: inside and outside are the same broker ({config.inside.place}); everything would go in a circle:"
            " name the plant's broker inside and the registry's outside"
        )
        raise FileInvalid(msg)
    return config.model_copy(update={"data": folder / config.data}), Vault(folder, Vault.beside(path).environment)


def lanes(config: Config, vault: Vault) -> dict[str, Lane]:
    """The way up of each agent, with its key. Raises FileInvalid."""
    return {agent: _lane(agent, entry.link, vault) for agent, entry in config.agents.items()}


def _lane(agent: str, link: LinkKey, vault: Vault) -> Lane:
    place = f"agents.{agent}.link.secret"
    try:
        key = base64.b64decode(vault.text(link.secret, place), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 16:
        msg = f"{place}: {link.secret} is not a key; store the base64 text that the registry showed, unchanged"
        raise FileInvalid(msg)
    return Lane(Keyring({link.id: key}, link.id), agent, "up")


def settings(config: Config, side: Side, vault: Vault, *, guest: str = "") -> MqttSettings:
    """A broker as the MQTT client wants it; `guest` makes a client of its own beside the running gateway's.

    Raises FileInvalid.
    """
    broker = config.broker(side)
    password = vault.text(broker.password, f"{side}.password") if broker.password else None
    tls = _readable(broker.tls, side, vault.folder) if broker.tls else None
    name = "-".join(part for part in ("thirdshift", config.gateway, side, guest) if part)
    return MqttSettings(broker.host, broker.port, name, broker.user, password, tls)


def _readable(files: TlsFiles, side: Side, folder: Path) -> Tls:
    tls = Tls(*(path and folder / path for path in (files.ca, files.certificate, files.key)))  # type: ignore[arg-type]
    return usable(tls, f"{side}.tls")
