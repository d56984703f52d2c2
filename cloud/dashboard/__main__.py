"""Runs the dashboard in this process: `python -m cloud.dashboard`."""

import os
import sys

import uvicorn

from cloud.config import Settings
from cloud.dashboard.app import KEY, create_app
from gateway import log
from gateway.errors import ThirdshiftError

GRACE = 2
"""Seconds (real) that open connections get once the process is asked to stop; browsers keep theirs for ever."""


def main() -> None:
    """The process's root: settings come from the environment."""
    log.configure()
    try:
        settings = Settings.from_environment()
        app = create_app(settings, os.environ.get(KEY) or None)
    except ThirdshiftError as error:
        sys.stderr.write(f"thirdshift: {error}\n")
        sys.exit(75 if error.retryable else 2)
    uvicorn.run(
        app,
        host=settings.dashboard_host,
        port=settings.dashboard_port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )


if __name__ == "__main__":
    main()
