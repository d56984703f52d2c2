"""People who look at the dashboard without a browser: each logs in, opens a page, and counts what it is told."""

import ast
import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import socketio

_QUERY = re.compile(r"query: (\{.*?\}),?\s*$", re.MULTILINE)


@dataclass(slots=True)
class Person:
    """Somebody who is logged in and looks at one page. `told`: messages that came for it."""

    url: str
    key: str
    path: str
    told: int = 0
    web: httpx2.AsyncClient = field(init=False)
    wire: socketio.AsyncClient = field(init=False)

    async def look(self) -> None:
        """Log in, get the page, and open its socket as NiceGUI's own script does."""
        self.web = httpx2.AsyncClient(base_url=self.url, follow_redirects=True, timeout=60)
        await self.web.post("/login", data={"key": self.key})
        page = (await self.web.get(self.path)).text
        query = {**ast.literal_eval(_QUERY.findall(page)[0]), "document_id": str(uuid4()), "tab_id": str(uuid4())}
        query["implicit_handshake"] = "true"
        self.wire = socketio.AsyncClient(reconnection=False)
        self.wire.on("*", self._hear)
        where = f"{self.url}?{urlencode(query)}"
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.web.cookies.items())}
        how = {"transports": ["websocket"], "socketio_path": "/_nicegui_ws/socket.io"}
        await self.wire.connect(where, headers, **how)

    async def _hear(self, *_: object) -> None:
        self.told += 1

    async def leave(self) -> None:
        await self.wire.disconnect()
        await self.web.aclose()


@asynccontextmanager
async def looking(url: str, keys: Sequence[str], paths: Sequence[str]) -> AsyncIterator[list[Person]]:
    """One person for each key, the pages in turn, until the end of the block."""
    async with AsyncExitStack() as stack:
        people = [Person(url, key, paths[number % len(paths)]) for number, key in enumerate(keys)]
        for start in range(0, len(people), 5):
            some = people[start : start + 5]
            await asyncio.gather(*(person.look() for person in some))
            for person in some:
                stack.push_async_callback(person.leave)
        yield people
