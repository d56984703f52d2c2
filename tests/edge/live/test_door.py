"""What a running agent answers on its box, to whom, and that nothing which asks can harm it."""

import asyncio
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from prometheus_client.parser import text_string_to_metric_families

from edge.errors import FileInvalid
from edge.local import client, metrics
from edge.local.door import Door
from edge.local.http import Request
from edge.local.noticeboard import Noticeboard
from edge.local.serve import _port
from edge.reading import LinkNotice, Reading
from gateway.messages import Stream

from .conftest import Running


async def ask(running: Running, path: str, document: Any = None, **query: str) -> tuple[int, dict[str, Any]]:
    await running.until((running.station.config.data / "agent.sock").exists)
    return await asyncio.to_thread(client.ask, running.station.config.data, path, document, **query)


def port(running: Running) -> Door:
    """The door that the loopback port is."""
    station = running.station
    return Door(
        station, Noticeboard(station.book, "plant-a", station.config.data, station.agent.trouble), lambda: False
    )


async def test_the_status_is_of_this_moment(running: Running) -> None:
    code, found = await ask(running, "/status")
    assert (code, found["pid"], found["agent"], set(found["machines"])) == (200, os.getpid(), "plant-a", {"M1", "M2"})
    now = running.clock.now()
    await running.station.gates.open[0].turnstile.emit([Reading("M1", "report", "production", now, now)])
    _, again = await ask(running, "/status")
    assert again["machines"]["M1"]["readings"] == found["machines"]["M1"]["readings"] + 1
    assert again["machines"]["M1"]["seen_s_ago"] < 30
    assert set(again["outbox"]) == {"control", "state", "telemetry", "backfill"}


async def test_an_agent_is_healthy_until_it_cannot_do_its_work(running: Running) -> None:
    await running.station.gates.open[0].turnstile.emit([LinkNotice("M1", False, running.clock.now(), "no route")])
    code, found = await ask(running, "/health")
    assert (code, found["ok"], found["trouble"]["machine/M1"]) == (200, True, "no route")
    running.station.agent.trouble.comes("outbox", "the disk is full")
    code, found = await ask(running, "/health")
    assert (code, found["ok"], found["fault"]) == (503, False, "the disk is full")
    running.station.agent.trouble.goes("outbox")


async def test_an_agent_that_does_not_look_any_more_is_not_healthy(running: Running) -> None:
    await running.station.works.stop("agent")
    running.station.agent.looked -= 60
    code, found = await ask(running, "/health")
    assert (code, "has not looked at its machines for" in found["fault"]) == (503, True)


async def test_prometheus_reads_the_figures(running: Running) -> None:
    running.station.agent.trouble.comes('feed/a "quoted"\nplan\\x', "why")
    response = await port(running).handle(Request("GET", "/metrics", {}, "localhost:9"))
    assert response.kind.startswith("text/plain; version=0.0.4")
    families = {each.name: each for each in text_string_to_metric_families(response.body.decode())}
    readings = {tuple(each.labels.values()): each.value for each in families["thirdshift_readings"].samples}
    assert readings["M1", "M1"] > 0
    assert {each.labels["machine"]: each.value for each in families["thirdshift_machine_up"].samples} == {
        "M1": 1,
        "M2": 1,
    }
    held = {each.labels["stream"]: each.value for each in families["thirdshift_outbox_messages"].samples}
    assert held["state"] == running.outbox.backlog()[Stream.STATE].messages
    assert [each.labels["what"] for each in families["thirdshift_trouble"].samples] == ['feed/a "quoted"\nplan\\x']
    assert families["process_resident_memory_bytes"].samples[0].value > 1e6
    for family in families.values():
        assert family.documentation, family.name
        assert family.type in {"gauge", "counter"}
    counters = [line.split()[2] for line in response.body.decode().splitlines() if line.endswith(" counter")]
    assert all(name.endswith("_total") for name in counters)


def test_a_label_that_would_break_the_page_is_escaped() -> None:
    family = metrics.Family("x", "gauge", "two\nlines").add(1, what='a"b\\c\nd')
    (found,) = text_string_to_metric_families(family.text() + "\n")
    assert (found.documentation, found.samples[0].labels) == ("two\nlines", {"what": 'a"b\\c\nd'})


@pytest.mark.parametrize(
    ("method", "path", "host", "code"),
    [
        ("GET", "/health", "localhost", 200),
        ("GET", "/bookings.csv", "127.0.0.1:9464", 200),
        ("GET", "/status", "[::1]:9464", 200),
        ("GET", "/nothing", "localhost", 404),
        ("GET", "/status", "evil.example:9464", 403),
        ("GET", "/status", "", 403),
        ("GET", "/tail", "localhost", 403),
        ("POST", "/reload", "localhost", 403),
        ("POST", "/orders", "localhost", 403),
        ("DELETE", "/status", "localhost", 405),
    ],
)
async def test_the_port_shows_and_takes_nothing(running: Running, method: str, path: str, host: str, code: int) -> None:
    assert (await port(running).handle(Request(method, path, {}, host))).status == code


