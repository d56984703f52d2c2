"""Why hours cannot be held, booked, changed or settled."""

from cloud.api.catalogue.kind import kind

SERVICE_UNKNOWN = kind(
    "service.unknown", 404, "There is no such service for you", "Search again; the offer may have been withdrawn."
)
MACHINE_UNKNOWN = kind(
    "machine.unknown", 404, "The service has no such machine", "Leave `machine_id` out, or search again."
)
CAPACITY_INSUFFICIENT = kind(
    "capacity.insufficient",
    409,
    "Too little capacity is left over that span",
    "Take less, or the span that `nearest` names.",
)
NOTICE_TOO_SHORT = kind(
    "notice.too_short", 409, "The span begins too soon", "Choose a start that leaves the service its notice time."
)
DURATION_TOO_SHORT = kind(
    "duration.too_short", 409, "The span is too short", "Book at least the service's shortest duration."
)
DURATION_TOO_LONG = kind(
    "duration.too_long", 409, "The span is too long", "Book at most the service's longest duration."
)
CERTIFICATE_EXPIRES = kind(
    "certificate.expires",
    409,
    "A certificate of the service runs out before the work would end",
    "Book hours that end before `valid_until`, or ask the provider for the renewed certificate.",
)
CONFIDENCE_TOO_LOW = kind(
    "confidence.too_low",
    409,
    "The span is offered with too little confidence",
    "Search for a span with the confidence that the service asks for.",
)
HOLD_QUOTA = kind(
    "hold.quota",
    409,
    "As much is held as may be at once",
    "Book or release a hold; holds are for hours that are about to be booked. `of` says whose quota is used up: the"
    " `key`'s (`most_holds` of a key is given when it is made) or the `account`'s, or the `enterprise`'s over all of"
    " them.",
)
HOLD_UNKNOWN = kind(
    "hold.unknown", 404, "There is no such hold of yours", "Hold again; a hold is consumed by its booking."
)
HOLD_EXPIRED = kind("hold.expired", 409, "The hold has expired", "Search and hold again, and book before `expires_at`.")
HOLD_EXTENDED = kind(
    "hold.extended", 409, "The hold was extended once already", "Book it before `expires_at`, or let it go."
)
CLAIM_STATE = kind(
    "claim.state", 409, "The state does not allow this any more", "Read the booking; its state is in `state`."
)
BOOKING_UNKNOWN = kind(
    "booking.unknown",
    404,
    "There is no such booking for you",
    "Check the id; a foreign id and an unknown one answer alike.",
)
BOOKING_PROVIDER_ONLY = kind(
    "booking.provider_only", 403, "Only the provider may do this", "Let the provider's own key confirm or decline."
)
BOOKING_BOOKER_ONLY = kind(
    "booking.booker_only", 403, "Only the booker may do this", "Let the booker's own key amend; a provider may cancel."
)
BOOKING_STARTED = kind(
    "booking.started",
    409,
    "The booking has started: only its end may change",
    "Send `end` alone, or book the rest of the work anew.",
)
BOOKING_NEEDS_PROVIDER = kind(
    "booking.needs_provider",
    409,
    "More than was booked needs the provider's word",
    "Book what is missing as a request of its own, or cancel this booking and request it anew.",
)
SETTLEMENT_ACCEPTED = kind(
    "settlement.accepted",
    409,
    "You have accepted the meter already",
    "What was accepted is not disputed any more; settle the difference with the other side.",
)
SETTLEMENT_NOT_YOURS = kind(
    "settlement.not_yours",
    409,
    "There is no proposal of the other side's to accept",
    "Wait for the other side to accept or to propose, or dispute again with an amount in `due`.",
)
SETTLEMENT_CHANGED = kind(
    "settlement.changed",
    409,
    "That is not what is due by now",
    "Read the booking, and send in `due` the amount that you accept; of a disputed booking it must be said.",
)
PROPOSAL_NONE = kind(
    "proposal.none",
    409,
    "Nothing is proposed for this booking",
    "Wait for a `booking.changed` event with a `proposal`, or search yourself.",
)
PROPOSAL_GONE = kind(
    "proposal.gone",
    409,
    "What was proposed is taken, or costs more by now",
    "Wait for the next proposal; the registry looks again at once.",
)
BUNDLE_UNKNOWN = kind(
    "bundle.unknown",
    404,
    "There is no such bundle of yours",
    "Check the id; a foreign id and an unknown one answer alike.",
)
BUNDLE_REFUSED = kind(
    "bundle.refused",
    409,
    "The bundle does not fit",
    "Change the legs that `missed` names, each with its own problem, and send all of them again.",
)
WAITING_UNKNOWN = kind(
    "waiting.unknown",
    404,
    "There is no such place in line",
    "Check the id; a foreign id and an unknown one answer alike.",
)
WAITING_TOO_MANY = kind(
    "waiting.too_many", 409, "The enterprise waits for too much at once", "Leave a place in line, or wait for less."
)
WORK_NOT_OFFERED = kind(
    "work.not_offered", 422, "The service does not take this work master", "Order one of the service's `work_masters`."
)
