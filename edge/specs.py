"""Puts together, from a config and what it refers to, all that each machine's part of the agent is made of."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from edge import wiring
from edge.change import Spec
from edge.config import Config
from edge.errors import FileInvalid
from edge.profile import find
from edge.secret import Vault


def specs(config: Config, vault: Vault) -> dict[str, Spec]:
    """The spec of every machine. Raises FileInvalid for a profile that cannot be used."""
    return {name: _spec(config, name, vault) for name in config.machines}


def _spec(config: Config, name: str, vault: Vault) -> Spec:
    machine, selling = config.machines[name], config.selling
    profile = find(machine.profile, config.profiles)
    second = find(machine.mode_from.profile, config.profiles) if machine.mode_from else None
    shown, plan, calendars = config.disclosure.of(name), machine.plan or config.plan, config.calendars(name)
    units = {name: (each.measured_in, each.line) for name, each in profile.signals.items() if name in shown.signals}
    post, sources = (config.post.lease_s, config.post.settle_s), (machine.source, machine.mode_from)
    return Spec(
        source=(sources, profile, second, shown.signals, tuple(_secrets(sources, vault))),
        terms=(
            wiring.merged(machine.selling, selling),
            profile,
            second,
            machine.quantity,
            shown,
            post,
            plan,
            calendars,
        ),
        papers=(calendars, plan, machine.plan is None),
        orders=machine.orders.rules,
        identity=(machine.profile, machine.manufacturer, machine.model, machine.serial, machine.quantity, units),
    )


def _secrets(value: Any, vault: Vault) -> Iterator[str]:
    """The text of every secret that is referred to, so that a changed password is a changed source."""
    match value:
        case SecretStr():
            yield from _secrets(value.get_secret_value(), vault)
        case str() if value.startswith(("env:", "file:")):
            yield _text(value, vault)
        case Mapping():
            for each in value.values():
                yield from _secrets(each, vault)
        case list() | tuple():
            for each in value:
                yield from _secrets(each, vault)
        case _ if hasattr(value, "model_dump"):
            yield from _secrets(value.model_dump(), vault)


def _text(reference: str, vault: Vault) -> str:
    try:
        return vault.text(reference, "")
    except FileInvalid:
        return ""
