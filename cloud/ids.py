"""Ids of everything in the registry: a prefix that names the kind, then 26 characters that sort by time of making."""

import secrets
import time

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """`mch_01k…`: 48 bits of real time in milliseconds and 80 random bits, in Crockford's base 32 (lower case)."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return f"{prefix}_" + "".join(_DIGITS[number >> shift & 31] for shift in range(125, -5, -5))
