"""Every problem that the API answers with: its code, its HTTP status, what it means and what to do now."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. `code` is stable: programs may branch on it. `remedy` says what to do now."""

    code: str
    status: int
    title: str
    remedy: str
    retryable: bool = False


CATALOGUE: dict[str, Kind] = {}
"""Every kind by its code, in the order of the page."""


def _kind(code: str, status: int, title: str, remedy: str, *, retryable: bool = False) -> Kind:
    kind = CATALOGUE[code] = Kind(code, status, title, remedy, retryable)
    return kind


AUTH_MISSING = _kind("auth.missing", 401, "No API key was sent", "Send `Authorization: Bearer KEY`.")
AUTH_INVALID = _kind(
    "auth.invalid", 401, "The API key is not known or was revoked", "Ask your administrator for a new key."
)
AUTH_SCOPE = _kind("auth.scope", 403, "The API key lacks a scope", "Use a key with the scope that `scope` names.")
LOGIN_REFUSED = _kind(
    "login.refused",
    401,
    "Nobody may log in with that",
    "Check name and password; name the enterprise too, where several have an account of that name; or log in again.",
)
LOGIN_NO_PROVIDER = _kind(
    "login.no_provider", 404, "No identity provider is configured", "Log in with name and password."
)
PROVIDER_AWAY = _kind(
    "provider.away",
    503,
    "The identity provider cannot be reached",
    "Send the same request again after `Retry-After` seconds, or log in with name and password.",
    retryable=True,
)
ACCOUNT_ONLY = _kind(
    "account.only", 403, "Only a person's account has this", "Log in with an account; an API key is nobody's."
)
ACCOUNT_SELF = _kind(
    "account.self",
    409,
    "Nobody may disable or demote themselves",
    "Let another administrator do it, so that one is always left.",
)
PASSWORD_WRONG = _kind("password.wrong", 403, "That is not the old password", "Send the password that holds until now.")
RATE_LIMITED = _kind(
    "rate.limited",
    429,
    "The key asks faster than it may",
    "Wait for `Retry-After` seconds; ask for events rather than again and again.",
    retryable=True,
)
NOT_FOUND = _kind(
    "not_found",
    404,
    "There is no such thing, or it is not yours to see",
    "Check the id; a foreign id and an unknown one answer alike.",
)
ROUTE_UNKNOWN = _kind("route.unknown", 404, "There is no such route", "Look the path up in /v1/openapi.json.")
METHOD_UNKNOWN = _kind(
    "method.unknown", 405, "The route does not take this method", "Use a method that the `Allow` header names."
)
REQUEST_MALFORMED = _kind("request.malformed", 400, "The request cannot be read", "Send a body of valid JSON.")
REQUEST_INVALID = _kind(
    "request.invalid",
    422,
    "A field of the request cannot be used",
    "Mend each field that `errors` points to, and send it again.",
)
REQUEST_TOO_LARGE = _kind(
    "request.too_large", 413, "The request is too large", "Send a smaller body; the limit is 1 MiB."
)
CURSOR_INVALID = _kind("cursor.invalid", 400, "The cursor is not one of ours", "Start again without a cursor.")
NAME_TAKEN = _kind("name.taken", 409, "The name is taken", "Choose a name that your enterprise does not use yet.")
IDEMPOTENCY_MISSING = _kind(
    "idempotency.missing",
    400,
    "The Idempotency-Key header is missing or unusable",
    "Send a new random key of up to 128 printable characters with each intention, the same with its retries.",
)
IDEMPOTENCY_IN_FLIGHT = _kind(
    "idempotency.in_flight",
    409,
    "A request with this key is being worked on",
    "Wait a moment, and send the same request with the same key again.",
    retryable=True,
)
IDEMPOTENCY_MISMATCH = _kind(
    "idempotency.mismatch",
    422,
    "This key was used for another request",
    "Use a new key; a key belongs to one request for ever.",
)
IDEMPOTENCY_SHOWN_ONCE = _kind(
    "idempotency.shown_once",
    409,
    "The answer to this key held a secret, which is kept nowhere",
    "What `id` names was made; if its secret did not reach you, make another with a new key and another name.",
)
SERVICE_UNKNOWN = _kind(
    "service.unknown", 404, "There is no such service for you", "Search again; the offer may have been withdrawn."
)
MACHINE_UNKNOWN = _kind(
    "machine.unknown", 404, "The service has no such machine", "Leave `machine_id` out, or search again."
)
CAPACITY_INSUFFICIENT = _kind(
    "capacity.insufficient",
    409,
    "Too little capacity is left over that span",
    "Take less, or the span that `nearest` names.",
)
NOTICE_TOO_SHORT = _kind(
    "notice.too_short", 409, "The span begins too soon", "Choose a start that leaves the service its notice time."
)
DURATION_TOO_SHORT = _kind(
    "duration.too_short", 409, "The span is too short", "Book at least the service's shortest duration."
)
DURATION_TOO_LONG = _kind(
    "duration.too_long", 409, "The span is too long", "Book at most the service's longest duration."
)
CERTIFICATE_EXPIRES = _kind(
    "certificate.expires",
    409,
    "A certificate of the service runs out before the work would end",
    "Book hours that end before `valid_until`, or ask the provider for the renewed certificate.",
)
CONFIDENCE_TOO_LOW = _kind(
    "confidence.too_low",
    409,
    "The span is offered with too little confidence",
    "Search for a span with the confidence that the service asks for.",
)
HOLD_QUOTA = _kind(
    "hold.quota",
    409,
    "The enterprise holds as much as it may at once",
    "Book or release a hold; holds are for hours that are about to be booked.",
)
HOLD_UNKNOWN = _kind(
    "hold.unknown", 404, "There is no such hold of yours", "Hold again; a hold is consumed by its booking."
)
HOLD_EXPIRED = _kind(
    "hold.expired", 409, "The hold has expired", "Search and hold again, and book before `expires_at`."
)
HOLD_EXTENDED = _kind(
    "hold.extended", 409, "The hold was extended once already", "Book it before `expires_at`, or let it go."
)
CLAIM_STATE = _kind(
    "claim.state", 409, "The state does not allow this any more", "Read the booking; its state is in `state`."
)
BOOKING_UNKNOWN = _kind(
    "booking.unknown",
    404,
    "There is no such booking for you",
    "Check the id; a foreign id and an unknown one answer alike.",
)
BOOKING_PROVIDER_ONLY = _kind(
    "booking.provider_only", 403, "Only the provider may do this", "Let the provider's own key confirm or decline."
)
BOOKING_BOOKER_ONLY = _kind(
    "booking.booker_only", 403, "Only the booker may do this", "Let the booker's own key amend; a provider may cancel."
)
BOOKING_STARTED = _kind(
    "booking.started",
    409,
    "The booking has started: only its end may change",
    "Send `end` alone, or book the rest of the work anew.",
)
BOOKING_NEEDS_PROVIDER = _kind(
    "booking.needs_provider",
    409,
    "More than was booked needs the provider's word",
    "Book what is missing as a request of its own, or cancel this booking and request it anew.",
)
SETTLEMENT_ACCEPTED = _kind(
    "settlement.accepted",
    409,
    "You have accepted the meter already",
    "What was accepted is not disputed any more; settle the difference with the other side.",
)
SETTLEMENT_NOT_YOURS = _kind(
    "settlement.not_yours",
    409,
    "There is no proposal of the other side's to accept",
    "Wait for the other side to accept or to propose, or dispute again with an amount in `due`.",
)
PROPOSAL_NONE = _kind(
    "proposal.none",
    409,
    "Nothing is proposed for this booking",
    "Wait for a `booking.changed` event with a `proposal`, or search yourself.",
)
PROPOSAL_GONE = _kind(
    "proposal.gone",
    409,
    "What was proposed is taken, or costs more by now",
    "Wait for the next proposal; the registry looks again at once.",
)
BUNDLE_UNKNOWN = _kind(
    "bundle.unknown",
    404,
    "There is no such bundle of yours",
    "Check the id; a foreign id and an unknown one answer alike.",
)
BUNDLE_REFUSED = _kind(
    "bundle.refused",
    409,
    "The bundle does not fit",
    "Change the legs that `missed` names, each with its own problem, and send all of them again.",
)
WAITING_UNKNOWN = _kind(
    "waiting.unknown",
    404,
    "There is no such place in line",
    "Check the id; a foreign id and an unknown one answer alike.",
)
WAITING_TOO_MANY = _kind(
    "waiting.too_many", 409, "The enterprise waits for too much at once", "Leave a place in line, or wait for less."
)
WORK_NOT_OFFERED = _kind(
    "work.not_offered", 422, "The service does not take this work master", "Order one of the service's `work_masters`."
)
AGREEMENT_UNKNOWN = _kind(
    "agreement.unknown",
    404,
    "There is no such agreement of yours",
    "Check the id; a foreign id and an unknown one answer alike.",
)
AGREEMENT_STATE = _kind(
    "agreement.state",
    409,
    "The agreement's state does not allow this",
    "Read the agreement; its state is in `state`. Only an ACTIVE one can be called off.",
)
AGREEMENT_OTHER_SIDE = _kind(
    "agreement.other_side",
    403,
    "This is the other side's to decide",
    "Whoever did not propose it accepts or declines; take your own proposal back by ending it.",
)
AGREEMENT_BOOKER_ONLY = _kind(
    "agreement.booker_only", 403, "Only the booker calls hours off", "Let the booker's own key hold or book."
)
AGREEMENT_SERVICE = _kind(
    "agreement.service", 409, "The agreement is not about this service", "Take one of `service_ids`."
)
AGREEMENT_SPAN = _kind(
    "agreement.span", 409, "The agreement does not hold all through that span", "Stay between its `start` and `end`."
)
AGREEMENT_QUOTA = _kind(
    "agreement.quota",
    409,
    "The agreement's quota of that period is used up",
    "Take no more than `left_hours`, or hours of another `period`, or book without the agreement.",
)
AGREEMENT_CURRENCY = _kind(
    "agreement.currency", 422, "The rate is in another currency than the services", "Give the rate in `currency`."
)
AGREEMENT_TOO_MANY = _kind(
    "agreement.too_many", 409, "Too many of your proposals wait for an answer", "Take some back, or wait for answers."
)
INQUIRY_UNKNOWN = _kind(
    "inquiry.unknown",
    404,
    "There is no such inquiry for you",
    "Check the id; a foreign id and an unknown one answer alike.",
)
INQUIRY_STATE = _kind("inquiry.state", 409, "The inquiry is over", "Read the inquiry; its state is in `state`.")
INQUIRY_ASKER_ONLY = _kind("inquiry.asker_only", 403, "Only who asked may do this", "Let the asker's own key do it.")
INQUIRY_PROVIDER_ONLY = _kind(
    "inquiry.provider_only", 403, "Only those who were asked answer", "Let a provider's key quote."
)
INQUIRY_NOBODY = _kind(
    "inquiry.nobody", 409, "There is nobody to ask", "Name `partner_ids`, or leave `process` or `kind` out."
)
INQUIRY_TOO_LATE = _kind(
    "inquiry.too_late", 409, "The inquiry would be over at once", "Let `expires_at` and `end` lie after `now`."
)
INQUIRY_TOO_MANY = _kind(
    "inquiry.too_many", 409, "The enterprise has too many inquiries open", "Withdraw some, or wait until they expire."
)
QUOTE_UNKNOWN = _kind(
    "quote.unknown",
    404,
    "There is no such quote for you",
    "Check the id; a foreign id and an unknown one answer alike.",
)
QUOTE_STATE = _kind(
    "quote.state", 409, "The quote does not stand any more", "Take another, or ask again; its state is in `state`."
)
QUOTE_ASKER_ONLY = _kind("quote.asker_only", 403, "Only who asked takes a quote", "Let the asker's own key do it.")
QUOTE_PROVIDER_ONLY = _kind(
    "quote.provider_only", 403, "Only who gave a quote takes it back", "Let the provider's own key do it."
)
QUOTE_TOO_LATE = _kind("quote.too_late", 409, "The quote would be over at once", "Let `valid_until` lie after `now`.")
QUOTE_TOO_MANY = _kind(
    "quote.too_many", 409, "Too many quotes of yours stand on this inquiry", "Take one back, then quote anew."
)
ALLIANCE_UNKNOWN = _kind(
    "alliance.unknown",
    404,
    "There is no such alliance of yours",
    "Check the id; a foreign id and an unknown one answer alike. Only who has joined pools services.",
)
ALLIANCE_STATE = _kind(
    "alliance.state", 409, "The alliance's state does not allow this", "Read the alliance; its state is in `state`."
)
ALLIANCE_FOUNDER = _kind(
    "alliance.founder", 422, "The founder is not a member", "Name your own enterprise among `members`, with its share."
)
DATABASE_AWAY = _kind(
    "database.away",
    503,
    "The registry cannot reach its database",
    "Send the same request again after `Retry-After` seconds; a write with the same Idempotency-Key.",
    retryable=True,
)
STORE_AWAY = _kind(
    "store.away",
    503,
    "The store of samples cannot be reached",
    "Send the same request again after `Retry-After` seconds; all but charts of signals works meanwhile.",
    retryable=True,
)
INTERNAL = _kind("internal", 500, "The registry failed", "Send it again later; if it persists, report the Request-Id.")


def markdown() -> str:
    """The catalogue as the page `docs/problems.md`."""
    rows = (f"| `{kind.code}` | {kind.status} | {kind.title} | {kind.remedy} |" for kind in CATALOGUE.values())
    return _PREFACE + "\n".join(rows) + "\n"


_PREFACE = """# Problems

Every answer of the API that is not a success is an RFC 9457 problem, `application/problem+json`:

```json
{
  "type": "/v1/problems/capacity.insufficient",
  "title": "Too little capacity is left over that span",
  "status": 409,
  "code": "capacity.insufficient",
  "detail": "0 of 1 is left",
  "remedy": "Take less, or the span that `nearest` names.",
  "request_id": "req_5f1c0c9d2b7a4e13"
}
```

`code` is stable, so programs may branch on it. `detail` says what happened in this case, and further members carry the
facts: `errors` points to fields (`pointer` is a JSON Pointer), `left`, `asked` and `nearest` explain a refusal.
`GET /v1/problems` lists the table below. This page is written by `python -m cloud.api --problems`.

| code | status | what it means | what to do now |
|---|---|---|---|
"""
