"""Notes which documented answers were really given: a transport that every client of a test goes through."""

import re
from collections import defaultdict
from typing import Any

import httpx2
from fastapi import FastAPI

Route = tuple[str, str]


class Witness(httpx2.AsyncBaseTransport):
    """Passes calls on to the app, and keeps the statuses that each route answered with."""

    def __init__(self, app: FastAPI, described: dict[str, Any]) -> None:
        self._inner = httpx2.ASGITransport(app=app)
        self._paths = {path: re.compile(_pattern(path)) for path in described["paths"]}
        self.seen: dict[Route, set[str]] = defaultdict(set)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        path = next((path for path, form in self._paths.items() if form.fullmatch(request.url.path)), None)
        if path:
            self.seen[request.method, path].add(str(response.status_code))
        return response


def documented(described: dict[str, Any]) -> dict[Route, set[str]]:
    """The statuses that the description gives each route."""
    return {
        (method.upper(), path): set(operation["responses"])
        for path, item in described["paths"].items()
        for method, operation in item.items()
    }


def _pattern(path: str) -> str:
    return "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]+\})", path))
