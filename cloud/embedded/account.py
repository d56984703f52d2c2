"""Whom the database runs as, and where it may live: PostgreSQL refuses to run as root."""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud.embedded.binaries import ROOT_HOME
from cloud.errors import CloudError

USER = "thirdshift"


class AccountMissing(CloudError):
    """Root has no unprivileged user to run the database as."""

    code = "postgres.account"


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group that programs are started as."""

    uid: int
    gid: int

    def options(self) -> dict[str, Any]:
        """Keyword arguments of subprocess.run; none where we are that user already."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        if os.geteuid() != self.uid:
            os.chown(path, self.uid, self.gid)

    def reaches(self, folder: Path) -> bool:
        """Whether this user may enter the folder, as the kernel sees it (modes, groups, ACLs)."""
        try:
            tried = subprocess.run(  # noqa: S603
                ["/bin/sh", "-c", 'cd -- "$0"', str(folder)],
                stderr=subprocess.DEVNULL,
                check=False,
                cwd="/",
                **self.options(),
            )
        except OSError:
            return False
        return tried.returncode == 0


def account() -> Account:
    """The user itself, or for root the system user `thirdshift`, made if it isn't there. Raises AccountMissing."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    entry = _entry() or _made()
    return Account(entry.pw_uid, entry.pw_gid)


def home_of(data_dir: Path, who: Account) -> Path:
    """Where the database of `data_dir` lives.

    `DATA_DIR/postgres`; but where root's database user can't reach that, a folder of /var/lib/thirdshift/databases
    whose name follows from `data_dir`. No folder's mode is ever changed to make it reachable.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    place = data_dir.resolve()
    if who.reaches(place):
        return place / "postgres"
    name = f"{place.name}-{hashlib.sha256(str(place).encode()).hexdigest()[:12]}"
    home = ROOT_HOME / "databases" / name
    home.parent.mkdir(parents=True, exist_ok=True)
    return home


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        return None


def _made() -> pwd.struct_passwd:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program:
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        command = [program, *options, "--shell", "/usr/sbin/nologin", USER]
        subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    entry = _entry()
    if entry is None:
        msg = (
            f"PostgreSQL can't run as root, and the user {USER!r} could not be made; add it, or run as an ordinary user"
        )
        raise AccountMissing(msg)
    return entry
