"""Which of a server's offers of security is taken: the highest, and never less than it once was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.sources.opcua_endpoint import Security

URI = "http://opcfoundation.org/UA/SecurityPolicy#"
POLICIES: tuple[str, ...] = ("None", "Aes128_Sha256_RsaOaep", "Basic256Sha256", "Aes256_Sha256_RsaPss")
"""The policies that we speak, the weakest first (OPC 10000-7, 6.6). Basic256Sha256 encrypts with AES-256 where
Aes128_Sha256_RsaOaep does with AES-128; their key exchange and signatures are alike."""

MODES: tuple[str, ...] = ("None", "Sign", "SignAndEncrypt")


@dataclass(frozen=True, slots=True)
class Level:
    """How a channel is secured: policy and mode, as OPC UA names them."""

    policy: str
    mode: str

    def __str__(self) -> str:
        return "no encryption" if self.policy == "None" else f"{self.policy} {self.mode}"

    @property
    def rank(self) -> tuple[int, int]:
        """Encrypted is more than signed, whatever the policy; below that, the stronger policy."""
        return MODES.index(self.mode), POLICIES.index(self.policy)

    @property
    def secure(self) -> bool:
        return self.policy != "None"


PLAIN = Level("None", "None")


@dataclass(frozen=True, slots=True)
class Unacceptable:
    """Nothing that the server offers is taken; the sentence goes on after the server's URL."""

    why: str


def choose(
    offered: Iterable[tuple[str, str]], wanted: Security, before: Level | None, *, with_user: bool
) -> Level | Unacceptable:
    """The level to take of what is offered as (policy URI, mode). `before`: what was taken when it last worked.

    `auto` never takes an open channel from a server that encrypts for others, nor one for a user to sign in over.
    """
    names = [(uri.removeprefix(URI), mode) for uri, mode in offered]
    levels = sorted(
        {Level(policy, mode) for policy, mode in names if policy in POLICIES and mode in MODES},
        key=lambda level: level.rank,
    )
    if wanted == "none":
        return PLAIN
    if wanted != "auto":
        levels = [level for level in levels if level.policy == wanted]
    best = levels[-1] if levels else None
    if best is None or (not best.secure and any(policy not in POLICIES for policy, _ in names)):
        return Unacceptable(_nothing(names, wanted))
    if before is not None and wanted == "auto" and best.rank < before.rank:
        return Unacceptable(
            f"offers {best} only, but had {before} before, so nothing is sent: find out why (an update, a stranger in "
            f"between?); if it is meant so, write `security: {best.policy if best.secure else 'none'}`"
        )
    if not best.secure and with_user:
        return Unacceptable(
            "offers no encryption, so a user's secret would cross the network in the open: switch encryption on in the "
            "server, or if that network is safe write `security: none`"
        )
    return best


def _nothing(names: Sequence[tuple[str, str]], wanted: Security) -> str:
    have = (
        ", ".join(sorted({f"{policy} {mode}" if policy != "None" else "None" for policy, mode in names})) or "nothing"
    )
    what = "no security that is still safe" if wanted == "auto" else f"no {wanted}"
    return f"offers {what}, only {have}: mend `security`, or switch on a better one in the server"
