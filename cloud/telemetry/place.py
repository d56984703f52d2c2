"""Where samples are kept, as one setting says it."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit

KINDS = ("influx", "victoria")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine is. `bucket`: the database of InfluxDB 1 and 3."""

    url: str
    bucket: str = "thirdshift"
    org: str = "thirdshift"
    token: str = ""


def parse(text: str, token: str = "") -> tuple[str, Place | None]:
    """The kind of store and its place. Raises ValueError.

    `postgres`, `influx+http://HOST:8086?bucket=NAME&org=NAME` or `victoria+http://HOST:8428`.
    """
    if text == "postgres":
        return text, None
    kind, plus, url = text.partition("+")
    parts = urlsplit(url)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if kind not in KINDS or not plus or parts.scheme not in {"http", "https"} or not parts.hostname:
        msg = "write postgres, influx+http://HOST:8086?bucket=NAME&org=NAME or victoria+http://HOST:8428"
        raise ValueError(msg)
    if parts.username or parts.password or given.keys() - {"bucket", "org"}:
        msg = "the URL may have `bucket` and `org`; a token belongs in THIRDSHIFT_TELEMETRY_TOKEN"
        raise ValueError(msg)
    return kind, Place(urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")), **given, token=token)
