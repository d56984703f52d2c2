"""Grafana's files are as they are made, in the form that Grafana reads, and each panel's question is answered."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from foreign_stores import Engine, OldWriter
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from ruamel.yaml import YAML

from cloud.dashboard.grafana import make
from cloud.telemetry.engine import ClientWriter, Place, Reader
from cloud.telemetry.influx import InfluxSamples
from cloud.telemetry.model import Series
from cloud.telemetry.victoria import VictoriaSamples

BOARDS = sorted((make.HERE / "dashboards").glob("*.json"))
MADE = {path.stem: json.loads(path.read_text("utf-8")) for path in BOARDS}
COUNT, LAST = 120, int(time.time()) - 30
"""Samples of each signal, one a second, the last half a minute ago, as engines do not look back for long."""


def panels(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (panel for panel in board["panels"] if panel["type"] != "row")


ASKED = [
    pytest.param(name, panel["title"], target, id=f"{name}: {panel['title']} {target['refId']}")
    for name, board in MADE.items()
    for panel in panels(board)
    for target in panel["targets"]
]


def test_the_files_are_as_make_grafana_makes_them() -> None:
    assert make.drifted() == []


def test_a_file_that_was_changed_is_missing_or_is_nobodys_is_told(tmp_path: Path) -> None:
    for place, text in make.files().items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    assert make.drifted(tmp_path) == []
    changed, missing = (tmp_path / "dashboards" / f"{name}.json" for name in sorted(MADE)[:2])
    changed.write_text(changed.read_text().replace("$__interval", "10s", 1))
    missing.unlink()
    (tmp_path / "dashboards" / "stray.json").write_text("{}")
    found = make.drifted(tmp_path)
    assert found == sorted(f"dashboards/{name}.json" for name in (changed.stem, missing.stem, "stray"))


@pytest.mark.parametrize("name", sorted(MADE))
def test_a_dashboard_says_the_same_once_the_library_has_read_it(name: str) -> None:
    read = Dashboard.from_json(MADE[name])
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == MADE[name]


@pytest.mark.parametrize("name", sorted(MADE))
def test_every_panel_has_a_title_an_explanation_and_a_source_that_is_provisioned(name: str) -> None:
    board = MADE[name]
    known = {source["uid"]: source["type"] for source in make.SOURCES["datasources"]}
    assert board["uid"] == name
    for panel in panels(board):
        assert panel["title"]
        assert panel["description"].endswith((".", "names."))
        assert known[panel["datasource"]["uid"]] == panel["datasource"]["type"]
    places = [tuple(panel["gridPos"][key] for key in ("x", "y")) for panel in board["panels"]]
    assert len(set(places)) == len(places)


def test_the_provisioning_files_are_yaml_without_a_secret() -> None:
    for path in (make.HERE / "provisioning").rglob("*.yaml"):
        document = YAML(typ="safe").load(path.read_text("utf-8"))
        assert document["apiVersion"] == 1
        for source in document.get("datasources", ()):
            assert source["url"].startswith("$")
            assert all("$" in secret for secret in source.get("secureJsonData", {}).values())


def filled(text: str, step: int = 10) -> str:
    """The query as Grafana sends it: its own variables and the dashboard's put in."""
    start, end = (LAST - COUNT - 1) * 1000, (LAST + 1) * 1000
    given = {
        "$__interval_ms": str(step * 1000),
        "$__interval": f"{step}s",
        "$__range": f"{COUNT + 2}s",
        "$timeFilter": f"time >= {start}ms and time <= {end}ms",
        "$machine": "mch_grafana1",
        "$signal": "(power|speed)",
    }
    for name, value in given.items():
        text = text.replace(name, value)
    assert "$" not in text.replace("$/", "")
    return text


def columns() -> list[Series]:
    """Two machines; of the first machine's speed every tenth sample is bad, and its power rises to 119."""
    at = [(LAST - COUNT + 1 + number) * 1_000_000 for number in range(COUNT)]
    rising = [float(number) for number in range(COUNT)]
    bad = bytes(2 if number % 10 == 0 else 0 for number in range(COUNT))
    return [
        Series("mch_grafana1", "power", at, rising),
        Series("mch_grafana1", "speed", at, [5.0] * COUNT, bad),
        Series("mch_grafana2", "power", at, rising),
    ]


@pytest.fixture(scope="module")
def written() -> dict[str, bool]:
    """Which store has the samples already."""
    return {}


