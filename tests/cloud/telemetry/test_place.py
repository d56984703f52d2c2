"""One setting names the store of samples; what cannot be used says what can."""

import pytest

from cloud.config import Settings
from cloud.telemetry.choose import Shelf, store
from cloud.telemetry.place import Place, parse
from gateway.errors import UsageError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("postgres", ("postgres", None)),
        ("victoria+http://127.0.0.1:8428", ("victoria", Place("http://127.0.0.1:8428", token="t"))),
        ("influx+https://db.plant/metrics/", ("influx", Place("https://db.plant/metrics", token="t"))),
        ("influx+http://x:8086?bucket=b&org=o", ("influx", Place("http://x:8086", "b", "o", "t"))),
    ],
)
def test_a_store_is_named_by_its_kind_and_url(text: str, found: tuple[str, Place | None]) -> None:
    assert parse(text, "t") == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mysql",
        "influx",
        "influx+",
        "influx+ftp://x",
        "victoria+http://",
        "victoria+http://a:b@x:1",
        "influx+http://x?db=1",
    ],
)
def test_what_cannot_be_used_is_told_with_what_can(text: str) -> None:
    with pytest.raises(ValueError, match=r"write postgres|THIRDSHIFT_TELEMETRY_TOKEN"):
        parse(text)
    if text:
        with pytest.raises(UsageError, match="THIRDSHIFT_TELEMETRY: "):
            Settings.from_environment({"THIRDSHIFT_TELEMETRY": text})


@pytest.mark.parametrize(
    ("text", "name"),
    [("postgres", "PostgreSQL"), ("influx+http://x:8086", "InfluxDB"), ("victoria+http://x:8428", "VictoriaMetrics")],
)
async def test_who_writes_and_who_reads_get_the_same_store(text: str, name: str) -> None:
    settings = Settings.from_environment({"THIRDSHIFT_TELEMETRY": text, "THIRDSHIFT_TELEMETRY_TOKEN": "t"})
    keeper, shelf = store(settings, None), Shelf(settings, None)  # type: ignore[arg-type]
    assert (keeper.name, shelf.name) == (name, name)
    await keeper.close()
    await shelf.close()
