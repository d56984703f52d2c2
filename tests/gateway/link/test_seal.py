"""The envelope: only a holder of a key can seal, and a packet fits one agent, one leg and one direction only."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.link import Keyring, Lane, Refusal

BODY = b'{"t":"hello"}'


def test_what_was_sealed_is_opened(lane: Lane) -> None:
    packet = lane.seal("forth", BODY)
    assert packet.startswith(b"TS1 k1 ")
    assert lane.unseal("forth", packet) == BODY


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda packet: packet[:-1], Refusal.MAC),
        (lambda packet: packet + b"\n", Refusal.MAC),
        (lambda packet: packet.replace(b"TS1", b"TS2", 1), Refusal.VERSION),
        (lambda packet: packet.replace(b"k1", b"k9", 1), Refusal.KEY),
        (lambda packet: packet.replace(b"\n", b" ", 1), Refusal.FORM),
        (lambda packet: packet.replace(b"TS1 ", b"TS1  ", 1), Refusal.FORM),
        (lambda packet: b"TS1 k1 \xff" + packet[8:], Refusal.FORM),
        (lambda packet: packet[:0], Refusal.FORM),
        (lambda packet: packet.split(b"\n")[0], Refusal.FORM),
    ],
    ids=["cut", "longer", "version", "key", "one line", "spaces", "not ASCII", "empty", "no body"],
)
def test_a_packet_that_is_not_ours_is_told_apart(lane: Lane, change: Callable[[bytes], bytes], reason: Refusal) -> None:
    assert lane.unseal("forth", change(lane.seal("forth", BODY))) is reason


@pytest.mark.parametrize(
    "other",
    [{"agent": "edge-2"}, {"leg": "down"}, {"keyring": Keyring({"k1": b"another secret"}, "k1")}],
    ids=["another agent", "the other leg", "another secret"],
)
def test_a_captured_packet_opens_nowhere_else(lane: Lane, other: dict[str, Any]) -> None:
    assert replace(lane, **other).unseal("forth", lane.seal("forth", BODY)) is Refusal.MAC


def test_a_captured_packet_does_not_open_in_the_other_direction(lane: Lane) -> None:
    assert lane.unseal("back", lane.seal("forth", BODY)) is Refusal.MAC


def test_a_retired_key_opens_still_while_it_is_kept(lane: Lane) -> None:
    old = lane.seal("forth", BODY)
    both = replace(lane, keyring=Keyring({"k1": lane.keyring.keys["k1"], "k2": b"new"}, "k2"))
    assert both.unseal("forth", old) == BODY
    assert both.seal("forth", BODY).startswith(b"TS1 k2 ")


@pytest.mark.parametrize("kid", ["", "a b", "ü", "a\nb"])
def test_a_key_id_that_would_break_the_envelope_is_refused(kid: str) -> None:
    with pytest.raises(ValueError, match="key id"):
        Keyring({kid: b"s"}, kid)


def test_the_active_key_must_be_there() -> None:
    with pytest.raises(ValueError, match="active"):
        Keyring({"k1": b"s"}, "k2")
