"""A disk that is really full: nothing is lost or doubled, the reason is told, and it goes on once there is room."""

import resource
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.link import Point
from gateway.messages import Stream
from gateway.outbox import Outbox, OutboxUnavailable

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SIZE = 1 << 20


class Disk:
    """A folder whose room ends; `free` makes some."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def free(self) -> None:
        (self.folder / "ballast").unlink()


class Quota(Disk):
    """No room of its own, but files must not grow: for those who may not mount anything."""

    def free(self) -> None:
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


@pytest.fixture(params=["tmpfs", "quota"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if request.param == "quota":
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE, before[1]))
        yield Quota(tmp_path)
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        return
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={2 * SIZE}", "none", str(tmp_path)], check=False)
    if mounted.returncode:
        pytest.skip("a disk of our own: needs the right to mount a tmpfs")
    (tmp_path / "ballast").write_bytes(bytes(SIZE))
    yield Disk(tmp_path)
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def send(outbox: Outbox, number: int) -> None:
    """A state and telemetry that belong together, and how far the source was read."""
    with outbox.transaction() as tx:
        tx.append(Stream.STATE, b'{"n":%d}' % number)
        tx.append(Stream.TELEMETRY, b'{"n":%d,"x":"%b"}' % (number, b"x" * 20_000))
        tx.put_cursor("source", str(number))


def held(outbox: Outbox, stream: Stream) -> list[bytes]:
    found = []
    for epoch in outbox.held(stream):
        entries = outbox.read(stream, Point(epoch.epoch, epoch.oldest), 10**6, 1 << 40)
        assert [entry.seq for entry in entries] == list(range(epoch.oldest, epoch.next)), "no number is missing"
        found += [entry.payload.partition(b',"x"')[0].rstrip(b"}") for entry in entries if entry.payload]
    return found


def test_what_was_taken_is_there_once_and_what_was_not_is_taken_later(disk: Disk) -> None:
    path = disk.folder / "outbox.sqlite"
    outbox = Outbox(path, now=lambda: NOW)
    number = 0
    with pytest.raises(OutboxUnavailable, match=rf"{path}.*free or mount its disk") as told:  # noqa: PT012
        while number < 500:
            send(outbox, number + 1)
            number += 1
    assert told.value.retryable
    assert number > 10
    for _ in range(3):
        with pytest.raises(OutboxUnavailable):
            send(outbox, number + 1)
    assert outbox.cursor("source") == str(number), "and what is there can still be read and sent"
    disk.free()
    for later in range(number + 1, number + 6):
        send(outbox, later)
    outbox.close()
    outbox = Outbox(path, now=lambda: NOW)
    expected = [b'{"n":%d' % each for each in range(1, number + 6)]
    assert (held(outbox, Stream.STATE), held(outbox, Stream.TELEMETRY)) == (expected, expected)
    assert outbox.cursor("source") == str(number + 5)
    outbox.close()


def test_acknowledgements_make_room_on_a_full_disk_too(disk: Disk) -> None:
    outbox = Outbox(disk.folder / "outbox.sqlite", now=lambda: NOW)
    number = 0
    with pytest.raises(OutboxUnavailable):  # noqa: PT012
        while number < 500:
            send(outbox, number + 1)
            number += 1
    (epoch,) = outbox.held(Stream.TELEMETRY)
    try:
        outbox.delete(Stream.TELEMETRY, Point(epoch.epoch, number))
    except OutboxUnavailable:
        disk.free()
        outbox.delete(Stream.TELEMETRY, Point(epoch.epoch, number))
    send(outbox, number + 1)
    assert len(held(outbox, Stream.STATE)) == number + 1
    outbox.close()
