"""The way to the registry as the config has it: the broker, and the key that seals the post."""

import base64
import binascii
import random
from dataclasses import replace
from datetime import timedelta

from edge.config import Config, Post
from edge.errors import FileInvalid
from edge.secret import Vault
from gateway.link import LIMITS, Keyring, Lane, Sender
from gateway.messages import Stream
from gateway.mqtt import MqttSettings
from gateway.outbox import Caps, Outbox
from gateway.tls import Tls, usable


def lane(config: Config, vault: Vault, leg: str) -> Lane:
    """One leg of the post, sealed with the agent's key. Raises FileInvalid."""
    text = vault.text(config.link.secret, "link.secret")
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 16:
        msg = (
            f"link.secret: {config.link.secret} is not a key; store the base64 text that the registry showed, unchanged"
        )
        raise FileInvalid(msg)
    keyring = Keyring({config.link.id: key}, config.link.id)
    return Lane(keyring, config.agent, "down" if leg == "down" else "up")


def caps(post: Post) -> Caps:
    """How much telemetry the outbox keeps for the registry."""
    return Caps(droppable=round(post.telemetry_mb * (1 << 20)), age=timedelta(days=post.telemetry_days))


def sender(outbox: Outbox, up: Lane, post: Post) -> Sender:
    """The post's way up; what an outage left behind takes its time."""
    found = Sender(outbox, up, random.SystemRandom())
    found.flows[Stream.BACKFILL].limit(replace(LIMITS[Stream.BACKFILL], rate=post.backfill_kb_s * 1024))
    return found


def mqtt_settings(config: Config, vault: Vault) -> MqttSettings:
    """The broker as the MQTT client wants it. Raises FileInvalid."""
    broker = config.broker
    password = vault.text(broker.password, "broker.password") if broker.password else None
    files = Tls(broker.tls.ca, broker.tls.certificate, broker.tls.key) if broker.tls else None
    tls = usable(files, "broker.tls") if files else None
    return MqttSettings(broker.host, broker.port, f"thirdshift-{config.agent}", broker.user, password, tls)
