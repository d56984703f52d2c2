"""The states of agreements, inquiries, quotes and alliances, and every legal move between them: one table each."""

from collections.abc import Mapping
from enum import StrEnum


class AgreementState(StrEnum):
    """Where an agreement stands. TERMINATED: one side ended it, or took its proposal back; ENDED: its time ran out."""

    PROPOSED = "PROPOSED"
    ACTIVE = "ACTIVE"
    DECLINED = "DECLINED"
    TERMINATED = "TERMINATED"
    ENDED = "ENDED"


class InquiryState(StrEnum):
    """Where an inquiry stands. TAKEN: one of its quotes became a booking."""

    OPEN = "OPEN"
    TAKEN = "TAKEN"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


class QuoteState(StrEnum):
    """Where a quote stands. LOST: another was taken, or the asker withdrew."""

    OFFERED = "OFFERED"
    TAKEN = "TAKEN"
    WITHDRAWN = "WITHDRAWN"
    LOST = "LOST"
    EXPIRED = "EXPIRED"


class AllianceState(StrEnum):
    """Where an alliance stands. FORMING: not all of its members have joined yet."""

    FORMING = "FORMING"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class MemberState(StrEnum):
    """Where a member of an alliance stands."""

    INVITED = "INVITED"
    JOINED = "JOINED"
    DECLINED = "DECLINED"
    LEFT = "LEFT"


Table = Mapping[str, frozenset[str]]

_A, _I, _Q = AgreementState, InquiryState, QuoteState
_L, _M = AllianceState, MemberState

AGREEMENT: Table = {
    "NEW": frozenset({_A.PROPOSED}),
    _A.PROPOSED: frozenset({_A.ACTIVE, _A.DECLINED, _A.TERMINATED, _A.ENDED}),
    _A.ACTIVE: frozenset({_A.TERMINATED, _A.ENDED}),
    _A.DECLINED: frozenset(),
    _A.TERMINATED: frozenset(),
    _A.ENDED: frozenset(),
}
INQUIRY: Table = {
    "NEW": frozenset({_I.OPEN}),
    _I.OPEN: frozenset({_I.TAKEN, _I.WITHDRAWN, _I.EXPIRED}),
    _I.TAKEN: frozenset(),
    _I.WITHDRAWN: frozenset(),
    _I.EXPIRED: frozenset(),
}
QUOTE: Table = {
    "NEW": frozenset({_Q.OFFERED}),
    _Q.OFFERED: frozenset({_Q.TAKEN, _Q.WITHDRAWN, _Q.LOST, _Q.EXPIRED}),
    _Q.TAKEN: frozenset(),
    _Q.WITHDRAWN: frozenset(),
    _Q.LOST: frozenset(),
    _Q.EXPIRED: frozenset(),
}
ALLIANCE: Table = {
    "NEW": frozenset({_L.FORMING}),
    _L.FORMING: frozenset({_L.ACTIVE, _L.ENDED}),
    _L.ACTIVE: frozenset({_L.ENDED}),
    _L.ENDED: frozenset(),
}
MEMBER: Table = {
    "NEW": frozenset({_M.INVITED, _M.JOINED}),
    _M.INVITED: frozenset({_M.JOINED, _M.DECLINED}),
    _M.JOINED: frozenset({_M.LEFT}),
    _M.DECLINED: frozenset(),
    _M.LEFT: frozenset(),
}
TABLES: Mapping[str, Table] = {
    "agreement": AGREEMENT,
    "inquiry": INQUIRY,
    "quote": QUOTE,
    "alliance": ALLIANCE,
    "member": MEMBER,
}
"""By the name under which the database's guard knows them; NEW names the states that one may be born in."""
