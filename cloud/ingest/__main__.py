"""`python -m cloud.ingest [--partitions 0-127,200]`: the ingest process by itself."""

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Sequence

from cloud.config import Settings
from cloud.ingest.intake import Intake
from cloud.ingest.process import run
from gateway import log
from gateway.clock import Clock
from gateway.errors import UsageError
from gateway.topics import PARTITIONS


def partitions(text: str | None) -> frozenset[int] | None:
    """`0-127,200` as a set; None for all. Raises UsageError."""
    if text is None:
        return None
    try:
        bounds = [tuple(map(int, part.split("-"))) for part in text.split(",")]
        found = frozenset(bucket for bound in bounds for bucket in range(bound[0], bound[-1] + 1))
    except ValueError:
        found = frozenset()
    if not found or not found <= frozenset(range(PARTITIONS)):
        msg = f"partitions {text!r} can't be used; write ranges of 0 to {PARTITIONS - 1}, for example 0-127,200"
        raise UsageError(msg)
    return found


def main(arguments: Sequence[str] | None = None, intake: type[Intake] = Intake) -> None:
    """Run until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="cloud.ingest", description=__doc__)
    parser.add_argument("--partitions", help="the share of agents that this process serves; all by default")
    options = parser.parse_args(arguments)
    log.configure()
    asyncio.run(_until_told(partitions(options.partitions), intake))


async def _until_told(buckets: frozenset[int] | None, intake: type[Intake]) -> None:
    work = asyncio.ensure_future(run(Settings.from_environment(), Clock.from_environment(), buckets, intake))
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


if __name__ == "__main__":
    main()
