"""What differs between two configs of one agent, machine by machine, and what cannot differ while it runs. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields

from edge.config import Config

FIXED = {
    "agent": "it is the agent's name at the registry",
    "link": "its key seals what is under way",
    "broker": "the post under way goes through it",
    "data": "the outbox is in it",
    "zone": "all that was learnt and planned is on its clock",
    "local": "it is where the agent listens",
}
"""Top-level keys that a running agent keeps, and why."""

KEPT_OF_POST = ("telemetry_mb", "telemetry_days", "backfill_kb_s")
"""Keys of `post` that it keeps as well."""


@dataclass(frozen=True)
class Spec:
    """All that one machine's part of an agent is made of, by what must be made anew where it differs.

    `source`: how it is read; `terms`: how its state and its hours are judged; `papers`: its plan and calendar;
    `orders`: which jobs it takes; `identity`: how it is announced.
    """

    source: object
    terms: object
    papers: object
    orders: object
    identity: object

    def differs(self, other: "Spec") -> tuple[str, ...]:
        """The names of the parts that differ."""
        names = (each.name for each in fields(self))
        return tuple(name for name in names if getattr(self, name) != getattr(other, name))


@dataclass(frozen=True)
class Change:
    """Machines that come, that go, and that stay but differ, with what differs of each."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    @property
    def read_anew(self) -> tuple[str, ...]:
        """Machines that stay, and whose source is started again."""
        return tuple(name for name, parts in self.changed.items() if "source" in parts)

    def touches(self, part: str) -> bool:
        """Whether this part of any machine is to be made anew."""
        return bool(self.added or self.removed) or any(part in parts for parts in self.changed.values())


def compare(before: Mapping[str, Spec], after: Mapping[str, Spec]) -> Change:
    """What to do so that `before` becomes `after`."""
    both = [name for name in after if name in before]
    changed = {name: parts for name in both if (parts := before[name].differs(after[name]))}
    return Change(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=changed,
    )


def fixed(before: Config, after: Config) -> list[str]:
    """One line for each key that differs although it cannot while the agent runs."""
    return list(_fixed(before, after))


def _fixed(before: Config, after: Config) -> Iterator[str]:
    for key, why in FIXED.items():
        if getattr(before, key) != getattr(after, key):
            yield _stays(key, why)
    for key in KEPT_OF_POST:
        if getattr(before.post, key) != getattr(after.post, key):
            yield _stays(f"post.{key}", "the outbox was opened with it")


def _stays(key: str, why: str) -> str:
    return f"{key}: cannot be changed while the agent runs ({why}); put it back, or restart the agent"
