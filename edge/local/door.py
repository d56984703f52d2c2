"""What may be asked of a running agent on its box, and who may: anybody may look, its own user may also act."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge import bookings
from edge.local import facts, metrics
from edge.local.http import TEXT, Request, Response, told
from edge.local.noticeboard import Noticeboard
from edge.reload import reload
from edge.station import Station

HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Names under which the port is asked honestly; any other is a web page that had its own name lead here."""

NONE = Response(404, body=orjson.dumps({"error": "there is no such page; try /health, /metrics, /status"}))


class Answered(BaseModel):
    """A person's answer to an order that waits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Annotated[str, Field(max_length=200)]
    answer: Literal["accept", "refuse"]
    reason: Annotated[str, Field(max_length=500)] = ""


@dataclass
class Door:
    """`may_act`: for the socket, which only the agent's own user can open; not for the port."""

    station: Station
    board: Noticeboard
    broker: Callable[[], bool]
    may_act: bool = False
    _pages: Mapping[str, Callable[[Request], Response]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pages = {
            "/health": self._health,
            "/metrics": self._metrics,
            "/status": self._status,
            "/bookings.ics": self._ics,
            "/bookings.csv": self._csv,
        }

    async def handle(self, request: Request) -> Response:
        """The answer to any request."""
        if not self.may_act and request.host.rpartition(":")[0] not in HOSTS and request.host not in HOSTS:
            return told({"error": "ask for this page as localhost"}, 403)
        if request.method == "GET" and (page := self._pages.get(request.path)):
            return page(request)
        acts: dict[tuple[str, str], Callable[[Request], Awaitable[Response]]] = {
            ("GET", "/tail"): self._tail,
            ("POST", "/reload"): self._reload,
            ("POST", "/orders"): self._decide,
        }
        act = acts.get((request.method, request.path))
        if act is None:
            return NONE if request.method == "GET" else told({"error": "only GET"}, 405)
        return await act(request) if self.may_act else told({"error": "only over the agent's socket"}, 403)

    def _health(self, _: Request) -> Response:
        found = facts.gather(self.station, self.broker)
        word = {"ok": found.fault is None, "fault": found.fault, "broker": found.broker, "trouble": found.trouble}
        return told(word, 200 if found.fault is None else 503)

    def _metrics(self, _: Request) -> Response:
        return Response(200, metrics.KIND, metrics.page(facts.gather(self.station, self.broker)))

    def _status(self, _: Request) -> Response:
        return told(facts.status(self.station, facts.gather(self.station, self.broker)))

    def _ics(self, request: Request) -> Response:
        booked = self.board.booked(request.query.get("machine"))
        return Response(200, "text/calendar; charset=utf-8", bookings.ics(booked, self.board.agent))

    def _csv(self, request: Request) -> Response:
        return Response(200, "text/csv; charset=utf-8", bookings.table(self.board.booked(request.query.get("machine"))))

    async def _reload(self, _: Request) -> Response:
        outcome = await reload(self.station)
        return told(outcome.document(), 200 if outcome.ok else 409)

    async def _decide(self, request: Request) -> Response:
        try:
            asked = Answered.model_validate_json(request.body)
        except ValidationError as error:
            return Response(400, TEXT, str(error).encode())
        decision = self.station.book.decide(asked.order, asked.answer, asked.reason)
        found = {"ok": decision.ok, "text": decision.text}
        return told(found, 200 if decision.ok else 503 if decision.retryable else 409)

    async def _tail(self, request: Request) -> Response:
        machine = request.query.get("machine", "")
        if machine not in self.station.agent.desks:
            known = ", ".join(self.station.agent.desks)
            return told({"error": f"the running agent has no machine {machine!r}; there are {known}"}, 404)
        return Response(200, "application/x-ndjson", stream=self._lines(machine))

    async def _lines(self, machine: str) -> AsyncIterator[bytes]:
        """First how the machine stands, then everything as it happens."""
        desk, now = self.station.agent.desks[machine], self.station.clock.now()
        with self.station.tap.listen(machine) as listener:
            shown = desk.status(now)
            kept = {name: shown[name] for name in ("state", "mode", "since", "origin", "quality", "silence", "paused")}
            yield orjson.dumps({"what": "status", "at": now.isoformat(), "machine": machine, **kept}) + b"\n"
            while True:
                yield orjson.dumps(await listener.next()) + b"\n"
