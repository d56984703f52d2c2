"""What the demo's processes weigh, read from the kernel's own books."""

from pathlib import Path


def memory_of(roots: dict[str, int]) -> dict[str, float]:
    """Resident memory in MB of each named process and of what it started, by `name` or `name > command`."""
    parents = _parents()
    found: dict[str, float] = {}
    for name, root in roots.items():
        for pid in _family(root, parents, stop=set(roots.values()) - {root}):
            label = name if pid == root else f"{name} > {_command(pid)}"
            found[label] = round(found.get(label, 0.0) + _resident_mb(pid), 1)
    return found


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
    return found


def _family(root: int, parents: dict[int, int], stop: set[int]) -> list[int]:
    family, queue = [], [root]
    while queue:
        pid = queue.pop()
        family.append(pid)
        queue += [child for child, parent in parents.items() if parent == pid and child not in stop]
    return family


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "gone"
    if "-m" in words:
        at = words.index("-m") + 1
        return " ".join([words[at], *(word for word in words[at + 1 : at + 3] if word and not word.startswith("-"))])
    return Path(words[0].split(" ")[0].rstrip(":")).name


def _resident_mb(pid: int) -> float:
    """Proportional set size where the kernel tells it (shared pages count once), else resident set size."""
    for file, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
        except OSError:
            continue
        sizes = [int(line.split()[1]) for line in lines if line.startswith(key)]
        if sizes:
            return sizes[0] / 1024
    return 0.0
