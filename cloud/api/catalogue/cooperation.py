"""Agreements, inquiries, quotes and alliances."""

from cloud.api.catalogue.kind import kind

AGREEMENT_UNKNOWN = kind(
    "agreement.unknown",
    404,
    "There is no such agreement of yours",
    "Check the id; a foreign id and an unknown one answer alike.",
)
AGREEMENT_STATE = kind(
    "agreement.state",
    409,
    "The agreement's state does not allow this",
    "Read the agreement; its state is in `state`. Only an ACTIVE one can be called off.",
)
AGREEMENT_OTHER_SIDE = kind(
    "agreement.other_side",
    403,
    "This is the other side's to decide",
    "Whoever did not propose it accepts or declines; take your own proposal back by ending it.",
)
AGREEMENT_BOOKER_ONLY = kind(
    "agreement.booker_only", 403, "Only the booker calls hours off", "Let the booker's own key hold or book."
)
AGREEMENT_SERVICE = kind(
    "agreement.service", 409, "The agreement is not about this service", "Take one of `service_ids`."
)
AGREEMENT_SPAN = kind(
    "agreement.span", 409, "The agreement does not hold all through that span", "Stay between its `start` and `end`."
)
AGREEMENT_QUOTA = kind(
    "agreement.quota",
    409,
    "The agreement's quota of that period is used up",
    "Take no more than `left_hours`, or hours of another `period`, or book without the agreement.",
)
AGREEMENT_CURRENCY = kind(
    "agreement.currency", 422, "The rate is in another currency than the services", "Give the rate in `currency`."
)
AGREEMENT_TOO_MANY = kind(
    "agreement.too_many", 409, "Too many of your proposals wait for an answer", "Take some back, or wait for answers."
)
INQUIRY_UNKNOWN = kind(
    "inquiry.unknown",
    404,
    "There is no such inquiry for you",
    "Check the id; a foreign id and an unknown one answer alike.",
)
INQUIRY_STATE = kind("inquiry.state", 409, "The inquiry is over", "Read the inquiry; its state is in `state`.")
INQUIRY_ASKER_ONLY = kind("inquiry.asker_only", 403, "Only who asked may do this", "Let the asker's own key do it.")
INQUIRY_PROVIDER_ONLY = kind(
    "inquiry.provider_only", 403, "Only those who were asked answer", "Let a provider's key quote."
)
INQUIRY_NOBODY = kind(
    "inquiry.nobody", 409, "There is nobody to ask", "Name `partner_ids`, or leave `process` or `kind` out."
)
INQUIRY_TOO_LATE = kind(
    "inquiry.too_late", 409, "The inquiry would be over at once", "Let `expires_at` and `end` lie after `now`."
)
INQUIRY_TOO_MANY = kind(
    "inquiry.too_many", 409, "The enterprise has too many inquiries open", "Withdraw some, or wait until they expire."
)
QUOTE_UNKNOWN = kind(
    "quote.unknown",
    404,
    "There is no such quote for you",
    "Check the id; a foreign id and an unknown one answer alike.",
)
QUOTE_STATE = kind(
    "quote.state", 409, "The quote does not stand any more", "Take another, or ask again; its state is in `state`."
)
QUOTE_ASKER_ONLY = kind("quote.asker_only", 403, "Only who asked takes a quote", "Let the asker's own key do it.")
QUOTE_PROVIDER_ONLY = kind(
    "quote.provider_only", 403, "Only who gave a quote takes it back", "Let the provider's own key do it."
)
QUOTE_TOO_LATE = kind("quote.too_late", 409, "The quote would be over at once", "Let `valid_until` lie after `now`.")
QUOTE_TOO_MANY = kind(
    "quote.too_many", 409, "Too many quotes of yours stand on this inquiry", "Take one back, then quote anew."
)
ALLIANCE_UNKNOWN = kind(
    "alliance.unknown",
    404,
    "There is no such alliance of yours",
    "Check the id; a foreign id and an unknown one answer alike. Only who has joined pools services.",
)
ALLIANCE_STATE = kind(
    "alliance.state", 409, "The alliance's state does not allow this", "Read the alliance; its state is in `state`."
)
ALLIANCE_FOUNDER = kind(
    "alliance.founder", 422, "The founder is not a member", "Name your own enterprise among `members`, with its share."
)
