"""What callers were refused, gathered: told soon, in few lines, however often it happens."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cloud.partners.auth import Caller
from cloud.partners.pace import Pace

MOST = 1000
"""Different refusals that are remembered at once; what goes beyond is counted with the caller's others."""

OTHERS = "others"
"""The action of refusals that are only counted."""

LINES_A_SECOND, LINES_AT_ONCE = 1 / 60, 60
"""How fast (real) one enterprise's lines are written; until one may be, its refusals are counted."""

Who = tuple[str, str | None, str | None]


@dataclass(slots=True)
class Refusals:
    """Refusals alike are one line: whoever is refused a thousand times a second writes no more than one a minute."""

    pace: Pace = field(default_factory=lambda: Pace(LINES_A_SECOND, LINES_AT_ONCE))
    _found: OrderedDict[tuple[Who, str, str], dict[str, object]] = field(default_factory=OrderedDict)
    _times: dict[tuple[Who, str, str], int] = field(default_factory=dict)

    def note(self, caller: Caller, action: str, code: str, request_id: str, now: datetime) -> None:
        """Somebody was refused; `now` is business time. Costs no more than a look into a dictionary."""
        who = (caller.enterprise_id, caller.key_id or None, caller.account_id)
        place = (who, action, code)
        if place not in self._times and len(self._times) >= MOST:
            place = (who, OTHERS, code)
            if place not in self._times and len(self._times) >= 2 * MOST:
                return
        self._times[place] = self._times.get(place, 0) + 1
        self._found[place] = {"at": now.isoformat(), "request_id": request_id or None}

    def due(self) -> list[Mapping[str, object]]:
        """The lines that may be written now, as ts_audit_refusals takes them; the others wait and go on counting."""
        lines: list[Mapping[str, object]] = []
        for place in list(self._found):
            (enterprise, key, account), action, code = place
            if self.pace.wait(enterprise):
                continue
            last = self._found.pop(place)
            who = {"enterprise_id": enterprise, "key_id": key, "account_id": account}
            lines.append({**who, **last, "action": action, "code": code, "times": self._times.pop(place)})
        return lines
