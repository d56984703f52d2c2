"""Why a broker cannot be reached or hangs up, in words that say what to check."""

import socket
import ssl

HUNG_UP = "it hung up; check the port, and whether it wants `tls`"
"""Where a broker ends the connection before it answered our greeting."""


def broken_off(code: str) -> str:
    """Why a connection ended; where nobody said goodbye, paho has no better word than `Unspecified error`."""
    return "the connection broke off" if code == "Unspecified error" else code


def cause(error: BaseException | None) -> str:
    """Why no connection came about, and what to check."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}; check `tls.ca`, and the name in `host`"
        case ssl.SSLError():
            return f"no TLS there ({error.reason}); check the port, and whether the broker wants `tls` at all"
        case socket.gaierror():
            return f"the host is unknown ({error.strerror}); check its name, and the name server"
        case ConnectionResetError():
            return HUNG_UP
        case _:
            return f"no answer ({getattr(error, 'strerror', None) or error}); check host and port, and that it runs"
