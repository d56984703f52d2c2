"""The root of the edge's own errors, and the gateway's word for a plant's file that cannot be used."""

from gateway.errors import FileInvalid, ThirdshiftError

__all__ = ["EdgeError", "FileInvalid"]


class EdgeError(ThirdshiftError):
    """Root of the errors of the edge package."""

    code = "edge"
