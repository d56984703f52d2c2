"""What is wrong at the moment, told once when it comes and once when it goes, and shown in between."""

from dataclasses import dataclass, field

import structlog

log = structlog.get_logger(__name__)


@dataclass
class Trouble:
    """Troubles by name, such as `outbox` or `machine/M04`, each with its reason."""

    now: dict[str, str] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.now

    def comes(self, name: str, reason: str, *, error: BaseException | None = None) -> None:
        """Say it, unless it is there already."""
        if name not in self.now:
            log.warning("trouble", what=name, reason=reason, exc_info=error)
        self.now[name] = reason

    def forget(self, machine: str) -> None:
        """The machine is not one of ours any more, so nothing is wrong with it."""
        for name in [name for name in self.now if name.partition("/")[2] == machine]:
            self.goes(name)

    def goes(self, name: str) -> None:
        """Say that it is over, if it was there."""
        if self.now.pop(name, None) is not None:
            log.info("trouble over", what=name)
