"""Another config for an agent that runs: only what differs is exchanged, and what cannot be leaves all as it was."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge import exchange
from edge.reload import reload
from gateway.capacity import CapacityType, Reason
from gateway.messages import Announce, GapNotice, StateChange, Stream, encode

from .conftest import CONFIG, Running

SHARED = '{profile: opcua-machinery, source: {type: opcua, url: "opc.tcp://127.0.0.1:1", root: "/Objects/%s"}}'


def traces(running: Running, machine: str) -> tuple[Any, ...]:
    """All that an untouched machine must keep: its task, its desk, its epochs, and what was told of it."""
    told = [each for each in running.sent() if each.machine == machine]
    epochs = {stream: [each.epoch for each in running.outbox.held(stream)] for stream in Stream}
    task = running.station.works.running[f"source/{machine}"]
    return task, running.station.agent.desks[machine], epochs, told


async def test_a_machine_that_comes_is_read_announced_and_sold_and_no_other_is_touched(running: Running) -> None:
    before = traces(running, "M1")
    outcome = await running.reload(
        "machines:\n", "machines:\n  M3: {profile: replay, source: {type: replay, file: log.csv}}\n"
    )
    assert (outcome.ok, outcome.text) == (True, "added M3")
    await running.until(lambda: running.statements("M3"))
    announced = [told for told in running.sent(Stream.CONTROL) if isinstance(told, Announce)]
    assert {machine.name for machine in announced[-1].machines} == {"M1", "M2", "M3"}
    assert traces(running, "M1") == before


async def test_a_machine_that_goes_is_withdrawn_at_once(running: Running) -> None:
    before = traces(running, "M1")
    outcome = await running.reload("  M2: {profile: replay, source: {type: replay, file: log.csv}}\n")
    assert (outcome.ok, outcome.text) == (True, "removed M2")
    last = running.statements("M2")[-1].spans[0]
    assert (last.type, last.reason) == (CapacityType.UNATTAINABLE, Reason.PAUSED)
    assert (list(running.station.agent.desks), "source/M2" in running.station.works.running) == (["M1"], False)
    assert traces(running, "M1") == before


async def test_a_machine_that_comes_back_goes_on_where_it_left(running: Running) -> None:
    await running.reload("  M2:", "  M3:")
    version, told = running.statements("M2")[-1].version, len([each for each in running.sent() if each.machine == "M2"])
    await running.reload("  M3:", "  M2:")
    await running.until(lambda: running.statements("M2")[-1].version > version)
    assert len([each for each in running.sent() if each.machine == "M2"]) == told


async def test_other_terms_are_said_without_a_new_source(running: Running) -> None:
    before, task = running.statements("M1")[-1], running.station.works.running["source/M1"]
    outcome = await running.reload("  M1: {", "  M1: {quantity: 2, ")
    assert outcome.change.changed == {"M1": ("terms", "identity")}
    await running.until(lambda: running.statements("M1")[-1].version > before.version)
    assert running.station.works.running["source/M1"] is task
    assert max(piece.quantity for piece in running.statements("M1")[-1].spans) == 2


async def test_what_may_leave_the_plant_changes_at_once(running: Running) -> None:
    outcome = await running.reload("machines:\n", "disclosure: {default: {states: false, capacity: none}}\nmachines:\n")
    assert set(outcome.change.changed) == {"M1", "M2"}
    seen = len(running.sent())
    running.station.agent.step(running.clock.now())
    await running.station.agent.emit([])
    assert len(running.sent()) == seen
    assert running.station.agent.post.disclosure.default.states is False


async def test_a_source_that_is_read_in_another_way_leaves_a_gap_of_its_own_machine_alone(running: Running) -> None:
    await running.reload("machines:\n", f"machines:\n  O1: {SHARED % 'a'}\n  O2: {SHARED % 'b'}\n")
    station = running.station
    task = station.works.running["source/O1"]
    outcome = await running.reload("/Objects/b", "/Objects/c")
    assert outcome.change.changed == {"O2": ("source",)}
    assert station.works.running["source/O1"] is task, "the source that both share goes on for the one that stays"
    assert [feed.machines for feed in station.gates.feeds() if feed.name.startswith("O")] == [("O1",), ("O2",)]
    assert station.agent.blind["O2"].reason == "its config was changed"
    assert "O1" not in station.agent.blind


async def test_a_rewinding_source_goes_on_at_its_cursor_without_a_gap(running: Running) -> None:
    outcome = await running.reload(
        "  M1: {profile: replay, source: {type: replay,", "  M1: {profile: replay, source: {rate: 5, type: replay,"
    )
    assert outcome.change.read_anew == ("M1",)
    await running.until(lambda: running.station.agent.desks["M1"].watch.silent_since is None)
    assert not [told for told in running.sent() if isinstance(told, GapNotice)]
    changes = [told.at for told in running.sent() if isinstance(told, StateChange) and told.machine == "M1"]
    assert len(changes) == len(set(changes))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("quantity", "quantity", "nothing differs"),
        ("  M1: {profile: replay", "  M1: {profile: reply", "no profile 'reply'"),
        ("  M1: {", "  M1: {quantty: 2, ", "edge.yaml:5: machines.M1.quantty: is not a key here"),
        ("machines:", "machines: [", "edge.yaml:"),
        ("file: log.csv}}\n  M2", "file: lug.csv}}\n  M2", "lug.csv: cannot be read"),
        ("machines:", "plan: {file: plan.csv}\nmachines:", "plan.csv: cannot be read"),
        ("machines:", "plan: {job_list: true}\nmachines:", "the machine has no list of job orders"),
        ("agent: plant-a", "agent: plant-b", "agent: cannot be changed while the agent runs (it is the agent's name"),
        ("id: k1", "id: k2", "link: cannot be changed while the agent runs"),
        ("selling:", "data: elsewhere\nselling:", "data: cannot be changed while the agent runs (the outbox is in it)"),
        ("selling:", "zone: Asia/Tokyo\nselling:", "zone: cannot be changed while the agent runs"),
        ("selling:", "post: {telemetry_mb: 9}\nselling:", "post.telemetry_mb: cannot be changed while the agent runs"),
        ("selling:", "broker: {port: 7}\nselling:", "broker: cannot be changed while the agent runs"),
    ],
)
async def test_a_config_that_cannot_be_leaves_the_old_one_running(
    running: Running, old: str, new: str, why: str
) -> None:
    before = {name: traces(running, name) for name in ("M1", "M2")}
    outcome = await running.reload(old, new)
    assert why in outcome.text
    assert outcome.ok == ("nothing" in why)
    assert {name: traces(running, name) for name in ("M1", "M2")} == before
    assert ("config" in running.station.agent.trouble) == (not outcome.ok)
    running.path.write_text(CONFIG)
    assert (await reload(running.station)).ok
    assert "config" not in running.station.agent.trouble


@pytest.mark.parametrize("step", ["_part", "_take_over", "_welcome", "_refit", "_go_on"])
async def test_an_exchange_that_fails_half_way_is_put_back_whole(
    running: Running, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    config = running.station.config

    def broken(*_: Any) -> None:
        msg = "planted"
        raise RuntimeError(msg)

    with monkeypatch.context() as planted, capture_logs() as logs:  # a traceback on the screen takes seconds
        planted.setattr(exchange, step, broken)
        running.path.write_text(
            CONFIG.replace("  M2:", "  M3:").replace(
                "  M1: {profile: replay, source: {", "  M1: {quantity: 2, profile: replay, source: {rate: 5, "
            )
        )
        outcome = await reload(running.station)
    assert (outcome.ok, "planted; everything is as it was before" in outcome.text) == (False, True)
    assert "config not taken, the old one is put back" in [line["event"] for line in logs]
    station = running.station
    assert (station.config, set(station.agent.desks)) == (config, {"M1", "M2"})
    assert station.gates.read() == {"M1", "M2"}
    assert {name for name in station.works.running if name.startswith("source/")} == {"source/M1", "source/M2"}
    version = running.statements("M2")[-1].version
    await running.until(lambda: all(desk.watch.silent_since is None for desk in station.agent.desks.values()))
    await running.until(lambda: running.statements("M2")[-1].spans[0].reason is not Reason.PAUSED)
    assert running.statements("M2")[-1].version >= version
    assert max(piece.quantity for piece in running.statements("M1")[-1].spans) == 1
    assert (await reload(station)).ok, "once the fault is gone, the same config is taken"


async def test_a_changed_profile_file_and_a_changed_secret_are_changes(running: Running, monkeypatch: Any) -> None:
    (running.path.parent / "own").mkdir()
    shipped = Path(__file__).parents[3] / "device-profiles" / "replay.yaml"
    own = running.path.parent / "own" / "shop.yaml"
    own.write_text(shipped.read_text().replace("profile: replay", "profile: shop"))
    monkeypatch.setenv("PASSWORD", "one")
    device = SHARED.replace("root:", 'user: us, password: "env:PASSWORD", root:') % "a"
    added = f"profiles: [own]\nmachines:\n  O1: {device}\n"
    assert (await running.reload("machines:\n", added)).ok
    outcome = await running.reload("  M1: {profile: replay", "  M1: {profile: shop")
    assert outcome.change.changed == {"M1": ("source", "terms", "identity")}
    own.write_text(own.read_text().replace("staleness: 5 min", "staleness: 6 min"))
    assert list((await running.reload()).change.changed) == ["M1"]
    assert not (await running.reload()).change
    monkeypatch.setenv("PASSWORD", "two")
    assert (await running.reload()).change.changed == {"O1": ("source",)}


METERED = """\
profile: metered
title: A replay whose power and heat are known
extends: replay
source: replay
signals:
  power: {type: Double, unit: W, as: kW}
  heat: {type: Double, unit: degC}
