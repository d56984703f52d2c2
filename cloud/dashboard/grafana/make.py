"""`make grafana`: writes the dashboards and what tells Grafana of them; `--check` only looks if they are so."""

import io
import json
import sys
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from ruamel.yaml import YAML

from cloud.dashboard.grafana.asks import STORES
from cloud.dashboard.grafana.boards import boards

HERE = Path(__file__).parent
HEAD = "# Made by `make grafana`; what is changed here by hand is lost.\n"

SOURCES: dict[str, Any] = {
    "apiVersion": 1,
    "datasources": [
        {
            "name": "Thirdshift samples (InfluxDB)",
            "uid": "thirdshift-influx",
            "type": "influxdb",
            "access": "proxy",
            "url": "$THIRDSHIFT_INFLUX_URL",
            "jsonData": {
                "version": "InfluxQL",
                "dbName": "$THIRDSHIFT_INFLUX_BUCKET",
                "httpMode": "POST",
                "timeInterval": "1s",
                "httpHeaderName1": "Authorization",
            },
            "secureJsonData": {"httpHeaderValue1": "Token $THIRDSHIFT_TELEMETRY_TOKEN"},
        },
        {
            "name": "Thirdshift samples (VictoriaMetrics)",
            "uid": "thirdshift-victoria",
            "type": "prometheus",
            "access": "proxy",
            "url": "$THIRDSHIFT_VICTORIA_URL",
            "jsonData": {"httpMethod": "POST", "timeInterval": "1s", "prometheusType": "Prometheus"},
        },
    ],
}
PROVIDERS: dict[str, Any] = {
    "apiVersion": 1,
    "providers": [
        {
            "name": "thirdshift",
            "folder": "Thirdshift",
            "type": "file",
            "disableDeletion": True,
            "allowUiUpdates": False,
            "updateIntervalSeconds": 60,
            "options": {"path": "$THIRDSHIFT_GRAFANA_DASHBOARDS"},
        }
    ],
}


def files() -> dict[Path, str]:
    """Each file's place under this folder, and its text."""
    found = {
        Path("provisioning/datasources/thirdshift.yaml"): _yaml(SOURCES),
        Path("provisioning/dashboards/thirdshift.yaml"): _yaml(PROVIDERS),
    }
    for store in STORES:
        for board in boards(store):
            found[Path("dashboards") / f"{board.build().uid}.json"] = text(board)
    return found


def text(board: Dashboard) -> str:
    """The dashboard as Grafana reads it."""
    return json.dumps(board.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def drifted(folder: Path = HERE) -> list[str]:
    """The files that are not as they would be made, and those that nobody makes."""
    wanted = files()
    there = {path.relative_to(folder) for kind in ("json", "yaml") for path in folder.rglob(f"*.{kind}")}
    other = [path for path, made in wanted.items() if path in there and (folder / path).read_text("utf-8") != made]
    return sorted(map(str, {*other, *(wanted.keys() ^ there)}))


def main(arguments: list[str]) -> None:
    """Write the files, or end with 1 where `--check` finds that they are not so."""
    if arguments == ["--check"]:
        if found := drifted():
            sys.exit(f"not as `make grafana` makes them: {', '.join(found)}")
        return
    for path, made in files().items():
        place = HERE / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(made, encoding="utf-8")


def _yaml(document: Any) -> str:
    stream = io.StringIO()
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, stream)
    return HEAD + stream.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
