"""Keeps bookings.ics and bookings.csv as the orders are: written whole or not at all, and only when they differ."""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

from edge import bookings
from edge.archive import name_of
from edge.bookings import Booked
from edge.orderbook import OrderBook
from edge.trouble import Trouble
from gateway.outbox import OutboxUnavailable

EVERY = 2.0
"""Real seconds between two looks at the orders."""

NAMES = ("bookings.ics", "bookings.csv")


@dataclass
class Noticeboard:
    """`folder`: where the files are; it is made where it is not there."""

    book: OrderBook
    agent: str
    folder: Path
    trouble: Trouble
    _written: dict[str, bytes] = field(default_factory=dict)

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        """Write what differs. Raises nothing that a disk can cause."""
        try:
            booked = self.booked()
            for name, body in zip(NAMES, (bookings.ics(booked, self.agent), bookings.table(booked)), strict=True):
                self._write(name, body)
        except (OSError, OutboxUnavailable) as error:
            self.trouble.comes("bookings", f"{self.folder}: the planner's files cannot be written: {error}")
        else:
            self.trouble.goes("bookings")

    def booked(self, machine: str | None = None) -> list[Booked]:
        """The jobs of all machines, or of one. Raises OutboxUnavailable."""
        records, archive = self.book.records(), self.book.archive
        answers = {
            record.job_id: answer.at
            for record in records
            if (answer := archive.answered(name_of(record.order))) is not None
        }
        found = bookings.listed(records, self.book.approvals.pending.values(), answers)
        return [each for each in found if machine in {None, each.order.machine}]

    def _write(self, name: str, body: bytes) -> None:
        if self._written.get(name) == body:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{name}.new"
        with draft.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / name)
        self._written[name] = body
