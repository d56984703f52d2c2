"""The whole failure model of the fence on one screen; edge and cloud root their own errors here."""


class ThirdshiftError(Exception):
    """Root of every error that we raise on purpose.

    `code` is stable and goes over the wire; `retryable` says whether the same call may succeed later unchanged.
    The message says what, where, and what to do now.
    """

    code = "internal"
    retryable = False


class GatewayError(ThirdshiftError):
    """Root of the errors of the gateway package."""

    code = "gateway"


class MessageRefused(GatewayError):
    """A payload that the wire contract does not admit; the caller parks it, counts it and goes on."""

    code = "message.refused"


class UsageError(ThirdshiftError):
    """A person's input (file, option, address) that cannot be used; the message names the place and the remedy."""

    code = "usage"


class FileInvalid(UsageError):
    """A file of the plant's (config, profile, calendar, plan) that cannot be used: says file, line, key and remedy."""

    code = "file"
