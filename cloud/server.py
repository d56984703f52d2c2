"""Runs the API in this process: `python -m cloud.server`; its streams end when it is asked to stop."""

import asyncio
import gc
import sys
from types import FrameType

import uvicorn
from fastapi import FastAPI

from cloud.app import create_app
from cloud.config import Settings
from cloud.connection import resolved
from gateway import log
from gateway.clock import Clock
from gateway.errors import ThirdshiftError

GRACE = 3
"""Seconds (real) that open requests get to finish once the server is asked to stop."""
YOUNG = 10_000
"""Objects that the collector waits for. What a call makes is gone with its answer, without the collector; at the usual
700 it looked through each page of a search several times, a twentieth of the API's time.
"""


class Server(uvicorn.Server):
    """uvicorn waits for open connections, and an event stream is open for ever: so it is told first."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                access_log=False,
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)  # type: ignore[arg-type]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        desk = getattr(self._app.state, "desk", None)
        if desk and self._loop:
            self._loop.call_soon_threadsafe(desk.hub.close)
        super().handle_exit(sig, frame)


def serve(settings: Settings, clock: Clock) -> None:
    """Serve until SIGINT or SIGTERM. What is loaded by now stays, so the collector need not look at it ever again."""
    server = Server(create_app(settings, clock), settings.api_host, settings.api_port)
    gc.freeze()
    gc.set_threshold(YOUNG)
    server.run()


def main() -> None:
    """The process's root: settings and clock come from the environment."""
    log.configure()
    try:
        serve(resolved(Settings.from_environment(), "api_dsn"), Clock.from_environment())
    except ThirdshiftError as error:
        sys.stderr.write(f"thirdshift: {error}\n")
        sys.exit(75 if error.retryable else 2)


if __name__ == "__main__":
    main()
