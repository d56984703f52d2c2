"""The failure model of the cloud: one root, with a wire code and whether a retry may help."""

from gateway.errors import ThirdshiftError


class CloudError(ThirdshiftError):
    """Root of the errors of the cloud package."""

    code = "cloud"
