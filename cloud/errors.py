"""The failure model of the cloud: one root, with a wire code and whether a retry may help."""

from gateway.errors import ThirdshiftError


class CloudError(ThirdshiftError):
    """Root of the errors of the cloud package."""

    code = "cloud"


class DatabaseAway(CloudError):
    """PostgreSQL can't be reached, or ended the transaction without deciding it; the same call may be made again."""

    code = "database.away"
    retryable = True


class IllegalMove(CloudError):
    """A claim was asked to move to a state that its own does not lead to; nothing was changed."""

    code = "claim.state"
