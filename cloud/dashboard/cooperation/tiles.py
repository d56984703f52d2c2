"""Four figures at a glance: what waits for one's word, what is left of quotas, what is asked, what was kept."""

from html import escape

from cloud.cooperation.states import AgreementState, InquiryState
from cloud.dashboard.cooperation import told
from cloud.dashboard.cooperation.view import View
from cloud.dashboard.when import DASH, When


def tiles_html(view: View, when: When) -> str:
    """The inside of a `<div class="tiles">`."""
    words = when.words
    mine = [one for one in view.agreements if one.role == "booker" and one.current]
    left = sum(one.current.left_hours for one in mine if one.current)
    quota = sum(one.current.quota_hours for one in mine if one.current)
    active = sum(one.state is AgreementState.ACTIVE for one in view.agreements)
    asked = [one for one in view.inquiries if one.state is InquiryState.OPEN]
    quotes = sum(len(one.quotes) for one in asked)
    served = [one for one in (view.trust.items if view.trust else ()) if one.role == "provider"]
    kept, due = sum(one.counts.kept for one in served), sum(one.due for one in served)
    return "".join(
        (
            _tile("waiting", str(view.waiting), "", words("cooperation.tile.waiting_note"), when),
            _tile(
                *(("left", f"{left:,.1f}", words("cooperation.tile.left_unit")) if mine else ("left", DASH, "")),
                words(f"cooperation.tile.left_{'note' if mine else 'none'}", quota=f"{quota:,.1f}", active=active),
                when,
            ),
            _tile("open", str(len(asked)), "", words("cooperation.tile.open_note", quotes=quotes), when),
            _tile(
                *("kept", told.share(kept / due if due else None), ""),
                words("cooperation.tile.kept_note", kept=kept, due=due),
                when,
            ),
        )
    )


def _tile(name: str, figure: str, unit: str, note: str, when: When) -> str:
    label = escape(when.words(f"cooperation.tile.{name}"))
    small = f"<small>{escape(unit)}</small>" if unit else ""
    return (
        f'<div class="card tile {name}"><div class="label">{label}</div>'
        f'<div class="figure">{escape(figure)}{small}</div><div class="note">{escape(note)}</div></div>'
    )
