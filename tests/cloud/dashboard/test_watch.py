"""One watcher per key: up to date, sparing with the API, and patient while it is away."""

import asyncio
import time
from collections import Counter
from datetime import timedelta

import pytest

from cloud.dashboard import watch as module
from cloud.dashboard.credentials import Key
from cloud.dashboard.fake import KEY, NOW
from cloud.dashboard.registry import Registry
from cloud.dashboard.watch import Pace
from cloud.dashboard.watchers import Watchers

DAY = timedelta(hours=24)


@pytest.fixture
def me():
    return Key(KEY)


@pytest.fixture
async def watch(registry_server, monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.05)
    watch = Watchers(lambda proof: Registry(registry_server.url, proof), DAY, linger=0.2)
    yield watch
    await watch.aclose()
    # The transports of closed connections let go of their sockets one turn of the loop later.
    await asyncio.sleep(0.05)


async def until(ready, seconds=8.0):
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not come to that in time"
        await asyncio.sleep(0.02)


def complete(watcher):
    return watcher.plant and not watcher.plant.outlined


async def test_machines_are_shown_before_their_hours_are_read(watch, me):
    watcher, seen = watch.enter("all", me), []
    watcher.listeners.add(
        lambda: watcher.plant and seen.append((len(watcher.plant.machines), len(watcher.plant.states)))
    )
    await until(lambda: complete(watcher))
    assert (seen[0], seen[-1]) == ((3, 0), (3, 3))


async def test_a_page_sees_everything_and_business_time_runs_on(watch, me):
    watcher = watch.enter("all", me)
    await until(lambda: complete(watcher))
    assert len(watcher.plant.machines) == len(watcher.plant.states) == len(watcher.plant.capacity) == 3
    assert watcher.plant.bookings
    before = watcher.now
    await asyncio.sleep(0.1)
    assert timedelta(seconds=5) < watcher.now - before < timedelta(seconds=60)


async def test_an_event_brings_only_what_it_names(watch, me, registry_server):
    watcher, fake = watch.enter("all", me), registry_server.fake
    await until(lambda: complete(watcher))
    machine = fake.machines[1]
    fake.machines[1] = {**machine, "state": "OutOfService"}
    fake.asked.clear()
    registry_server.do(fake.tell, "machine.state", machine_id=machine["id"])
    await until(lambda: watcher.plant.machines[1].state == "OutOfService")
    assert {path for path in fake.asked if "health" not in path} == {
        "GET /v1/machines",
        f"GET /v1/machines/{machine['id']}/states",
    }


async def test_an_event_that_is_not_of_the_plant_is_told_and_counted_and_nothing_is_read(watch, me, registry_server):
    watcher, fake, told = watch.enter("all", me), registry_server.fake, []
    await until(lambda: complete(watcher))
    watcher.listeners.add(lambda: told.append(watcher.heard["waiting.changed"]))
    fake.asked.clear()
    registry_server.do(fake.tell, "waiting.changed", waiting_id="wtg_1")
    await until(lambda: 1 in told)
    assert [path for path in fake.asked if "health" not in path] == []


async def test_a_change_of_state_is_shown_as_the_event_tells_it_without_a_reading(watch, me, registry_server):
    watcher, fake, told = watch.enter("all", me), registry_server.fake, []
    await until(lambda: complete(watcher))
    machine = watcher.plant.machines[0]
    watcher.listeners.add(lambda: told.append(time.monotonic()))
    fake.asked.clear()
    at = fake.clock.now()
    said = {"machine_id": machine.id, "name": machine.name, "mode": "Maintenance", "origin": "plant"}
    sent = time.monotonic()
    registry_server.do(fake.tell, "machine.state", **said, state="OutOfService", at=at.isoformat())
    await until(lambda: watcher.plant.machines[0].state == "OutOfService")
    assert told[0] - sent < 0.3
    assert (watcher.plant.machines[0].state_since, watcher.plant.machines[0].fresh) == (at, True)
    *before, last = watcher.plant.states[machine.id].items
    assert (last.start, last.end, last.state) == (at, None, "OutOfService")
    assert before[-1].end == at
    assert [path for path in fake.asked if "health" not in path] == []


async def test_an_answer_that_is_older_than_an_event_does_not_undo_it(watch, me, registry_server):
    watcher, fake = watch.enter("all", me), registry_server.fake
    await until(lambda: complete(watcher))
    before, at = watcher.plant, fake.clock.now()
    said = {"machine_id": before.machines[0].id, "mode": "None", "origin": "plant", "at": at.isoformat()}
    registry_server.do(fake.tell, "machine.state", **said, state="OutOfService")
    await until(lambda: watcher.plant is not before)
    assert watcher._newest(before).machines[0].state == "OutOfService"
    watcher._meanwhile.clear()
    assert watcher._newest(before) is before, "control: an answer to what was asked later is taken as it is"


