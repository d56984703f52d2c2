"""How every page writes ids, hours and shares; pure."""

from cloud.dashboard.when import DASH

SHORT = 12
"""Characters of an id that are shown: enough to find it again, the whole is in the title."""


def short(identity: str) -> str:
    """The prefix and the end of an id: ids of one day begin alike."""
    return identity if len(identity) <= SHORT + 2 else f"{identity[:4]}…{identity[4 - SHORT :]}"


def hours(much: float) -> str:
    """Hours with as many digits as help: `0.5`, `12.3`, `1,240`."""
    return f"{much:.1f}" if much < 100 else f"{much:,.0f}"


def share_html(share: float | None) -> str:
    """A bar and a percentage, of 0 to 1."""
    if share is None:
        return DASH
    percent = round(share * 100)
    width = max(0, min(100, percent))
    return f'<span class="meter" aria-hidden="true"><i style="width:{width}%"></i></span><b>{percent} %</b>'
