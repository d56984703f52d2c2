"""Two caches, one behaviour; and a file that may be lost, damaged or full without harm to anybody."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import structlog

from gateway.bridge.cache import Cache, MemoryCache, Name
from gateway.bridge.parcel import Place, place, rest
from gateway.bridge.store import CacheTaken, FileCache
from gateway.link import Data, Entry, Point
from gateway.messages import Stream

NAMES = [Name(agent, stream) for agent in ("edge-1", "edge-2") for stream in Stream]


def data(name: Name, epoch: int, first: int, last: int, after: Point | None = None) -> Data:
    entries = tuple(Entry(n, n, b'{"n":%d}' % n) for n in range(first, last + 1))
    return Data(name.stream, epoch, after, entries)


def seen(cache: Cache) -> list[object]:
    return [(name, cache.chain(name), cache.acked(name), cache.size(name), cache.following(name, 0, 60))
            for name in NAMES]  # fmt: skip


def step(random: Random) -> Callable[[Cache], object]:
    """Something that a passage may do."""
    name, kind, step = random.choice(NAMES), random.random(), random.randint(0, 3)
    size = random.randint(1, 5)

    def do(cache: Cache) -> object:
        chain = cache.chain(name)
        if kind < 0.6:
            if chain is None or step:
                last = chain.last if chain else Point(1 << 32, 0)
                packet = data(name, last.epoch, last.seq + 1, last.seq + size)
            else:
                packet = data(name, chain.last.epoch + (1 << 32), 1, size, chain.last)
            if place(chain, None, packet) in {Place.JOINS, Place.STARTS}:
                return cache.append(name, rest(chain, packet))
        elif kind < 0.95 and chain:
            return cache.prune(name, Point(chain.first.epoch, chain.first.seq + size))
        elif kind > 0.98:
            return cache.drop(name)
        return None

    return do


@pytest.mark.parametrize("seed", range(8))
def test_the_file_and_the_memory_agree_whatever_happens(tmp_path: Path, seed: int) -> None:
    random, memory = Random(seed), MemoryCache(6000)
    file = FileCache(tmp_path / "cache.sqlite", 6000)
    for turn in range(400):
        work = step(random)
        assert work(file) == work(memory)
        if turn % 40 == 0:
            assert [each[:4] for each in seen(file)] == [each[:4] for each in seen(memory)]  # type: ignore[index]
            assert [[p.packet for p in each[4]] for each in seen(file)] == [  # type: ignore[index]
                [p.packet for p in each[4]]
                for each in seen(memory)  # type: ignore[index]
            ]
        if turn % 100 == 50:
            file.close()
            file = FileCache(tmp_path / "cache.sqlite", 6000)
    file.close()


@pytest.mark.parametrize("make", [lambda _: MemoryCache(4000), lambda path: FileCache(path / "c", 4000)])
def test_the_last_quarter_is_for_control_and_state(tmp_path: Path, make: Callable[[Path], Cache]) -> None:
    cache = make(tmp_path)
    telemetry, control = Name("edge-1", Stream.TELEMETRY), Name("edge-1", Stream.CONTROL)
    n = 0
    while cache.append(telemetry, data(telemetry, 1, n + 1, n + 1)):
        n += 1
    assert 2800 < cache.size() <= 3000
    assert cache.append(control, data(control, 1, 1, 20))
    while cache.append(control, data(control, 1, n, n)):
        n += 1
    assert 3800 < cache.size() <= 4000
    if isinstance(cache, FileCache):
        cache.close()


def test_a_file_that_is_no_cache_is_replaced_by_an_empty_one_and_said(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with structlog.testing.capture_logs() as logs:
        cache = FileCache(path, 10**6)
    assert [line["event"] for line in logs] == ["cache of no use, starting empty; agents keep what is theirs"]
    assert cache.append(NAMES[0], data(NAMES[0], 1, 1, 1))
    cache.close()


def test_a_second_gateway_on_the_same_file_is_refused(tmp_path: Path) -> None:
    first = FileCache(tmp_path / "cache.sqlite", 10**6)
    with pytest.raises(CacheTaken, match="stop the other gateway"):
        FileCache(tmp_path / "cache.sqlite", 10**6)
    first.close()


def test_a_file_that_fails_keeps_nothing_and_says_so_once_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = FileCache(tmp_path / "cache.sqlite", 10**6)
    assert cache.append(NAMES[0], data(NAMES[0], 1, 1, 1))
    cache.flush()
    cache._db.execute("PRAGMA query_only = ON")
    with structlog.testing.capture_logs() as logs:
        assert not cache.append(NAMES[0], data(NAMES[0], 1, 2, 2))
        assert not cache.append(NAMES[0], data(NAMES[0], 1, 3, 3))
    assert [line["event"] for line in logs] == ["cache failed, nothing more is kept; agents keep what is theirs"]
    assert cache.chain(NAMES[0]) is None
    monkeypatch.setattr("gateway.bridge.store.RETRY", 0.0)
    cache.flush()
    chain = cache.chain(NAMES[0])
    assert chain
    assert chain.last == Point(1, 1)
    cache.close()
