"""Keeps child processes running: started in order and waited for, restarted when they die, stopped in reverse order."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gateway.errors import GatewayError

Ready = Callable[[], Awaitable[bool]]
"""Asked again and again while a process starts: does it serve yet?"""

POLL = 0.05
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
SETTLED = 10.0
"""Seconds (real) of running after which a child counts as well, and its next death is news again."""

_SHIM = (
    "import ctypes,os,signal,sys;"
    "ctypes.CDLL(None).prctl(1,signal.SIGKILL);"
    "os.getppid()==int(sys.argv[1]) or os._exit(1);"
    "os.execvp(sys.argv[2],sys.argv[2:])"
)
"""Asks the kernel for SIGKILL when the parent dies (prctl PR_SET_PDEATHSIG), then becomes the real program."""


class StartFailed(GatewayError):
    """A child ended, or did not serve in time, when it was first started; the message carries its last words."""

    code = "process.start_failed"


@dataclass(frozen=True, slots=True)
class Process:
    """What to run. `env` is added to our own environment; `ready_within` and `grace` are seconds (real)."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Ready | None = None
    ready_within: float = 60.0
    grace: float = 10.0

    @classmethod
    def module(cls, name: str, module: str, *arguments: str, **given: object) -> "Process":
        """A Python module of ours, run by this interpreter."""
        return cls(name, (sys.executable, "-m", module, *arguments), **given)  # type: ignore[arg-type]


@dataclass(slots=True)
class _Child:
    process: Process
    running: asyncio.subprocess.Process
    keeper: asyncio.Task[None] | None = None
    started: float = 0.0
    restarts: int = 0
    stopping: bool = False


class Supervisor:
    """Owns child processes. None of them outlives it: a clean stop ends them in reverse order, its death kills them.

    `log_dir` takes what each child writes as NAME.log; without it children write where we write. `say` is told once
    when a child dies, and not again until it has run for a while.
    """

    def __init__(self, log_dir: Path | None = None, say: Callable[[str], None] = lambda _: None) -> None:
        self._log_dir = log_dir
        self._say = say
        self._children: dict[str, _Child] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, process: Process) -> None:
        """Start it, and return when it serves. Raises StartFailed, and leaves nothing of it running."""
        child = _Child(process, await self._spawn(process), started=time.monotonic())
        self._children[process.name] = child
        try:
            await self._await_ready(child)
        except BaseException:
            await self.stop_one(process.name)
            raise
        child.keeper = asyncio.create_task(self._keep(child), name=f"keep {process.name}")

    async def stop(self) -> None:
        """End every child, the last started first; returns when none is left."""
        for name in reversed(list(self._children)):
            await self.stop_one(name)

    async def stop_these(self, names: Sequence[str]) -> None:
        """End these children side by side: for those that do not need one another to end well."""
        await asyncio.gather(*(self.stop_one(name) for name in names))

    async def stop_one(self, name: str) -> None:
        """End one child: SIGTERM, and after its grace SIGKILL; then whatever it may have left in its own group."""
        child = self._children.pop(name, None)
        if child is None:
            return
        child.stopping = True
        if child.keeper:
            child.keeper.cancel()
            await asyncio.gather(child.keeper, return_exceptions=True)
        _signal(child.running, signal.SIGTERM)
        try:
            await asyncio.wait_for(child.running.wait(), child.process.grace)
        except TimeoutError:
            self._say(f"{name} did not stop within {child.process.grace:g} s and was killed")
        _sweep(child.running)
        await child.running.wait()

    def pid(self, name: str) -> int:
        return self._children[name].running.pid

    def pids(self) -> dict[str, int]:
        """The process ids of all children, by name."""
        return {name: child.running.pid for name, child in self._children.items()}

    def restarts(self, name: str) -> int:
        return self._children[name].restarts

    async def _spawn(self, process: Process) -> asyncio.subprocess.Process:
        argv = [sys.executable, "-I", "-S", "-c", _SHIM, str(os.getpid()), *process.argv]
        with contextlib.ExitStack() as stack:
            out = self._log(process, stack)
            environment = {**os.environ, **process.env}
            return await asyncio.create_subprocess_exec(
                *argv,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _log(self, process: Process, stack: contextlib.ExitStack) -> IO[bytes] | None:
        path = self._log_path(process)
        if path is None:
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        return stack.enter_context(path.open("ab"))

    def _log_path(self, process: Process) -> Path | None:
        return self._log_dir / f"{process.name}.log" if self._log_dir else None

    async def _await_ready(self, child: _Child) -> None:
        process, deadline = child.process, time.monotonic() + child.process.ready_within
        while True:
            if child.running.returncode is not None:
                msg = f"{process.name} ended with {child.running.returncode} while starting{self._last_words(process)}"
                raise StartFailed(msg)
            if process.ready is None or await process.ready():
                return
            if time.monotonic() > deadline:
                msg = f"{process.name} does not serve after {process.ready_within:g} s{self._last_words(process)}"
                raise StartFailed(msg)
            await asyncio.sleep(POLL)

    async def _keep(self, child: _Child) -> None:
        pause = FIRST_PAUSE
        while True:
            code = await child.running.wait()
            _sweep(child.running)
            if time.monotonic() - child.started > SETTLED:
                pause = FIRST_PAUSE
            if pause == FIRST_PAUSE:
                self._say(f"{child.process.name} ended with {code} and is started again{self._where(child.process)}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            child.running, child.started = await self._spawn(child.process), time.monotonic()
            child.restarts += 1

    def _where(self, process: Process) -> str:
        path = self._log_path(process)
        return f" (its log: {path})" if path else ""

    def _last_words(self, process: Process) -> str:
        path = self._log_path(process)
        if path is None or not path.exists():
            return ""
        lines = path.read_text(errors="replace").splitlines()[-15:]
        return "; its last words:\n  " + "\n  ".join(lines) + f"\n  ({path})"


def _signal(running: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if running.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            running.send_signal(number)


def _sweep(running: asyncio.subprocess.Process) -> None:
    """Kill what is left of the child's process group; the group is its own, for it was started in a new session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, signal.SIGKILL)


def port_open(host: str, port: int) -> Ready:
    """Ready when something accepts connections there."""

    async def ask() -> bool:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 1)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    return ask


def http_ok(host: str, port: int, path: str) -> Ready:
    """Ready when GET of that path answers 200."""

    async def ask() -> bool:
        try:
            return await asyncio.wait_for(_status(host, port, path), 2) == 200
        except (OSError, TimeoutError, ValueError, IndexError):
            return False

    return ask


async def _status(host: str, port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