async def test_only_the_agents_own_user_can_open_the_socket(running: Running) -> None:
    await ask(running, "/health")
    mode = (running.station.config.data / "agent.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


POST = b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [b"\x00\xff\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40_000, b"GET", POST + b"z" * 900_000],
    ids=["no HTTP", "a long head", "half a line", "a large body"],
)
async def test_what_is_no_request_is_answered_as_such_and_harms_nothing(running: Running, sent: bytes) -> None:
    await ask(running, "/health")
    reader, writer = await asyncio.open_unix_connection(str(running.station.config.data / "agent.sock"))
    try:
        writer.write(sent)
        writer.write_eof()
        async with asyncio.timeout(15):
            assert b"400" in (await reader.read())[:20]
    except ConnectionError:
        pass  # the agent would not read all of it
    finally:
        writer.close()
    assert (await ask(running, "/health"))[0] == 200


async def test_a_tail_tells_a_machines_readings_and_what_is_told_of_them(running: Running) -> None:
    await ask(running, "/health")
    folder, got = running.station.config.data, []

    def follow() -> None:
        for line in client.lines(folder, "/tail", machine="M1"):
            got.append(line)
            if line["what"] == "change":
                return

    following = asyncio.create_task(asyncio.to_thread(follow))
    await running.until(lambda: got)
    now = running.clock.now()
    await running.station.gates.open[0].turnstile.emit([Reading("M1", "report", "breakdown", now, now)])
    await asyncio.wait_for(following, 20)
    assert got[0]["what"] == "status"
    assert got[-1]["state"] == "OutOfService"
    await running.until(lambda: not running.station.tap.listeners)


async def test_a_machine_that_is_not_there_cannot_be_followed(running: Running) -> None:
    code, found = await ask(running, "/tail", machine="M7")
    assert (code, found["error"]) == (404, "the running agent has no machine 'M7'; there are M1, M2")


async def test_a_reload_is_asked_for_and_answered(running: Running) -> None:
    running.path.write_text(running.path.read_text().replace("  M1: {", "  M1: {quantity: 2, "))
    assert (await ask(running, "/reload", {}))[1]["changed"] == {"M1": ["terms", "identity"]}
    running.path.write_text("nonsense: 1\n")
    code, found = await ask(running, "/reload", {})
    assert (code, found["ok"], "edge.yaml:1: nonsense" in found["text"]) == (409, False, True)


async def test_an_answer_to_an_order_that_is_not_there_is_refused(running: Running) -> None:
    code, found = await ask(running, "/orders", {"order": "bkg_1", "answer": "accept"})
    assert (code, found["text"]) == (409, "no order bkg_1 waits for an answer; waiting: none")
    assert (await ask(running, "/orders", {"order": "bkg_1", "answer": "perhaps"}))[0] == 400


async def test_the_planner_gets_a_file_and_a_page_that_say_the_same(running: Running) -> None:
    folder = running.station.config.data
    await running.until((folder / "bookings.csv").exists)
    page = await port(running).handle(Request("GET", "/bookings.ics", {}, "localhost"))
    assert page.kind == "text/calendar; charset=utf-8"
    assert page.body == (folder / "bookings.ics").read_bytes()
    assert Calendar.from_ical(page.body)["version"] == "2.0"


async def test_a_folder_that_cannot_be_written_is_told_and_retried(running: Running, tmp_path: Path) -> None:
    station = running.station
    (tmp_path / "file").write_text("")
    board = Noticeboard(station.book, "plant-a", tmp_path / "file" / "below", station.agent.trouble)
    board.look()
    assert "the planner's files cannot be written" in station.agent.trouble.now["bookings"]
    board.folder = tmp_path / "below"
    board.look()
    assert "bookings" not in station.agent.trouble
    assert sorted(each.name for each in board.folder.iterdir()) == ["bookings.csv", "bookings.ics"]


def test_a_port_that_is_taken_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(FileInvalid, match=r"local.port: \d+ on 127.0.0.1: Address already in use; choose another"):
            _port(taken.getsockname()[1])


async def test_a_socket_that_a_killed_agent_left_behind_is_replaced(running: Running, tmp_path: Path) -> None:
    from edge.local import socket as sockets  # noqa: PLC0415 - its name hides the module of the standard library

    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    for _ in range(2):
        found = sockets.listening(deep)
        sockets.connected(deep, 1.0).close()
        found.close()
    assert len(str(deep)) > 108, "longer than the name of a socket may be"
