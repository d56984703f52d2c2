"""A refusal in a sentence: what stood in the way, how much was left, and what would do."""

from collections.abc import Callable, Mapping
from typing import Any

from cloud.booking.model import Refused

Facts = Mapping[str, Any]


def explain(refused: Refused) -> str:
    """The sentence for a refusal; it tells only what the refusal itself tells."""
    say = _SENTENCES.get(refused.code)
    return say(refused.facts) if say else f"refused: {refused.code}"


def _short(facts: Facts) -> str:
    span = facts["span"]
    what = f"{facts['left']} of the {facts['asked']} asked for" if facts["asked"] > 1 else "nothing"
    return f"from {span['start']} to {span['end']} {what} is left; {_would_do(facts)}"


def _unsure(facts: Facts) -> str:
    span = facts["span"]
    return f"from {span['start']} to {span['end']} the offer is less certain than the service sells; {_would_do(facts)}"


def _would_do(facts: Facts) -> str:
    near = facts.get("nearest")
    return f"{near['start']} to {near['end']} would do" if near else "nothing within a week would do"


_SENTENCES: Mapping[str, Callable[[Facts], str]] = {
    "capacity.insufficient": _short,
    "confidence.too_low": _unsure,
    "notice.too_short": lambda facts: f"the provider wants notice: the earliest start is {facts['earliest']}",
    "duration.too_short": lambda facts: f"the shortest booking is {float(facts['minimum_s']) / 60:g} minutes",
    "duration.too_long": lambda facts: f"the longest booking is {float(facts['maximum_s']) / 60:g} minutes",
    "certificate.expires": lambda facts: f"{facts['certificate']} is valid until {facts['valid_until']} only",
    "service.unknown": lambda _: "there is no such service for you",
    "machine.unknown": lambda _: "that machine does not belong to the service",
    "hold.quota": lambda facts: f"this {facts['of']} has at most {facts['most']} holds at once",
    "hold.unknown": lambda _: "there is no such hold of yours",
    "hold.expired": lambda _: "the hold has run out; hold or book the hours again",
    "hold.extended": lambda facts: f"the hold was extended once already; it runs until {facts['expires_at']}",
    "booking.booker_only": lambda _: "only the booker changes what it booked",
    "booking.started": lambda facts: f"it is {facts['state']} and its hour has come: only its end may change",
    "booking.needs_provider": lambda facts: f"more than was booked needs the provider's word: {facts['why']}",
    "settlement.accepted": lambda _: "what your side has accepted it cannot dispute any more",
    "settlement.not_yours": lambda facts: f"the last word was the {facts['by']}'s, or it names no amount to accept",
    "settlement.changed": lambda facts: f"the amount to accept is {facts['due']}, and the call names another, or none",
    "proposal.none": lambda facts: f"no other capacity is proposed; the booking is {facts['state']}",
    "proposal.gone": lambda _: "what was proposed is taken, or costs more by now; the registry looks again",
    "waiting.unknown": lambda _: "there is no such place in line of yours",
    "waiting.too_many": lambda facts: f"an enterprise has at most {facts['most']} places in line at once",
    "bundle.unknown": lambda _: "there is no such bundle of yours",
    "bundle.refused": lambda facts: f"nothing was booked: {len(facts['missed'])} of its legs did not fit",
    "booking.unknown": lambda _: "there is no such booking of yours",
    "booking.provider_only": lambda _: "only the provider decides on this request",
    "claim.state": lambda facts: f"that is not possible any more: it is {facts['state']}",
    "work.not_offered": lambda facts: f"the service takes these work masters only: {', '.join(facts['work_masters'])}",
    "agreement.unknown": lambda _: "there is no such agreement of yours",
    "agreement.state": lambda facts: f"the agreement is {facts['state']}",
    "agreement.other_side": lambda _: "whoever proposed it does not answer it too",
    "agreement.booker_only": lambda _: "hours are called off by the agreement's booker alone",
    "agreement.service": lambda facts: f"the agreement is about {', '.join(facts['service_ids'])} only",
    "agreement.span": lambda facts: f"the agreement holds from {facts['start']} to {facts['end']}",
    "agreement.quota": lambda facts: (
        f"of {facts['quota_hours']:g} h from {facts['period']['start']} to {facts['period']['end']},"
        f" {facts['left_hours']:g} h are left; {facts['asked_hours']:g} h were asked for"
    ),
    "agreement.currency": lambda facts: f"the services are priced in {facts['currency']}",
    "agreement.too_many": lambda facts: f"an enterprise has at most {facts['most']} proposals unanswered",
    "inquiry.unknown": lambda _: "there is no such inquiry for you",
    "inquiry.state": lambda facts: f"the inquiry is {facts['state']}",
    "inquiry.asker_only": lambda _: "only who asked withdraws an inquiry",
    "inquiry.provider_only": lambda _: "who asks does not quote",
    "inquiry.nobody": lambda _: "no provider of such services is there that you may see",
    "inquiry.too_late": lambda facts: f"it is {facts['now']} already",
    "inquiry.too_many": lambda facts: f"an enterprise has at most {facts['most']} inquiries open",
    "quote.unknown": lambda _: "there is no such quote for you",
    "quote.state": lambda facts: f"the quote is {facts['state']}",
    "quote.asker_only": lambda _: "only who asked takes a quote",
    "quote.provider_only": lambda _: "only who gave a quote takes it back",
    "quote.too_late": lambda facts: f"it is {facts['now']} already",
    "quote.too_many": lambda facts: f"at most {facts['most']} quotes of one provider stand on an inquiry",
    "alliance.unknown": lambda _: "there is no such alliance of yours",
    "alliance.state": lambda facts: f"the alliance is {facts['state']}, or you have said so already",
    "not_found": lambda _: "there is no such enterprise",
    "idempotency.in_flight": lambda _: "the first call with this Idempotency-Key is still at work; ask again shortly",
    "idempotency.mismatch": lambda _: "this Idempotency-Key was used for another body; use a new key",
}
