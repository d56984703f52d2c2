"""The agent's own process, `python -m edge CONFIG [--json]`: what `thirdshift edge run` becomes.

It runs for months beside a machine, and needs no command line, tables or colours: without them it holds less memory.
"""

import sys
from typing import Any, cast

if __name__ == "__main__":  # structlog would load it, and Pygments, for coloured tracebacks
    cast("dict[str, Any]", sys.modules)["rich"] = None

import asyncio
from pathlib import Path

from edge.run import run
from gateway import log
from gateway.clock import Clock
from gateway.ending import ended


def main(arguments: list[str]) -> None:
    """Run the agent of the config that is named until SIGINT or SIGTERM."""
    path, *more = arguments
    log.configure(json=more == ["--json"])
    asyncio.run(run(Path(path), Clock.from_environment()))


if __name__ == "__main__":
    ended(lambda: main(sys.argv[1:]))
