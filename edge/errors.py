"""The root of the edge's own errors."""

from gateway.errors import ThirdshiftError, UsageError


class EdgeError(ThirdshiftError):
    """Root of the errors of the edge package."""

    code = "edge"


class FileInvalid(UsageError, EdgeError):
    """A file of the plant's (config, profile, calendar, plan) that cannot be used: says file, line, key and remedy."""

    code = "edge.file"
