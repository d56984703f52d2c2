"""What is wrong with a house and what to do; its tables and charts: of plain facts, without a browser or a server."""

import json
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from cloud.dashboard.fake import NOW
from cloud.dashboard.operations import charts, tables
from cloud.dashboard.operations.facts import Facts
from cloud.dashboard.operations.trouble import Trouble, troubles
from cloud.dashboard.when import When
from cloud.dashboard.words import LANGUAGES, Words
from cloud.operations.model import (
    AgentLink,
    Down,
    Flow,
    FlowPoint,
    Hook,
    Ingest,
    Lane,
    Loss,
    ParkedCount,
    ParkedLine,
    Refused,
    RegistryStore,
    SampleStore,
    Stores,
)
from gateway.messages import Stream

MINUTE = timedelta(minutes=1)


def when(language: str = "en") -> When:
    return When(NOW, ZoneInfo("Europe/Vienna"), Words(language))


def link(**given: object) -> AgentLink:
    told: dict[str, object] = {"id": "agt_1", "name": "box", "site_id": "site_1", "site": "North", "machines": 2}
    told |= {"last_receipt_at": NOW, "seen": "fresh", "clock_offset_s": 0.1, "lanes": (), "losses": (), "refused": ()}
    told |= {"parked": ParkedCount(messages=0, last_at=None), "down": Down(waiting=0, oldest_at=None)}
    return AgentLink.model_validate(told | given)


def ingest(speed: float = 1.0, flows: Sequence[Flow] = (), items: Sequence[FlowPoint] = ()) -> Ingest:
    start = NOW - 4 * MINUTE * speed
    return Ingest(start=start, end=NOW, speed=speed, step_s=60, window_s=300, flows=tuple(flows), items=tuple(items))


def stores(**given: object) -> Stores:
    told = {"name": "InfluxDB", "answers": True, "detail": None, "version": "1.6.7", "trails_s": 0.0, "keeps": None}
    samples = SampleStore.model_validate({**told, "oldest_at": None, **given})
    return Stores(samples=samples, registry=RegistryStore(name="PostgreSQL", version="18"))


def facts(*links: AgentLink, **given: object) -> Facts:
    told: dict[str, object] = {"ingest": ingest(), "stores": stores(), "parked": (), "hooks": (), "acts": ()}
    return Facts(NOW, links, **(told | given))  # type: ignore[arg-type]


def found(told: Facts) -> list[Trouble]:
    return troubles(told, when())


def hook(**given: object) -> Hook:
    told: dict[str, object] = {"id": "whk_1", "url": "https://erp.example.com/", "due": 0, "failed": 0, "delivered": 4}
    told |= dict.fromkeys(("oldest_due_at", "next_at", "last_delivered_at", "status", "error"))
    return Hook.model_validate(told | given)


def loss(reason: str, ago: timedelta = MINUTE) -> Loss:
    return Loss(stream=Stream.TELEMETRY, reason=reason, messages=7, last_at=NOW - ago)


def lane(waiting: int) -> Lane:
    return Lane(stream=Stream.STATE, epoch=1, received=3, waiting=waiting, told_at=NOW - MINUTE)


def down(ago: timedelta) -> Down:
    return Down(waiting=2, oldest_at=NOW - ago)


def refused(reason: str) -> Refused:
    return Refused(reason=reason, packets=3, first_at=NOW, last_at=NOW)


def test_nothing_is_wrong_with_a_house_that_is_well() -> None:
    assert found(facts(link(), hooks=(hook(),))) == []


