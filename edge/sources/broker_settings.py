"""From a machine's device to the connection to its broker, with the password looked up."""

import secrets

from edge.errors import FileInvalid
from edge.secret import Vault
from edge.sources.broker_device import BrokerDevice
from gateway.mqtt import MqttSettings
from gateway.tls import Tls, tls_context


def settings(device: BrokerDevice, vault: Vault, place: str) -> MqttSettings:
    """Raises FileInvalid for a secret that is not there, and for certificates that cannot be used."""
    tls = Tls(device.tls.ca, device.tls.certificate, device.tls.key) if device.tls else None
    try:
        if tls is not None:
            tls_context(tls)
    except OSError as error:
        msg = f"{place}.tls: {error}; check the files that it names"
        raise FileInvalid(msg) from error
    return MqttSettings(
        device.host,
        device.port,
        # A check beside a running agent must not push it off the broker, which one id for both would do.
        device.client_id or f"thirdshift-{secrets.token_hex(6)}",
        device.user,
        vault.text(device.password, f"{place}.password") if device.password else None,
        tls,
        device.keepalive_s,
        told_elsewhere=True,
    )
