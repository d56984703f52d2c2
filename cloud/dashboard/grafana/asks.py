"""What the dashboards ask of each store, in its own language: the same questions, of the same line protocol."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.prometheus import Dataquery as Prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from cloud.dashboard.grafana.influxql import KIND, Influx
from cloud.telemetry.lines import MEASUREMENT

Asked = Builder[Dataquery]

CHOSEN = "machine =~ /^$machine$/ AND signal =~ /^$signal$/"


@dataclass(frozen=True, slots=True)
class Asks:
    """A store's questions. `machines` and `signals` fill the variables; the others fill a panel each."""

    name: str
    source: DataSourceRef
    machines: str
    signals: str
    spread: Sequence[Asked]
    latest: Sequence[Asked]
    rate: Sequence[Asked]
    doubtful: Sequence[Asked]
    load: Sequence[Asked]
    last: Sequence[Asked]


def _influx() -> Asks:
    by_signal, by_machine = "time($__interval), signal", "time($__interval), machine"
    rate = "count(q) * 1000 / $__interval_ms AS rate"
    # q = 4 * kind + quality; of no value is kind 2, and what is not good has a quality that is not 0.
    doubtful = " OR ".join(f"q = {mark}" for mark in (1, 2, 5, 6, 8, 9, 10))
    return Asks(
        name="InfluxDB",
        source=DataSourceRef(type_val=KIND, uid="thirdshift-influx"),
        machines=f"SHOW TAG VALUES FROM {MEASUREMENT} WITH KEY = machine",
        signals=f"SHOW TAG VALUES FROM {MEASUREMENT} WITH KEY = signal WHERE machine =~ /^$machine$/",
        spread=[_select("min(v) AS least, mean(v) AS mean, max(v) AS most", by_signal, "$tag_signal $col", CHOSEN)],
        latest=[_select("last(v) AS value", "signal", "$tag_signal", CHOSEN)],
        rate=[_select(rate, f"{by_signal} fill(0)", "$tag_signal", CHOSEN)],
        doubtful=[_select("count(q) AS samples", f"{by_signal} fill(0)", "$tag_signal", f"{CHOSEN} AND ({doubtful})")],
        load=[_select(rate, f"{by_machine} fill(0)", "$tag_machine")],
        last=[_select("last(q) AS mark", "machine", shape="table")],
    )


def _select(what: str, group: str, alias: str = "", where: str = "", shape: str = "time_series") -> Influx:
    condition = f"$timeFilter AND {where}" if where else "$timeFilter"
    filled = group if "fill" in group or "time" not in group else f"{group} fill(none)"
    text = f"SELECT {what} FROM {MEASUREMENT} WHERE {condition} GROUP BY {filled}"  # noqa: S608 - Grafana quotes
    return Influx(text, alias, shape)


def _victoria() -> Asks:
    chosen = 'machine=~"$machine",signal=~"$signal"'
    number, mark = f"{MEASUREMENT}_v", f"{MEASUREMENT}_q"
    spread = {"A": ("least", "min"), "B": ("mean", "avg"), "C": ("most", "max")}
    return Asks(
        name="VictoriaMetrics",
        source=DataSourceRef(type_val="prometheus", uid="thirdshift-victoria"),
        machines=f"label_values({number}, machine)",
        signals=f'label_values({number}{{machine=~"$machine"}}, signal)',
        spread=[
            _prom(f"{how}_over_time({number}{{{chosen}}}[$__interval])", f"{{{{signal}}}} {name}", ref)
            for ref, (name, how) in spread.items()
        ],
        latest=[_prom(f"last_over_time({number}{{{chosen}}}[$__range])", "{{signal}}").instant()],
        rate=[
            _prom(
                f"sum by (signal) (count_over_time({number}{{{chosen}}}[$__interval])) * 1000 / $__interval_ms",
                "{{signal}}",
            )
        ],
        doubtful=[_prom(f"sum by (signal) (count_over_time({mark}{{{chosen}}}[$__interval]))", "{{signal}}")],
        load=[
            _prom(
                f"sum by (machine) (count_over_time({number}[$__interval])) * 1000 / $__interval_ms",
                "{{machine}}",
            )
        ],
        last=[
            _prom(f"max by (machine) (tlast_over_time({number}[$__range])) * 1000", "{{machine}}")
            .instant()
            .format(PromQueryFormat.TABLE)
        ],
    )


def _prom(expression: str, legend: str, mark: str = "A") -> Prometheus:
    return Prometheus().expr(expression).legend_format(legend).ref_id(mark)


STORES = (_influx(), _victoria())
