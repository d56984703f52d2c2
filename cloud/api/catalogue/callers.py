"""Who calls, and what they may."""

from cloud.api.catalogue.kind import kind

AUTH_MISSING = kind("auth.missing", 401, "No API key was sent", "Send `Authorization: Bearer KEY`.")
AUTH_INVALID = kind(
    "auth.invalid", 401, "The API key is not known or was revoked", "Ask your administrator for a new key."
)
AUTH_SCOPE = kind("auth.scope", 403, "The API key lacks a scope", "Use a key with the scope that `scope` names.")
LOGIN_REFUSED = kind(
    "login.refused",
    401,
    "Nobody may log in with that",
    "Check name and password; name the enterprise too, where several have an account of that name; or log in again.",
)
LOGIN_NO_PROVIDER = kind(
    "login.no_provider", 404, "No identity provider is configured", "Log in with name and password."
)
PROVIDER_AWAY = kind(
    "provider.away",
    503,
    "The identity provider cannot be reached",
    "Send the same request again after `Retry-After` seconds, or log in with name and password.",
    retryable=True,
)
ACCOUNT_ONLY = kind(
    "account.only", 403, "Only a person's account has this", "Log in with an account; an API key is nobody's."
)
ACCOUNT_SELF = kind(
    "account.self",
    409,
    "Nobody may disable or demote themselves",
    "Let another administrator do it, so that one is always left.",
)
PASSWORD_WRONG = kind("password.wrong", 403, "That is not the old password", "Send the password that holds until now.")
RATE_LIMITED = kind(
    "rate.limited",
    429,
    "The key asks faster than it may",
    "Wait for `Retry-After` seconds; ask for events rather than again and again.",
    retryable=True,
)