"""


async def test_units_of_named_signals_are_announced_again_when_the_profile_or_the_disclosure_changes(
    running: Running,
) -> None:
    def units() -> Mapping[str, str] | None:
        told = [each for each in running.sent(Stream.CONTROL) if isinstance(each, Announce)][-1]
        return next(machine.units for machine in told.machines if machine.name == "M1")

    assert units() is None
    (running.path.parent / "own").mkdir()
    own = running.path.parent / "own" / "metered.yaml"
    own.write_text(METERED)
    assert (await running.reload("machines:\n", "profiles: [own]\nmachines:\n")).ok
    assert (await running.reload("  M1: {profile: replay", "  M1: {profile: metered")).ok
    named = "disclosure: {machines: {M1: {signals: [power]}}}\nmachines:\n"
    assert "identity" in (await running.reload("machines:\n", named)).change.changed["M1"]
    await running.until(lambda: units() == {"power": "kW"})
    own.write_text(METERED.replace("as: kW", "as: MW"))
    assert "identity" in (await running.reload()).change.changed["M1"]
    await running.until(lambda: units() == {"power": "MW"})
    own.write_text(METERED.replace("as: kW", "as: MW").replace("degC", "K"))
    assert "identity" not in (await running.reload()).change.changed["M1"], "what stays in is no news"
    assert b"heat" not in b"".join(map(encode, running.sent(Stream.CONTROL)))


async def test_a_machine_with_booked_jobs_stays_until_they_are_over(running: Running) -> None:
    running.station.book.floor.live = lambda name: ["bkg_7"] if name == "M2" else []  # type: ignore[method-assign]
    outcome = await running.reload("  M2: {profile: replay, source: {type: replay, file: log.csv}}\n")
    assert not outcome.ok
    assert "machines.M2: has booked jobs that are not over (bkg_7); let them end" in outcome.text
