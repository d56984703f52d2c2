"""How a call proves whose it is: by a key, by a person's session that is renewed in time, or by any of several."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import httpx2

from cloud.accounts.model import LoggedIn, Renewal
from cloud.client import ApiError, Client
from cloud.dashboard.registry import Away, KeyRefused, Registry, understood

EARLY = 60.0
"""Seconds (real) before its end at which a token is renewed."""


class Credential(Protocol):
    """What stands behind a call."""

    async def bearer(self) -> str:
        """The text for the call. Raises KeyRefused once there is none."""
        ...

    async def refused(self, text: str) -> bool:
        """The registry refused that text; is another try with another worth it?"""
        ...


class Proof(httpx2.Auth):
    """Puts the credential's text on each call, and once more where it was refused and there is another."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        text = await self._credential.bearer()
        request.headers["Authorization"] = f"Bearer {text}"
        response = yield request
        if response.status_code == 401 and await self._credential.refused(text):
            request.headers["Authorization"] = f"Bearer {await self._credential.bearer()}"
            yield request


@dataclass(slots=True, eq=False)
class Key:
    """An API key; what is refused once is not tried again."""

    text: str = field(repr=False)
    over: bool = False

    async def bearer(self) -> str:
        if self.over:
            msg = "the registry does not accept the key any more"
            raise KeyRefused(msg)
        return self.text

    async def refused(self, text: str) -> bool:
        del text
        self.over = True
        return False


class Tokens:
    """A person's session: its access token is renewed before it runs out, by one call at a time."""

    def __init__(self, opened: LoggedIn, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._turn = asyncio.Lock()
        self.over = False
        self._keep(opened)

    def _keep(self, opened: LoggedIn) -> None:
        self._text = opened.access_token
        self._renewal = opened.refresh_token
        self._until = time.monotonic() + max(0.0, opened.expires_in - min(EARLY, opened.expires_in / 4))

    async def bearer(self) -> str:
        async with self._turn:
            if self.over or time.monotonic() >= self._until:
                await self._renew()
            return self._text

    async def refused(self, text: str) -> bool:
        async with self._turn:
            if text == self._text and not self.over:
                await self._renew()
            return not self.over

    async def _renew(self) -> None:
        """Raises KeyRefused where the session is over, Away where nobody can tell."""
        if self.over:
            msg = "the session is over"
            raise KeyRefused(msg)
        async with self._connect() as client:
            with understood():
                try:
                    self._keep(await client.renew_login(Renewal.model_validate({"refresh_token": self._renewal})))
                except ApiError as error:
                    self.over = error.status == 401
                    raise


class Several:
    """The credentials of all who look at one view: any that lives, so that nobody's leaving ends it for others."""

    def __init__(self) -> None:
        self._members: Counter[Credential] = Counter()
        self._given: dict[str, Credential] = {}

    def __len__(self) -> int:
        return self._members.total()

    def join(self, member: Credential) -> None:
        self._members[member] += 1

    def part(self, member: Credential) -> None:
        self._members[member] -= 1
        if self._members[member] <= 0:
            del self._members[member]

    async def bearer(self) -> str:
        for member in list(self._members):
            try:
                text = await member.bearer()
            except KeyRefused:
                continue
            self._given = {text: member}
            return text
        msg = "nobody who looks is known to the registry any more"
        raise KeyRefused(msg)

    async def refused(self, text: str) -> bool:
        member = self._given.get(text)
        try:
            again = await member.refused(text) if member else True
        except KeyRefused:
            again = False
        return again or await self._another()

    async def _another(self) -> bool:
        try:
            await self.bearer()
        except KeyRefused:
            return False
        return True


@dataclass(slots=True, eq=False)
class Login:
    """Somebody who is logged in: what they may see (`view`: those alike share it), who they are, and their own calls.

    `name` is None for a key, which is nobody's. `way_out`: where it is ended at the identity provider too, if it came
    from there.
    """

    credential: Credential
    registry: Registry
    view: str
    name: str | None = None
    role: str | None = None
    scopes: frozenset[str] = frozenset()
    password: bool = False
    end: Callable[[], Awaitable[None]] | None = None
    way_out: str = ""

    async def lives(self) -> bool:
        """Does the registry still know who this is? Yes, while nobody can tell."""
        try:
            await self.registry.enterprise()
        except KeyRefused:
            return False
        except Away:
            return True
        return True

    async def close(self) -> None:
        """Log out at the registry too, where there is a session."""
        if self.end:
            await self.end()
        await self.registry.aclose()
