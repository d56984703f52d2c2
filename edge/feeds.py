"""The last good copy of every file and address that plans and calendars come from, and when it was good."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from edge.copied import Copied
from edge.errors import FileInvalid
from edge.fetch import Answer, Failed, Fetch, Got, fetch
from edge.planfile import read_bytes
from edge.secret import Vault
from edge.trouble import Trouble
from gateway.clock import Clock
from gateway.span import utc

Check = Callable[[bytes], object]
"""Reads a body, and raises FileInvalid where nobody could."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A body, when it was last known to be current (business time), since when it was this version, and its mark."""

    body: bytes
    as_of: datetime
    since: datetime
    mark: str
    tag: str | None = None


@dataclass
class Feeds:
    """Copies by place. Addresses are fetched in a thread and kept in `folder`, so that a restart has them too.

    A body that one of its `checks` refuses (FileInvalid) is no copy: the one before it stays, and ages.
    """

    checks: Mapping[Copied, Sequence[Check]]
    folder: Path | None
    clock: Clock
    trouble: Trouble
    vault: Vault | None = None
    fetch: Fetch = fetch
    copies: dict[str, Copy] = field(default_factory=dict)
    _marks: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for source in self.checks:
            copy = self._kept(source) if source.url else None
            if copy:
                self.copies[source.place] = copy

    def first(self) -> None:
        """The first look at every file. Raises FileInvalid for one that is not there or cannot be read."""
        for source in self._files():
            self._check(source, read_bytes(Path(source.place)))
        self.look()

    def look(self) -> None:
        """Read every file that changed; one that is there unchanged is current again. Raises nothing."""
        for source in self._files():
            self._look_at(source, Path(source.place))

    async def run(self) -> None:
        """Fetch each address when it is due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for source in self.checks:
                if source.url is not None:
                    tasks.create_task(self._follow(source))

    async def _follow(self, source: Copied) -> None:
        while True:
            await self.refresh(source)
            await asyncio.sleep(source.every.total_seconds())

    async def refresh(self, source: Copied) -> None:
        """Fetch one address now."""
        before = self.copies.get(source.place)
        answer = await asyncio.to_thread(self._fetched, source, before)
        if isinstance(answer, Failed):
            self.trouble.comes(f"feed/{source.place}", f"{answer.reason}; the last good copy ages")
            return
        self._take(source, before, answer)

    def _fetched(self, source: Copied, before: Copy | None) -> Answer:
        """In a thread: nothing of ours is changed here."""
        try:
            token = self.vault.text(source.token, "token") if self.vault and source.token else None
            answer = self.fetch(str(source.url), token, before.tag if before else None)
            if isinstance(answer, Got):
                self._check(source, answer.body)
        except FileInvalid as error:
            return Failed(str(error))
        return answer

    def _files(self) -> list[Copied]:
        return [source for source in self.checks if source.file is not None]

    def _check(self, source: Copied, body: bytes) -> None:
        """Raises FileInvalid where it cannot be read, be it for a fault of ours: what others send must stop nothing."""
        for check in self.checks[source]:
            try:
                check(body)
            except FileInvalid:
                raise
            except Exception as error:
                msg = f"{source.place}: cannot be read: {type(error).__name__}: {error}; please report this fault"
                raise FileInvalid(msg) from error

    def _take(self, source: Copied, before: Copy | None, answer: Answer) -> None:
        now = self.clock.now()
        match answer:
            case Got(body, tag):
                copy = Copy(body, now, _since(before, body, now), hashlib.sha256(body).hexdigest(), tag)
            case _ if before is not None:
                copy = replace(before, as_of=now)
            case _:
                return
        self.copies[source.place] = copy
        self.trouble.goes(f"feed/{source.place}")
        self._keep(source, copy, body=before is None or before.mark != copy.mark)

    def _look_at(self, source: Copied, path: Path) -> None:
        name = f"feed/{source.place}"
        try:
            seen = path.stat()
            mark = (seen.st_mtime_ns, seen.st_size)
            body = None if self._marks.get(source.place) == mark else read_bytes(path)
            if body is not None:
                self._check(source, body)
        except (OSError, FileInvalid) as error:
            self._marks.pop(source.place, None)
            self.trouble.comes(name, f"{error}; the last good copy ages")
            return
        self._marks[source.place] = mark
        before = self.copies.get(source.place)
        if body is None and before is not None:
            self.copies[source.place] = replace(before, as_of=self.clock.now())
        elif body is not None:
            now = self.clock.now()
            mark_of = hashlib.sha256(body).hexdigest()
            self.copies[source.place] = Copy(body, now, _since(before, body, now), mark_of)
        self.trouble.goes(name)

    def _keep(self, source: Copied, copy: Copy, *, body: bool) -> None:
        """On disk, whole or not at all."""
        path = self._path(source)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if body:
                _write(path.with_suffix(".body"), copy.body)
            moments = {"as_of": copy.as_of.isoformat(), "since": copy.since.isoformat()}
            about = {"place": source.place, **moments, "mark": copy.mark, "tag": copy.tag}
            _write(path.with_suffix(".json"), json.dumps(about).encode())
        except OSError as error:
            self.trouble.comes("feeds", f"{self.folder}: the last good copies cannot be kept: {error}")

    def _kept(self, source: Copied) -> Copy | None:
        path = self._path(source)
        if path is None:
            return None
        try:
            about = json.loads(path.with_suffix(".json").read_bytes())
            body = path.with_suffix(".body").read_bytes()
            if hashlib.sha256(body).hexdigest() != about["mark"]:
                return None
            as_of, since = (utc(datetime.fromisoformat(about[name])) for name in ("as_of", "since"))
            return Copy(body, as_of, since, about["mark"], about["tag"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, source: Copied) -> Path | None:
        """Where its copy is kept; None where nothing is."""
        return self.folder and self.folder / hashlib.sha256(source.place.encode()).hexdigest()[:24]


def _write(path: Path, body: bytes) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(body)
    draft.replace(path)


def _since(before: Copy | None, body: bytes, now: datetime) -> datetime:
    return before.since if before and before.body == body else now