async def influx_answers(engine: Engine, written: dict[str, bool], query: str) -> list[dict[str, Any]]:
    place = Place(engine.url, bucket="grafana")
    reader, writer = Reader(place), OldWriter(place)
    try:
        if not written.get("influx"):
            await reader.get("/query", q="CREATE DATABASE grafana")
            await InfluxSamples(writer, reader, "grafana").write(columns())
            written["influx"] = True
        (result,) = (await reader.get("/query", db="grafana", epoch="ms", q=query))["results"]
    finally:
        await writer.close()
        await reader.close()
    assert "error" not in result, result
    return list(result.get("series", ()))


async def victoria_answers(engine: Engine, written: dict[str, bool], target: Mapping[str, Any]) -> list[dict[str, Any]]:
    place = Place(engine.url)
    reader = Reader(place)
    store = VictoriaSamples(ClientWriter(place), reader)
    try:
        if not written.get("victoria"):
            await store.write(columns())
            await reader.text("/internal/force_flush")
            written["victoria"] = True
        window = (
            {"time": LAST + 1} if target.get("instant") else {"start": LAST - COUNT + 10, "end": LAST, "step": "10s"}
        )
        path = "/api/v1/query" if target.get("instant") else "/api/v1/query_range"
        answer = await reader.get(path, query=filled(target["expr"]), **window)
    finally:
        await store.close()
    return list(answer["data"]["result"])


@pytest.mark.parametrize(("name", "title", "target"), [each for each in ASKED if "influx" in each.values[0]])
async def test_influxdb_answers_each_panels_question(
    influx: Engine, written: dict[str, bool], name: str, title: str, target: Mapping[str, Any]
) -> None:
    series = await influx_answers(influx, written, filled(target["query"]))
    told = {(each["tags"].get("signal") or each["tags"]["machine"]): each["values"] for each in series}
    check(title, {key: [row[1:] for row in rows] for key, rows in told.items()})
    if title == "Last sample of each machine":
        assert {rows[0][0] for rows in told.values()} == {LAST * 1000}


@pytest.mark.parametrize(("name", "title", "target"), [each for each in ASKED if "victoria" in each.values[0]])
async def test_victoriametrics_answers_each_panels_question(
    victoria: Engine, written: dict[str, bool], name: str, title: str, target: Mapping[str, Any]
) -> None:
    found = await victoria_answers(victoria, written, target)
    told: dict[str, list[list[float]]] = {}
    for each in found:
        key = each["metric"].get("signal") or each["metric"]["machine"]
        values = each["values"] if "values" in each else [each["value"]]
        told[key] = [[float(value)] for _, value in values]
    check(title, told)
    if title == "Last sample of each machine":
        assert {rows[0][0] for rows in told.values()} == {LAST * 1000.0}


def check(title: str, told: dict[str, list[list[float]]]) -> None:
    """The figures that the samples come to, whichever store was asked."""
    whole = {key: [row[0] for row in rows if row[0] is not None] for key, rows in told.items()}
    by_machine = title in {"Samples a second, by machine", "Last sample of each machine"}
    assert told.keys() <= ({"mch_grafana1", "mch_grafana2"} if by_machine else {"power", "speed"})
    match title:
        case "Latest value":
            assert whole == {"power": [119.0], "speed": [5.0]}
        case "Least, mean and most":
            assert whole["speed"]
            assert set(whole["speed"]) == {5.0}
            assert max(max(row) for row in told["power"]) >= 105
        case "Samples a second":
            assert sorted(whole) == ["power", "speed"]
            assert 1.0 in {round(value, 6) for value in whole["power"]}
        case "Doubtful samples":
            assert sum(whole["speed"]) in {11, 12}
            assert sum(whole.get("power", [0])) == 0
        case "Samples a second, by machine":
            assert 2.0 in {round(value, 6) for value in whole["mch_grafana1"]}
            assert 1.0 in {round(value, 6) for value in whole["mch_grafana2"]}
        case _:
            assert sorted(whole) == ["mch_grafana1", "mch_grafana2"]


@pytest.mark.parametrize("name", sorted(name for name in MADE if name.endswith("machine")))
async def test_the_variables_find_machines_and_signals(
    name: str, influx: Engine, victoria: Engine, written: dict[str, bool]
) -> None:
    asked = {each["name"]: each["query"] for each in MADE[name]["templating"]["list"]}
    if "influx" in name:
        machines, signals = [
            {row[1] for each in await influx_answers(influx, written, filled(asked[key])) for row in each["values"]}
            for key in ("machine", "signal")
        ]
    else:
        selector = {key: filled(asked[key]).removeprefix("label_values(").rpartition(",")[0] for key in asked}
        series = {
            key: await victoria_answers(victoria, written, {"expr": f"last_over_time({of}[1h])", "instant": True})
            for key, of in selector.items()
        }
        machines, signals = ({each["metric"][key] for each in series[key]} for key in ("machine", "signal"))
    assert {"mch_grafana1", "mch_grafana2"} <= machines
    assert signals == {"power", "speed"}
