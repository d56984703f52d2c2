"""Why an MQTT broker is not there, in one line that says what to do."""

import asyncio
import socket
import ssl

from gateway.mqtt import MqttSettings, tls_context

PATIENCE = 3.0
"""Real seconds that the broker gets to answer the question."""

_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "has a host name that nobody knows here: check `host`, or write the address"),
    (ConnectionRefusedError, "refuses connections: check that the broker runs, and `port`"),
    (
        ssl.SSLCertVerificationError,
        "shows a certificate that is not trusted: check `tls.ca`, and that `host` is its name",
    ),
    (ssl.SSLError, "does not speak TLS as we do: check `port`, and whether it wants `tls` at all"),
    (TimeoutError, "does not answer in time: check that it is on and reachable"),
    (OSError, "cannot be reached: check `host`, `port` and network"),
)


async def explain(settings: MqttSettings, trouble: str) -> str:
    """One line on a broker that is lost or refuses; `trouble` is what the client itself knows. Raises nothing."""
    where = f"broker {settings.host}:{settings.port}"
    if trouble.startswith("refused"):
        return f"{where} {trouble}"
    error = await _ask(settings)
    known = next((text for kind, text in _KINDS if isinstance(error, kind)), None)
    if known is None:
        return f"{where} takes connections, and closed ours ({trouble or 'no answer to our greeting'}); trying on"
    return f"{where} {known}"


async def _ask(settings: MqttSettings) -> BaseException | None:
    """What goes wrong with a plain connection."""
    try:
        context = tls_context(settings.tls) if settings.tls else None
        async with asyncio.timeout(PATIENCE):
            _, writer = await asyncio.open_connection(settings.host, settings.port, ssl=context)
    except OSError as error:
        return error
    writer.close()
    return None