async def test_a_view_lives_on_when_one_of_those_who_share_it_is_no_longer_known(watch, me, registry_server):
    registry_server.fake.keys.add("ts_test_other")
    other = Key("ts_test_other")
    watcher = watch.enter("all", me)
    assert watch.enter("all", other) is watcher
    await until(lambda: complete(watcher))
    registry_server.fake.keys.remove(KEY)
    version = watcher.version
    registry_server.do(registry_server.fake.tell, "capacity.changed", machine_id=watcher.plant.machines[0].id)
    await until(lambda: watcher.version > version)
    assert me.over
    assert not watcher.refused
    registry_server.fake.keys.clear()
    registry_server.do(registry_server.fake.hang_up)
    await until(lambda: watcher.refused)


async def test_a_burst_of_events_becomes_a_few_readings(watch, me, registry_server):
    watcher, fake = watch.enter("all", me), registry_server.fake
    await until(lambda: complete(watcher))
    fake.asked.clear()
    for _ in range(100):
        registry_server.do(fake.tell, "machine.state", machine_id=fake.machines[0]["id"])
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.6)
    readings = Counter(fake.asked)[f"GET /v1/machines/{fake.machines[0]['id']}/states"]
    assert 1 <= readings <= 5


async def test_a_new_booking_is_added_and_the_machine_s_capacity_read_again(watch, me, registry_server):
    watcher, fake = watch.enter("all", me), registry_server.fake
    await until(lambda: complete(watcher))
    new = {**fake.bookings[0], "id": "bkg_new", "state": "CONFIRMED"}
    fake.bookings.append(new)
    fake.capacity[new["machine_id"]]["version"] = 99
    registry_server.do(fake.tell, "booking.changed", machine_id=new["machine_id"], id="bkg_new")
    await until(lambda: "bkg_new" in {booking.id for booking in watcher.plant.bookings})
    assert watcher.plant.capacity[new["machine_id"]].version == 99


async def test_a_machine_that_is_new_comes_with_its_past_and_its_offer(watch, me, registry_server):
    watcher, fake = watch.enter("all", me), registry_server.fake
    await until(lambda: complete(watcher))
    fake.machines.append({**fake.machines[0], "id": "mch_new", "name": "new"})
    fake.states["mch_new"] = fake.states[fake.machines[0]["id"]]
    registry_server.do(fake.tell, "capacity.changed", machine_id="mch_new")
    await until(lambda: "mch_new" in watcher.plant.capacity)
    assert watcher.plant.states["mch_new"].items


async def test_all_pages_of_a_key_share_one_stream_which_ends_after_the_last_has_left(watch, me, registry_server):
    watchers = [watch.enter("all", me) for _ in range(3)]
    await until(lambda: complete(watchers[0]))
    assert len({id(watcher) for watcher in watchers}) == 1
    assert len(registry_server.fake.streams) == 1
    for watcher in watchers:
        watch.leave("all", me, watcher)
    await until(lambda: len(watch) == 0 and not registry_server.fake.streams)


async def test_reloading_a_page_does_not_read_the_plant_again(watch, me):
    first = watch.enter("all", me)
    await until(lambda: complete(first))
    watch.leave("all", me, first)
    assert watch.enter("all", me) is first
    await asyncio.sleep(0.4)
    assert len(watch) == 1


async def test_a_lost_api_is_told_with_since_when_and_what_was_seen_stays(watch, me, registry_server):
    watcher = watch.enter("all", me)
    await until(lambda: complete(watcher))
    await asyncio.to_thread(registry_server.stop)
    # A server that goes down may still answer once between the end of the stream and its own: only now is it away.
    await until(lambda: watcher.silent)
    since, seen = watcher.silent.since, watcher.plant
    assert since >= seen.seen
    await asyncio.sleep(0.3)
    assert watcher.silent.since == since
    assert watcher.plant is seen
    await asyncio.to_thread(registry_server.start)
    await until(lambda: watcher.silent is None)
    assert watcher.plant is not seen


async def test_a_lost_database_is_told_apart_from_a_lost_api(watch, me, registry_server):
    registry_server.fake.away = "database.away"
    watcher = watch.enter("all", me)
    await until(lambda: watcher.silent)
    assert (watcher.silent.code, watcher.plant) == ("database.away", None)
    registry_server.fake.away = ""
    await until(lambda: complete(watcher))
    assert watcher.silent is None


async def test_a_key_that_is_revoked_ends_the_watching(watch, me, registry_server):
    watcher = watch.enter("all", me)
    await until(lambda: complete(watcher))
    registry_server.fake.keys.clear()
    registry_server.do(registry_server.fake.hang_up)
    await until(lambda: watcher.refused)
    registry_server.fake.keys.add(KEY)
    fresh = watch.enter("all", Key(KEY))
    await until(lambda: fresh.plant)
    assert fresh is not watcher


async def test_a_longer_past_is_read_when_someone_wants_it(watch, me):
    watcher = watch.enter("all", me)
    await until(lambda: complete(watcher))
    version = watcher.version
    watcher.reach_back(7 * DAY)
    await until(lambda: watcher.version > version)
    first = min(states.items[0].start for states in watcher.plant.states.values())
    assert first < NOW - 6 * DAY


def test_pace_reckons_business_time_from_the_last_that_was_told():
    assert Pace(NOW, 60.0, 100.0).at(102.0) == NOW + timedelta(minutes=2)
