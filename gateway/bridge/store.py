"""The gateway's cache in SQLite: it survives the process, and where its file is of no use any more it starts empty."""

import sqlite3
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import structlog

from gateway.bridge.cache import OVERHEAD, Name, Parcel, fits, together
from gateway.bridge.parcel import Chain
from gateway.errors import GatewayError
from gateway.link import Data, Point
from gateway.link.packets import encode
from gateway.messages import Stream

log = structlog.get_logger(__name__)

VERSION = 1

OPEN = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
"""
CREATE = f"""
BEGIN IMMEDIATE;
CREATE TABLE parcel (
    place INTEGER PRIMARY KEY AUTOINCREMENT, agent TEXT NOT NULL, stream TEXT NOT NULL, epoch INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, after_epoch INTEGER, after_seq INTEGER, body BLOB NOT NULL
);
CREATE INDEX parcel_place ON parcel (agent, stream, place);
CREATE INDEX parcel_point ON parcel (agent, stream, epoch, last);
CREATE TABLE acked (agent TEXT, stream TEXT, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (agent, stream));
PRAGMA user_version = {VERSION};
COMMIT;
"""
RETRY = 30.0
"""Real seconds until a file that failed is tried anew."""

INSERT = """
INSERT INTO parcel (agent, stream, epoch, first, last, after_epoch, after_seq, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
NEXT = "SELECT place, body FROM parcel WHERE agent = ? AND stream = ? AND place > ? ORDER BY place"
HEAD = """
SELECT epoch, first, after_epoch, after_seq FROM parcel WHERE agent = ? AND stream = ? ORDER BY place LIMIT 1
"""
TAIL = "SELECT epoch, last FROM parcel WHERE agent = ? AND stream = ? ORDER BY place DESC LIMIT 1"
EPOCHS = "SELECT epoch FROM parcel WHERE agent = ? AND stream = ? GROUP BY epoch ORDER BY min(place)"
NAMES = "SELECT agent, stream, sum(length(body) + ?), count(*) FROM parcel GROUP BY agent, stream"
SIZE_TO = """
SELECT coalesce(sum(length(body) + ?), 0) FROM parcel WHERE agent = ? AND stream = ? AND (epoch, last) <= (?, ?)
"""
DELETE_TO = "DELETE FROM parcel WHERE agent = ? AND stream = ? AND (epoch, last) <= (?, ?)"
DELETE = "DELETE FROM parcel WHERE agent = ? AND stream = ?"
ACKED = "SELECT agent, stream, epoch, seq FROM acked"
SET_ACKED = "INSERT OR REPLACE INTO acked VALUES (?, ?, ?, ?)"


class CacheTaken(GatewayError):
    """Another gateway uses the same data folder."""

    code = "gateway.cache_taken"


class FileCache:
    """A cache of at most `limit` bytes in a file. What a round wrote is kept from `flush` on.

    A file that fails holds nobody up: nothing is kept until it works again, and agents keep what is theirs.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.trouble, self._failed = "", 0.0
        self._path, self._limit = path, limit
        self._chains: dict[Name, Chain] = {}
        self._acked: dict[Name, Point] = {}
        self._sizes: dict[Name, int] = defaultdict(int)
        self._db = self._opened()

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self.flush()
        self._db.close()

    def flush(self) -> None:
        """End the transaction that the first write began."""
        if self._db.in_transaction:
            with self._noticed():
                self._db.execute("COMMIT")
        if self.trouble and time.monotonic() - self._failed > RETRY:
            self._mend()

    def retain(self, agents: Collection[str]) -> None:
        """Forget the chains of agents that are no longer let out: they would take up room for ever."""
        for name in [name for name in self._chains if name.agent not in agents]:
            self.drop(name)

    def chain(self, name: Name) -> Chain | None:
        return self._chains.get(name)

    def acked(self, name: Name) -> Point | None:
        return self._acked.get(name)

    def append(self, name: Name, packet: Data) -> bool:
        body = encode(packet)
        cost = len(body) + OVERHEAD
        if self.trouble or not fits(name.stream, self.size(), cost, self._limit):
            return False
        row = (*name, packet.epoch, packet.first, packet.last, *(packet.after or (None, None)), body)
        with self._noticed():
            self._write(INSERT, row)
            before = self._chains.get(name)
            self._chains[name] = before.plus(packet) if before else Chain.of(packet)
            self._sizes[name] += cost
        return not self.trouble

    def following(self, name: Name, place: int, size: int) -> list[Parcel]:
        found: list[Parcel] = []
        if name in self._chains:
            with self._noticed(), closing(self._db.execute(NEXT, (*name, place))) as rows:
                found = together(rows, size)
        return found

    def prune(self, name: Name, through: Point) -> None:
        self._acked[name] = through
        with self._noticed():
            self._write(SET_ACKED, (*name, *through))
            if name not in self._chains:
                return
            freed = self._db.execute(SIZE_TO, (OVERHEAD, *name, *through)).fetchone()[0]
            if freed:
                self._write(DELETE_TO, (*name, *through))
                self._sizes[name] -= freed
                self._behead(name)

    def drop(self, name: Name) -> None:
        if self._chains.pop(name, None):
            self._sizes[name] = 0
            with self._noticed():
                self._write(DELETE, name)

    def size(self, name: Name | None = None) -> int:
        return sum(self._sizes.values()) if name is None else self._sizes[name]

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(statement, values)

    def _look(self, name: Name) -> None:
        """What chain the file has; asked once, as it reads all of it."""
        tail = Point(*self._db.execute(TAIL, name).fetchone())
        epochs = tuple(row[0] for row in self._db.execute(EPOCHS, name))
        self._chains[name] = Chain(tail, None, tail, epochs)
        self._behead(name)

    def _behead(self, name: Name) -> None:
        """Let the chain start where its first row does."""
        head, chain = self._db.execute(HEAD, name).fetchone(), self._chains.pop(name)
        if head is not None:
            after = None if head[2] is None else Point(head[2], head[3])
            epochs = chain.epochs[chain.epochs.index(head[0]) :]
            self._chains[name] = replace(chain, first=Point(head[0], head[1]), after=after, epochs=epochs)

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._load()
        except sqlite3.OperationalError as error:
            msg = (
                f"{self._path}: {error}; stop the other gateway that uses it, or free its disk, or name another `data`"
            )
            raise CacheTaken(msg) from error
        except (sqlite3.DatabaseError, ValueError) as error:
            log.warning("cache of no use, starting empty; agents keep what is theirs", reason=str(error))
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            return self._load()

    def _load(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None, timeout=1.0)
        try:
            self._read(db)
        except BaseException:
            db.close()
            raise
        return db

    def _read(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in {0, VERSION}:
            msg = f"its version is {version}, not {VERSION}"
            raise ValueError(msg)
        db.executescript(OPEN)
        db.execute("PRAGMA incremental_vacuum").fetchall()
        if version == 0:
            db.executescript(CREATE)
        self._db = db
        for agent, stream, size, _ in db.execute(NAMES, (OVERHEAD,)).fetchall():
            name = Name(agent, Stream(stream))
            self._sizes[name] = size
            self._look(name)
        for agent, stream, epoch, seq in db.execute(ACKED):
            self._acked[Name(agent, Stream(stream))] = Point(epoch, seq)

    def _mend(self) -> None:
        """Try the file anew; what it still has is as good as ever."""
        self._db.close()
        self._failed = time.monotonic()
        with suppress(CacheTaken):
            self._db = self._opened()
            self.trouble = ""
            log.info("cache works again")

    @contextmanager
    def _noticed(self) -> Iterator[None]:
        """A failing file is worth a line, and the end of keeping."""
        try:
            yield
        except sqlite3.Error as error:
            if not self.trouble:
                log.warning("cache failed, nothing more is kept; agents keep what is theirs", reason=str(error))
            self.trouble, self._failed = str(error), time.monotonic()
            self._chains.clear()
            self._sizes.clear()
            if self._db.in_transaction:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
