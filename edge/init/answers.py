"""What `thirdshift edge init` has to know, and the commented config that comes of it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_BARE = re.compile(r"[A-Za-z/][\w./:-]*")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "none", "y", "n"}


@dataclass(frozen=True, slots=True)
class Answers:
    """All that differs from plant to plant on the first day. `device`: the keys of `source` besides its type."""

    agent: str
    key: str = "key_1"
    secret: str = "file:link.key"  # noqa: S105 - where it is, not what it is
    broker: str = "127.0.0.1"
    port: int = 1883
    user: str | None = None
    password: str | None = None
    ca: str | None = None
    zone: str = "UTC"
    machine: str = "Machine-1"
    profile: str = "opcua-machinery"
    kind: str = "opcua"
    device: Mapping[str, str | int | bool] = field(default_factory=dict)


def text(answers: Answers) -> str:
    """The config, a line of comment where somebody will ask."""
    return "\n".join([*_HEAD, *_who(answers), *_when(answers), *_machine(answers), *_MORE, ""])


_HEAD = (
    "# The config of one agent. `thirdshift edge check FILE` tries all of it, `thirdshift edge run FILE` runs it.",
    "# Paths are relative to this file. Lengths of time carry their unit: 30 s, 5 min, 4 h, 28 d.",
    "# Secrets never stand here: env:NAME reads the environment, file:PATH a file of its own.",
    "",
)


def _who(answers: Answers) -> Iterator[str]:
    yield f"agent: {_text(answers.agent)}    # the id that the registry gave this agent"
    yield "link:                   # and its key, which seals every message, both ways"
    yield f"  id: {_text(answers.key)}"
    yield f"  secret: {_text(answers.secret)}"
    yield "broker:                 # the MQTT broker between plant and registry"
    yield f"  host: {_text(answers.broker)}"
    yield f"  port: {answers.port}"
    if answers.user:
        yield f"  user: {_text(answers.user)}"
    if answers.password:
        yield f"  password: {_text(answers.password)}"
    tls = f"  tls: {{ca: {_text(answers.ca)}}}" if answers.ca else "  # tls: {ca: ca.pem}"
    yield f"{tls}    # who signs the broker's certificate"
    yield "data: data              # what must outlive a power cut: the outbox, the diary"
    yield "profiles: [profiles]    # kinds of machines of your own, beside those that ship"
    yield "# local: {port: 9464}   # /health, /metrics and bookings.ics on this box's own address; off if left out"
    yield ""


def _when(answers: Answers) -> Iterator[str]:
    yield f"zone: {_text(answers.zone)}    # whose wall clock the times below are on"
    yield "calendar:               # when the plant itself works; the rest is dark, and may be sold or not"
    yield "  week:"
    yield '    mon-fri: ["06:00-22:00"]'
    yield "  off_shift: closed     # or sellable: are the dark hours for sale?"
    yield "# plan: {file: plan.csv, lead: 3 d}    # the plant's own orders; docs/examples/edge.yaml shows all the ways"
    yield "selling:"
    yield "  reserve: 10 %         # of each day's staffed time is never sold"
    yield "  confidence: medium    # hours that are less sure to be idle are not offered"
    yield ""


def _machine(answers: Answers) -> Iterator[str]:
    yield "machines:"
    yield f"  {_text(answers.machine)}:"
    yield f"    profile: {_text(answers.profile)}"
    yield "    source:"
    yield f"      type: {answers.kind}"
    for name, value in answers.device.items():
        yield f"      {name}: {_scalar(value)}"
    if answers.kind == "opcua" and "root" not in answers.device:
        yield "      # root: /Objects/…   # the machine's own node; `thirdshift edge browse` shows it"
    yield "    orders: off         # booked jobs: off, ask (a person accepts each), store, or store_and_start"


_MORE = (
    "",
    "# disclosure:           # what leaves the plant besides idle hours: nothing, unless you name it",
    "#   default: {signals: []}",
)


def _scalar(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else str(value)


def _text(value: str) -> str:
    bare = _BARE.fullmatch(value) and value.casefold() not in _WORDS and not value.endswith(":")
    return value if bare else json.dumps(value, ensure_ascii=False)
