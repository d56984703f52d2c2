"""What the page of cooperation shows at one moment, in the API's own models, and what of it waits for whom."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from cloud.cooperation.alliance import Alliance, Pool, Revenue
from cloud.cooperation.inquiry import Inquiry
from cloud.cooperation.model import Agreement
from cloud.cooperation.states import AgreementState, AllianceState, InquiryState, MemberState, QuoteState
from cloud.cooperation.trust import TrustAnswer
from cloud.registry.model import Service

Some = TypeVar("Some")

MOST_OVER = 10
"""Of what is over, so many are shown: the newest."""


@dataclass(frozen=True, slots=True)
class View:
    """`me` is the visitor's enterprise; `scopes` its rights; `names` those of partners by their ids."""

    me: str
    scopes: frozenset[str]
    seen: datetime
    agreements: tuple[Agreement, ...] = ()
    inquiries: tuple[Inquiry, ...] = ()
    alliances: tuple[Alliance, ...] = ()
    pools: Mapping[str, Pool] = field(default_factory=dict)
    revenue: Mapping[str, Revenue] = field(default_factory=dict)
    trust: TrustAnswer | None = None
    services: tuple[Service, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def may_book(self) -> bool:
        return "book" in self.scopes

    @property
    def may_provide(self) -> bool:
        return "provide" in self.scopes

    def may(self, agreement: Agreement) -> bool:
        """Whether the visitor's rights are enough on its side of the agreement."""
        return self.may_provide if agreement.role == "provider" else self.may_book

    @property
    def waiting(self) -> int:
        """How many things wait for this enterprise's word."""
        return sum(
            (
                sum(answerable(one, self.me) for one in self.agreements),
                sum(unquoted(one) for one in self.inquiries),
                sum(takeable(one) for one in self.inquiries),
                sum(one.mine is MemberState.INVITED for one in self.alliances),
            )
        )


def answerable(agreement: Agreement, me: str) -> bool:
    """Whether it is proposed, and this side's to answer."""
    return agreement.state is AgreementState.PROPOSED and agreement.proposed_by != me


def unquoted(inquiry: Inquiry) -> bool:
    """Whether it asks this enterprise, which has not answered yet."""
    return inquiry.role == "provider" and inquiry.state is InquiryState.OPEN and not inquiry.quotes


def takeable(inquiry: Inquiry) -> bool:
    """Whether this enterprise asked, and has quotes to choose from."""
    standing = any(quote.state is QuoteState.OFFERED for quote in inquiry.quotes)
    return inquiry.role == "asker" and inquiry.state is InquiryState.OPEN and standing


def shown(found: Sequence[Some], over: Callable[[Some], bool], most: int = MOST_OVER) -> tuple[list[Some], int]:
    """All that are not over, and of those that are the first `most`; how many are left out."""
    past = [one for one in found if over(one)]
    kept = [one for one in found if not over(one)] + past[:most]
    return kept, len(found) - len(kept)


def agreements_in_order(agreements: tuple[Agreement, ...], me: str) -> list[Agreement]:
    """What waits for me, what is in force, what waits for others, and what is over: each the newest first."""
    newest = sorted(agreements, key=lambda one: one.created_at, reverse=True)
    return sorted(newest, key=lambda one: _RANK[one.state] - answerable(one, me) * 10)


def inquiries_in_order(inquiries: tuple[Inquiry, ...]) -> list[Inquiry]:
    """What waits for me, what is open, and what is over: each the newest first."""
    newest = sorted(inquiries, key=lambda one: one.created_at, reverse=True)
    return sorted(newest, key=lambda one: (one.state is not InquiryState.OPEN, not (unquoted(one) or takeable(one))))


def alliances_in_order(alliances: tuple[Alliance, ...]) -> list[Alliance]:
    """What waits for me, what is in force, what forms, and what is over."""
    order = {AllianceState.ACTIVE: 1, AllianceState.FORMING: 2, AllianceState.ENDED: 3}
    return sorted(alliances, key=lambda one: (order[one.state] - (one.mine is MemberState.INVITED) * 5, one.name))


_RANK = {
    AgreementState.ACTIVE: 1,
    AgreementState.PROPOSED: 2,
    AgreementState.DECLINED: 3,
    AgreementState.TERMINATED: 3,
    AgreementState.ENDED: 3,
}
