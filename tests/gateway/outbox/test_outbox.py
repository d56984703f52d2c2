"""The outbox: messages, cursors, documents and positions move together or not at all, and survive what they must."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.link import Point, Position
from gateway.messages import Stream
from gateway.outbox import Outbox, OutboxDamaged, OutboxUnavailable, schema

STATE = Stream.STATE
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
Opener = Callable[..., Outbox]


class Abandoned(Exception):
    """Ends a transaction in the middle."""


def test_a_cursor_moves_with_its_messages(opened: Opener) -> None:
    outbox = opened()
    with outbox.transaction() as tx:
        tx.append(STATE, b"{}")
        tx.put_cursor("replay/press-1", "17")
    with suppress(Abandoned), outbox.transaction() as tx:
        tx.append(STATE, b"{}")
        tx.put_cursor("replay/press-1", "18")
        raise Abandoned
    outbox.close()
    again = opened()
    assert again.cursor("replay/press-1") == "17"
    assert again.backlog()[STATE].messages == 1


def test_an_order_is_stored_with_the_position_that_stands_for_it(opened: Opener) -> None:
    outbox, position = opened(), Position(1 << 61, 4, {7: 2}, "token")
    with outbox.transaction() as tx:
        tx.put("order", "bkg_1", b'{"a":1}')
        tx.put("order", "bkg_2", b'{"a":2}')
        tx.save_position(Stream.CONTROL, position)
    outbox.close()
    again = opened()
    assert again.documents("order") == {"bkg_1": b'{"a":1}', "bkg_2": b'{"a":2}'}
    assert again.position(Stream.CONTROL) == position
    assert again.position(STATE) == Position()


def test_documents_are_replaced_and_removed(opened: Opener) -> None:
    outbox = opened()
    with outbox.transaction() as tx:
        tx.put("order", "bkg_1", b"old")
        tx.put("order", "bkg_1", b"new")
        tx.put("order", "bkg_2", b"x")
        tx.remove("order", "bkg_2")
        tx.remove("order", "bkg_3")
    assert outbox.get("order", "bkg_1") == b"new"
    assert outbox.get("order", "bkg_2") is None
    assert outbox.documents("nothing") == {}


def test_a_mark_tells_whether_its_message_is_still_on_the_way(opened: Opener) -> None:
    outbox = opened()
    with outbox.transaction() as tx:
        first, second = tx.append(STATE, b"{}"), tx.append(STATE, b"{}")
    outbox.delete(STATE, Point(first.epoch, 1))
    assert not outbox.pending(first)
    assert outbox.pending(second)


def test_the_backlog_is_counted_and_found_again(opened: Opener) -> None:
    outbox = opened()
    with outbox.transaction() as tx:
        marks = [tx.append(STATE, b'{"a":12}') for _ in range(10)]
        tx.tombstone(STATE, "withheld")
    outbox.delete(STATE, Point(marks[0].epoch, 4))
    assert (outbox.backlog()[STATE].messages, outbox.backlog()[STATE].size) == (6, 48)
    before = outbox.backlog()
    outbox.close()
    assert opened().backlog() == before


def test_a_second_process_is_refused_and_told_why(opened: Opener) -> None:
    opened()
    with pytest.raises(OutboxUnavailable, match="stop the other process") as raised:
        opened()
    assert raised.value.retryable


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"this is no database at all, but long enough to be taken for one" * 20, "not a database"), (None, "version 99")],
    ids=["not a database", "a later version"],
)
def test_a_foreign_file_is_refused_and_left_alone(
    path: Path, opened: Opener, content: bytes | None, words: str
) -> None:
    if content is None:
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(OutboxDamaged, match=words):
        opened()
    assert path.read_bytes() == before


def test_a_missing_folder_is_unavailable_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(OutboxUnavailable, match="unable to open"):
        Outbox(tmp_path / "no" / "outbox.sqlite", now=lambda: NOW)


def test_a_full_disk_refuses_the_transaction_and_keeps_what_was_there(opened: Opener) -> None:
    outbox = opened()
    with outbox.transaction() as tx:
        tx.append(STATE, b'{"first":1}')
    pages = outbox._db.execute("PRAGMA page_count").fetchone()[0]
    outbox._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    held = outbox.held(STATE)
    with pytest.raises(OutboxUnavailable, match="full"), outbox.transaction() as tx:
        tx.append(STATE, b'{"pad":"' + b"x" * 100_000 + b'"}')
    assert outbox.held(STATE) == held
    outbox._db.execute("PRAGMA max_page_count = 100000")
    with outbox.transaction() as tx:
        assert tx.append(STATE, b'{"second":1}').seq == 2


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from gateway.messages import Stream
from gateway.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]), now=lambda: datetime.now(UTC))
count = int(outbox.cursor("count") or 0)
while True:
    count += 1
    with outbox.transaction() as tx:
        tx.append(Stream.STATE, b'{"n":%d}' % count)
        tx.put_cursor("count", str(count))
    print(count, flush=True)
"""


def test_what_was_committed_survives_kill_9_and_nothing_is_half_there(path: Path, opened: Opener) -> None:
    said = 0
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        assert process.stdout
        for _ in range(50):
            said = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        said = max([said, *(int(line) for line in process.stdout.read().split() if line.strip())])
        process.stdout.close()
        process.wait()
    outbox = opened()
    payloads = [
        entry.payload
        for epoch in outbox.held(STATE)
        for entry in outbox.read(STATE, Point(epoch.epoch, 1), 10**6, 1 << 30)
    ]
    count = int(outbox.cursor("count") or 0)
    assert count >= said
    assert payloads == [b'{"n":%d}' % n for n in range(1, count + 1)]
    assert len(outbox.held(STATE)) == 3


@pytest.mark.parametrize("name", ["READ", "COUNT_WITHIN", "COUNT_BEFORE", "DELETE_WITHIN", "DELETE_BEFORE", "SHORTEN"])
def test_what_each_packet_costs_does_not_grow_with_the_backlog(opened: Opener, name: str) -> None:
    statement: str = getattr(schema, name)
    values = ("state", 1, 1, 1)[: 3 if "?1" in statement else statement.count("?")]
    plan = [row[3] for row in opened()._db.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    searches = [step for step in plan if " item " in step]
    assert searches
    assert all("epoch" in step and not step.startswith("SCAN") for step in searches)
