"""An InfluxQL query as Grafana's InfluxDB data source has it; the library's own queries leave this source out."""

from typing import Any, Self

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import DataqueryConfig, Runtime
from grafana_foundation_sdk.cog.variants import Dataquery

KIND = "influxdb"


class InfluxQuery(Dataquery):
    """`text` is sent as it is once Grafana has put its variables in; `alias` names the series that come back."""

    def __init__(self, text: str, alias: str = "", shape: str = "time_series", mark: str = "A") -> None:
        self.text, self.alias, self.shape, self.mark = text, alias, shape, mark

    def to_json(self) -> dict[str, object]:
        said: dict[str, object] = {"query": self.text, "rawQuery": True, "resultFormat": self.shape}
        return {**said, "refId": self.mark, "alias": self.alias}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        if not data["rawQuery"]:
            msg = "a query that Grafana's editor assembles is not one of ours"
            raise ValueError(msg)
        return cls(data["query"], data["alias"], data["resultFormat"], data["refId"])


class Influx(Builder[InfluxQuery]):
    """The same, as the library's panels want to be given it."""

    def __init__(self, text: str, alias: str = "", shape: str = "time_series", mark: str = "A") -> None:
        self._query = InfluxQuery(text, alias, shape, mark)

    def build(self) -> InfluxQuery:
        return self._query


Runtime().register_dataquery_variant(DataqueryConfig(KIND, InfluxQuery.from_json))
