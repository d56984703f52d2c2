"""What is wrong with a request, whatever it is about."""

from cloud.api.catalogue.kind import kind

NOT_FOUND = kind(
    "not_found",
    404,
    "There is no such thing, or it is not yours to see",
    "Check the id; a foreign id and an unknown one answer alike.",
)
ROUTE_UNKNOWN = kind("route.unknown", 404, "There is no such route", "Look the path up in /v1/openapi.json.")
METHOD_UNKNOWN = kind(
    "method.unknown", 405, "The route does not take this method", "Use a method that the `Allow` header names."
)
REQUEST_MALFORMED = kind("request.malformed", 400, "The request cannot be read", "Send a body of valid JSON.")
REQUEST_INVALID = kind(
    "request.invalid",
    422,
    "A field of the request cannot be used",
    "Mend each field that `errors` points to, and send it again.",
)
REQUEST_TOO_LARGE = kind(
    "request.too_large", 413, "The request is too large", "Send a smaller body; the limit is 1 MiB."
)
CURSOR_INVALID = kind("cursor.invalid", 400, "The cursor is not one of ours", "Start again without a cursor.")
NAME_TAKEN = kind("name.taken", 409, "The name is taken", "Choose a name that your enterprise does not use yet.")
IDEMPOTENCY_MISSING = kind(
    "idempotency.missing",
    400,
    "The Idempotency-Key header is missing or unusable",
    "Send a new random key of up to 128 printable characters with each intention, the same with its retries.",
)
IDEMPOTENCY_IN_FLIGHT = kind(
    "idempotency.in_flight",
    409,
    "A request with this key is being worked on",
    "Wait a moment, and send the same request with the same key again.",
    retryable=True,
)
IDEMPOTENCY_MISMATCH = kind(
    "idempotency.mismatch",
    422,
    "This key was used for another request",
    "Use a new key; a key belongs to one request for ever.",
)
IDEMPOTENCY_SHOWN_ONCE = kind(
    "idempotency.shown_once",
    409,
    "The answer to this key held a secret, which is kept nowhere",
    "What `id` names was made; if its secret did not reach you, make another with a new key and another name.",
)
