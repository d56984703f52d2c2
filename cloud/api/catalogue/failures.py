"""What fails on our side."""

from cloud.api.catalogue.kind import kind

DATABASE_AWAY = kind(
    "database.away",
    503,
    "The registry cannot reach its database",
    "Send the same request again after `Retry-After` seconds; a write with the same Idempotency-Key.",
    retryable=True,
)
STORE_AWAY = kind(
    "store.away",
    503,
    "The store of samples cannot be reached",
    "Send the same request again after `Retry-After` seconds; all but charts of signals works meanwhile.",
    retryable=True,
)
INTERNAL = kind("internal", 500, "The registry failed", "Send it again later; if it persists, report the Request-Id.")