@pytest.mark.parametrize(
    ("told", "weight", "text", "remedy"),
    [
        pytest.param(link(seen="never", last_receipt_at=None), "note", "never heard", "edge run", id="never"),
        pytest.param(
            link(seen="silent", last_receipt_at=NOW - 60 * MINUTE), "bad", "since 13:00 (1 h 00", "status", id="silent"
        ),
        pytest.param(link(clock_offset_s=-3.0), "note", "off by -3.0 s", "NTP", id="clock"),
        pytest.param(
            link(lanes=(lane(500),)), "note", "messages waiting that are not here yet: 500", "by itself", id="backlog"
        ),
        pytest.param(link(down=down(5 * MINUTE)), "bad", "since 13:55 (2)", "call the plant", id="orders"),
        pytest.param(link(losses=(loss("dropped"),)), "bad", "no room left", "telemetry_mb", id="no room"),
        pytest.param(link(losses=(loss("sender_reset"),)), "bad", "lost its outbox", "gap", id="reset"),
        pytest.param(link(refused=(refused("mac"),)), "bad", "wrong seal (3", "link key", id="key"),
        pytest.param(link(refused=(refused("version"),)), "bad", "nobody understands", "version", id="version"),
        pytest.param(link(parked=ParkedCount(messages=1, last_at=NOW)), "bad", "refused (1", "list below", id="parked"),
    ],
)
def test_each_trouble_of_an_agent_is_told_with_what_to_do(told: AgentLink, weight: str, text: str, remedy: str) -> None:
    (trouble,) = found(facts(told))
    assert (trouble.weight, trouble.subject) == (weight, "box")
    assert text in trouble.text
    assert remedy in trouble.remedy


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(
            link(losses=(loss("superseded"), loss("withheld"))), id="what a newer one replaced, or the plant keeps"
        ),
        pytest.param(link(losses=(loss("dropped", timedelta(days=2)),)), id="a loss of the day before yesterday"),
        pytest.param(link(lanes=(lane(20),)), id="a few messages wait"),
        pytest.param(link(down=down(MINUTE)), id="an order that is just on its way"),
    ],
)
def test_what_is_usual_or_past_is_no_trouble(told: AgentLink) -> None:
    assert found(facts(told)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_wrong_with_many_agents_alike_is_told_once(language: str) -> None:
    every = {"seen": "silent", "last_receipt_at": NOW - 60 * MINUTE, "clock_offset_s": 9, "lanes": (lane(900),)}
    every |= {"down": down(9 * MINUTE), "losses": (loss("dropped"), loss("diverged"))}
    every |= {"refused": tuple(map(refused, ("mac", "key", "form", "line_full")))}
    every |= {"parked": ParkedCount(messages=2, last_at=NOW)}
    told = [link(id=f"agt_{number}", name=f"box {number}", **every) for number in range(9)]
    never = [link(id=f"agt_n{number}", name=f"new {number}", seen="never", last_receipt_at=None) for number in range(4)]
    found = troubles(facts(*told, *never), when(language))
    assert len(found) == 12
    assert all("6" in each.subject or "1" in each.subject for each in found)
    if language == "en":
        assert found[0].subject == "box 0, box 1, box 2 and 6 more"
        assert found[0].text == "are silent. Their machines are not sold on old statements."


def test_where_business_time_runs_fast_patience_is_still_of_real_time() -> None:
    told = link(down=down(5 * MINUTE))
    assert found(facts(told, ingest=ingest(speed=60.0))) == []


def test_a_store_that_is_away_is_told_first() -> None:
    away = stores(answers=False, detail="nobody there", name="VictoriaMetrics")
    first, second = found(facts(link(seen="never", last_receipt_at=None), stores=away))
    assert (first.subject, first.weight, second.weight) == ("VictoriaMetrics", "bad", "note")
    assert "nobody there" in first.text
    assert "States, orders and bookings go on" in first.text


def test_late_statements_are_told_and_what_machines_remember_is_not_late() -> None:
    late = [
        Flow(stream=each, messages_per_s=1, samples_per_s=0, p50_s=1, p99_s=90, last_at=NOW)
        for each in (Stream.CONTROL, Stream.STATE, Stream.TELEMETRY)
    ]
    (trouble,) = found(facts(link(), ingest=ingest(flows=late)))
    assert (trouble.subject, "within 1 min" in trouble.text) == ("control", True)


def test_deliveries_that_wait_or_were_given_up_are_told() -> None:
    stuck = hook(due=3, oldest_due_at=NOW - 60 * MINUTE, error="busy", failed=2)
    given_up, waiting = found(facts(link(), hooks=(stuck,)))
    assert "(2)" in given_up.text
    assert "since 13:00 (3). Last answer: busy" in waiting.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_escape_what_comes_from_outside(language: str) -> None:
    hostile = "<script>alert(1)</script>"
    line = ParkedLine(
        id=1,
        at=NOW,
        agent_id="agt_1",
        agent=hostile,
        stream="state",
        epoch=1,
        seq=2,
        code="message.refused",
        reason=hostile,
        payload=f'"{hostile}',
    )
    told = facts(link(name=hostile, site=hostile), stores=stores(answers=False, detail=hostile))
    here = when(language)
    html = [
        tables.links(told, here),
        tables.parked([line], here),
        tables.hooks([hook(url=hostile, error=hostile)], here),
        tables.stores(told, here),
    ]
    for each in html:
        assert "<script" not in each
        assert "&lt;script&gt;" in each


def test_a_stream_that_nobody_knows_the_word_for_is_shown_by_its_code() -> None:
    told = loss("a later reason")
    assert "a later reason 7" in tables.links(facts(link(losses=(told,))), when())


def point(minute: int, stream: Stream, samples: int = 0) -> FlowPoint:
    at = NOW - minute * MINUTE
    return FlowPoint(at=at, stream=stream, messages=6, samples=samples, p50_s=0.2, p99_s=0.4)


def test_charts_have_a_value_for_each_minute_also_for_those_in_which_nothing_came() -> None:
    told = ingest(items=(point(4, Stream.TELEMETRY, 600), point(0, Stream.TELEMETRY, 60), point(0, Stream.STATE)))
    assert charts.rows(told, "samples") == {Stream.TELEMETRY: [10, 0, 0, 0, 1]}
    assert charts.rows(told, "messages")[Stream.STATE] == [0, 0, 0, 0, 0.1]
    assert charts.rows(told, "latency")[Stream.STATE] == [None, None, None, None, 0.4]
    drawn = charts.options(told, "latency", when())
    assert drawn["xAxis"]["data"] == ["13:56", "13:57", "13:58", "13:59", "14:00"]
    assert [each["name"] for each in drawn["series"]] == ["states", "telemetry"]
    json.dumps(drawn)


def test_backfill_is_late_by_its_nature_and_is_left_out_of_how_late_things_came() -> None:
    told = ingest(items=(point(0, Stream.BACKFILL, 5),))
    assert charts.rows(told, "latency") == {}
    assert charts.options(told, "latency", when())["title"]["text"] == "none in this time"


def test_the_file_to_take_away_has_the_same_figures() -> None:
    head, row = charts.sheet(ingest(items=(point(0, Stream.STATE),)))
    assert dict(zip(head, row, strict=True)) == {
        "minute_start": NOW,
        "stream": "state",
        "messages": 6,
        "samples": 0,
        "p50_s": 0.2,
        "p99_s": 0.4,
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.02, "20 ms"), (1.44, "1.4 s"), (600.0, "10 min"), (46_586.0, "12 h 56 min")],  # noqa: RUF001
)
def test_a_latency_is_said_as_short_as_it_is_useful(value: float | None, text: str) -> None:
    assert tables.seconds(value, Words("en")) == text
