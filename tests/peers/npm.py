"""Packages of foreign peers from npm, installed from their lock where that is still to be done."""

import shutil
import subprocess
from pathlib import Path

from absent import absent_peer


def installed(folder: Path, package: str, what: str, *options: str) -> Path:
    """The folder with its packages; `package` is the one that tells whether they are there, `what` the peer's name."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        absent_peer(f"{what}: needs node and npm (apt-get install nodejs npm)")
    if not (folder / "node_modules" / package / "package.json").exists():
        command = ["npm", "ci", "--no-audit", "--no-fund", *options]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode:
            absent_peer(f"{what}: `npm ci` failed: {done.stderr.strip()[-300:]}")
    return folder
