"""A new config with everything tried that may fail, before anything of the running agent is touched."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge import wiring
from edge.change import Change, Spec, compare, fixed
from edge.config import Config, read
from edge.errors import FileInvalid
from edge.planfolder import PlanFolder, folder
from edge.secret import Vault
from edge.specs import specs
from edge.station import Station
from edge.watch import Case
from edge.wiring import Bench, Feed


@dataclass(frozen=True)
class Draft:
    """`papers`: None where the old ones still do."""

    config: Config
    vault: Vault
    specs: Mapping[str, Spec]
    change: Change
    cases: Mapping[str, Case]
    papers: PlanFolder | None

    @property
    def fresh(self) -> tuple[str, ...]:
        """Machines whose source is to be started."""
        return (*self.change.added, *self.change.read_anew)

    @property
    def leaving(self) -> tuple[str, ...]:
        """Machines whose source is to be stopped."""
        return (*self.change.removed, *self.change.read_anew)


def draft(station: Station) -> Draft:
    """The config's file as it is now, profiles too. Raises FileInvalid with all that stands against it."""
    config, vault = read(station.path), Vault.beside(station.path.resolve())
    wanted = specs(config, vault)
    change = compare(station.specs, wanted)
    faults = [*fixed(station.config, config), *_booked(station, change.removed)]
    if faults:
        raise FileInvalid("\n".join(f"{station.path}: {fault}" for fault in faults))
    papers = folder(config, station.clock, station.agent.trouble, vault) if change.touches("papers") else None
    cases = {name: wiring.case(config, name, station.clock) for name in (*change.added, *change.changed)}
    for name in change.added:
        wiring.history(config, name)
    found = Draft(config, vault, wanted, change, cases, papers)
    stay = [_without(feed, found.leaving) for feed in station.gates.feeds()]
    wiring.job_lists(config, [*stay, *feeds(station, config, vault, found.fresh)])
    return found


def feeds(station: Station, config: Config, vault: Vault, names: Collection[str]) -> Sequence[Feed]:
    """Sources of these machines alone, from where they were last read; none runs yet. Raises FileInvalid."""
    few = config.model_copy(update={"machines": {name: config.machines[name] for name in names}})
    outbox = station.agent.post.outbox
    return wiring.feeds(Bench(few, station.clock, vault, lambda name: outbox.cursor(f"source/{name}")))


def _without(feed: Feed, names: Collection[str]) -> Feed:
    return Feed(feed.name, feed.source, tuple(name for name in feed.machines if name not in names))


def _booked(station: Station, removed: Collection[str]) -> Iterator[str]:
    """A machine with booked jobs stays until they are over: nobody else could follow them."""
    for name in removed:
        if booked := station.book.floor.live(name):
            yield (
                f"machines.{name}: has booked jobs that are not over ({', '.join(booked)}); "
                f"let them end or be cancelled first, or restart the agent to give them up"
            )
