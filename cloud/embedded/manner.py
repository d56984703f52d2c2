"""How our own PostgreSQL is set up: its settings, and how it sorts and folds text."""

import sys
from collections.abc import Mapping

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_checkpoints": "off",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "password_encryption": "'scram-sha-256'",
    **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
}
"""Loopback only; an acknowledged booking is on the disk; plans of sub-millisecond queries are not compiled."""


def locale(major: int) -> list[str]:
    """Options of initdb. Sorting is by code point; case mapping knows Unicode where the server brings its own."""
    common = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"]
    return [*common, "--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else common
