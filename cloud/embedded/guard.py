"""Outlives the owner of an embedded PostgreSQL just long enough to stop the server, should nobody take it over."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cloud.embedded.postgres import EmbeddedPostgres, PostgresFailed
from cloud.embedded.process import FolderInUse, locked

GRACE_S = 3.0
"""Real seconds that a successful restart has to take the server over."""


@contextlib.contextmanager
def guarded(data_dir: Path) -> Iterator[None]:
    """While this is open, our death, however it comes, ends the server of `data_dir` too."""
    command = [sys.executable, "-m", "cloud.embedded.guard", str(data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as guard:  # noqa: S603
        try:
            yield
        finally:
            guard.kill()


def watch(data_dir: Path) -> None:
    """Wait for the end of our standard input, which only our owner holds open; then stop what it left."""
    sys.stdin.read()
    time.sleep(GRACE_S)
    server = EmbeddedPostgres(data_dir)
    with contextlib.suppress(FolderInUse, PostgresFailed, OSError), locked(server.home / "owner.lock"):
        server.stop()


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
