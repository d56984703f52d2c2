"""A foreign tool tries the whole description, route by route and along its links: no 5xx, and what it promises."""

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
import schemathesis
from api_market import START, Market, piece, serving
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import run_state_machine_as_test
from lost_answers import deeds
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cloud import db
from cloud.app import create_app
from cloud.config import Settings
from gateway.clock import Clock

EXAMPLES = 6
SEED = 20260302
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SILENT = "/v1/events"
"""A stream that does not end."""
GIVEN = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Served:
    """The API in a thread of its own, with a market behind it, for a tool that knows no event loop."""

    def __init__(self, database: Any) -> None:
        self.database = database
        self.url, self.key, self.ids = "", "", {}  # type: ignore[var-annotated]
        self._ready, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> "Served":
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    async def _run(self) -> None:
        given = {"api_dsn": self.database.api_dsn, "ingest_dsn": self.database.ingest_dsn}
        fast = Settings(**given, rate=1_000_000, burst=1_000_000, most_holds=1_000_000, most_holds_of_a_key=1_000_000)
        pools = [await db.pool(dsn) for dsn in (self.database.dsn, self.database.ingest_dsn)]
        async with serving(create_app(fast, Clock(1.0, time.time(), START))) as self.url:
            market = Market(pools[0], pools[1], self.database.dsn, None, self.url)
            for name in ("maker", "buyer", "rival"):
                await market.enterprise(name)
            self.key = market.enterprises["buyer"].key
            for name, deed in (await deeds(market)).items():
                if name in {"hold", "book", "bundle", "wait"}:
                    answer = await deed(market.clients["buyer"], name)
                    self.ids[f"{name}_id".replace("book_", "booking_").replace("wait_", "waiting_")] = answer.id
            service_id, machine_id = await market.offer("buyer", piece(0, 48))
            self.ids |= {"service_id": service_id, "machine_id": machine_id}
            self._ready.set()
            while not self._over.is_set():  # noqa: ASYNC110 - it is set in another thread
                await asyncio.sleep(0.05)
            await market.close()
        for pool in pools:
            pool.terminate()


@pytest.fixture
def served(database: Any) -> Iterator[Served]:
    with Served(database) as found:
        yield found


def headers(served: Served) -> dict[str, str]:
    return {"Authorization": f"Bearer {served.key}"}


def test_no_route_fails_or_breaks_its_promise_whatever_it_is_sent(served: Served) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/v1/openapi.json").exclude(path=SILENT)
    seen: dict[str, Counter[int]] = defaultdict(Counter)
    for found in schema.get_all_operations():
        _trial(found.ok(), served, seen)()
    assert len(seen) > 40
    assert sum(any(status < 300 for status in statuses) for statuses in seen.values()) > 20, dict(seen)


def _trial(operation: Any, served: Served, seen: dict[str, Counter[int]]) -> Any:
    turn = count()

    @seed(SEED)
    @GIVEN
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        # Half of the cases are about something that is there: by chance nobody guesses an id.
        if next(turn) % 2:
            case.path_parameters.update({k: v for k, v in served.ids.items() if k in case.path_parameters})
        response = case.call_and_validate(headers=headers(served), checks=CHECKS, timeout=20)
        seen[f"{case.method} {case.path}"][response.status_code] += 1

    return send


def test_no_route_fails_along_the_links_from_one_to_the_next(served: Served) -> None:
    """What one call made is what the next is about: the tool finds out by itself which id goes where."""
    schema = schemathesis.openapi.from_url(f"{served.url}/v1/openapi.json").exclude(path=SILENT)
    sent: Counter[str] = Counter()

    class Along(schema.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            sent[f"{case.method} {case.path}"] += 1
            return {"headers": headers(served), "timeout": 20}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    for number in range(EXAMPLES):
        # Which links there are depends on what the API answered: Hypothesis takes that for a test that is not sure of
        # itself, and there is nothing to it.
        with suppress(FlakyStrategyDefinition):
            linked = settings(GIVEN, max_examples=2, stateful_step_count=12)
            run_state_machine_as_test(seed(SEED + number)(Along), settings=linked)
    assert len(sent) > 5, sent
