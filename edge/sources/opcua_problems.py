"""What went wrong with an OPC UA server, in one line that says what to do."""

import socket

from asyncua import ua

from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_pki import CERTIFICATE, application_uri, read
from edge.sources.opcua_trust import ServerUntrusted
from gateway.errors import ThirdshiftError, UsageError

_CODES = ua.StatusCodes

_ADVICE: dict[int, str] = {
    _CODES.BadUserAccessDenied: "refuses the user or password: check `user` and where `password` comes from",
    _CODES.BadIdentityTokenRejected: "refuses the user or password: check `user` and where `password` comes from",
    _CODES.BadIdentityTokenInvalid: "does not take this kind of user: check whether it wants `user` and `password`",
    _CODES.BadCertificateUntrusted: "does not trust this agent's certificate yet: accept it in the server's trust list",
    _CODES.BadSecurityChecksFailed: "does not trust this agent's certificate yet: accept it in the server's trust list",
    _CODES.BadCertificateTimeInvalid: "finds this agent's certificate out of date: compare both clocks, or renew it",
    _CODES.BadSecurityPolicyRejected: "does not offer this security: mend `security`, or switch it on in the server",
    _CODES.BadSecurityModeRejected: "does not offer this security: mend `security`, or switch it on in the server",
    _CODES.BadTooManySessions: "has no session left: close other clients, or raise its limit of sessions",
    _CODES.BadTooManySubscriptions: "has no subscription left: close other clients, or raise its limit",
    _CODES.BadTcpEndpointUrlInvalid: "does not know itself by this address: write the URL that the server announces",
    _CODES.BadNoSubscription: "dropped our subscription",
    _CODES.BadSessionIdInvalid: "forgot our session: it was restarted, or the outage was longer than `bridge_s`",
    _CODES.BadServerHalted: "is shutting down",
    _CODES.BadSessionClosed: "closed our session: it is shutting down, or somebody closed it there; we try again",
    _CODES.BadSecureChannelClosed: "closed the channel: it is shutting down, or its certificates changed; we try again",
}

NEEDS_A_PERSON = frozenset(
    (
        _CODES.BadUserAccessDenied,
        _CODES.BadIdentityTokenRejected,
        _CODES.BadIdentityTokenInvalid,
        _CODES.BadCertificateUntrusted,
        _CODES.BadCertificateUriInvalid,
    )
)
"""Refusals that trying again at once cannot mend, and may make worse (locked accounts)."""


def explain(error: BaseException, endpoint: OpcUaEndpoint) -> str:
    """The reason for a failed or lost connection. Raises nothing and reveals no password."""
    if isinstance(error, ThirdshiftError):
        return str(error)
    return f"{endpoint.url} {_reason(error, endpoint)}"


_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "has a host name that nobody knows here: check the name, or write the address"),
    (ConnectionRefusedError, "refuses connections: check that the machine's OPC UA server runs, and the port"),
    (TimeoutError, "does not answer in time: check that it is on and reachable, or raise `timeout_s`"),
    (ConnectionError, "closed the connection: the network or the server went away"),
    (OSError, "cannot be reached: check host, port and network"),
)


def _reason(error: BaseException, endpoint: OpcUaEndpoint) -> str:
    if isinstance(error, ua.UaStatusCodeError):
        return _refusal(error, endpoint)
    known = next((text for kind, text in _KINDS if isinstance(error, kind)), None)
    return known or f"failed: {error or type(error).__name__}"


def _refusal(error: ua.UaStatusCodeError, endpoint: OpcUaEndpoint) -> str:
    if error.code == _CODES.BadCertificateUriInvalid:
        return (
            f"expects another application URI than the {_own_uri(endpoint)} of this agent's certificate: register that "
            f"one with the server, or run: thirdshift edge certs create --replace --uri URI --pki {endpoint.identity}"
        )
    known = _ADVICE.get(error.code)
    return f"{known} ({_name(error.code)})" if known else f"says {_name(error.code)}"


def _own_uri(endpoint: OpcUaEndpoint) -> str:
    try:
        return application_uri(read(endpoint.identity / CERTIFICATE)) or "missing one"
    except UsageError:
        return "missing one"


def _name(code: int) -> str:
    return str(ua.StatusCode(code).name)


def needs_a_person(error: BaseException) -> bool:
    """Whether only a person can mend it, so that trying often makes no sense."""
    if isinstance(error, ua.UaStatusCodeError):
        return error.code in NEEDS_A_PERSON
    if isinstance(error, ServerUntrusted):  # decided here, so that trying hurts nobody, and the person waits for it
        return False
    return isinstance(error, ThirdshiftError) and not error.retryable
