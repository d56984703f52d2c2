"""What the kernel knows about processes and files: locks that die with their owner, working folders, free ports."""

import fcntl
import os
from pathlib import Path
from typing import IO

from cloud.errors import CloudError


class FolderInUse(CloudError):
    """Another living process owns the data folder."""

    code = "postgres.in_use"


def locked(path: Path) -> IO[str]:
    """The kernel frees the lock when its owner dies, however it dies. Raises FolderInUse if another has it.

    The folder may belong to a lesser user than we are: a link in the lock's place is not followed (OSError).
    """
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644), "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        owner = file.read().strip()
        file.close()
        msg = f"{path.parent} is in use by process {owner}; stop that one, or choose another data folder"
        raise FolderInUse(msg) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def write_private(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)


def sync_folder(folder: Path) -> None:
    """Names that were renamed or made in the folder are on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def works_in(pid: int, folder: Path) -> bool:
    """Whether the process has that working folder, as a postmaster has its cluster; True where nobody can tell."""
    link = Path(f"/proc/{pid}/cwd")
    if not Path("/proc/self/cwd").exists():
        return True
    try:
        return link.resolve(strict=True) == folder.resolve()
    except OSError:
        return False
