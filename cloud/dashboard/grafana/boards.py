"""The dashboards of one store: a machine's signals, and who sends at all."""

from grafana_foundation_sdk.builders.common import VizLegendOptions, VizTooltipOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, QueryVariable, Row
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, SortOrder, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DynamicConfigValue,
    VariableRefresh,
    VariableSort,
)

from cloud.dashboard.grafana.asks import Asks

CHOSEN = "What came as the plant let it out; the registry's own pages explain states, hours and bookings."

MOMENT = [DynamicConfigValue("unit", "dateTimeAsIso"), DynamicConfigValue("displayName", "last sample")]
"""VictoriaMetrics tells it as a number, in ms of UNIX time."""


def boards(store: Asks) -> list[Dashboard]:
    """Both dashboards of the store."""
    return [machine(store), senders(store)]


def machine(store: Asks) -> Dashboard:
    """The signals of a machine that one chooses."""
    return (
        _board(store, "machine", f"Thirdshift: a machine's signals ({store.name})", CHOSEN)
        .with_variable(_variable(store, "machine", "Machine", store.machines))
        .with_variable(
            _variable(store, "signal", "Signal", store.signals).multi(multi=True).include_all(include_all=True)
        )
        .with_row(Row("$machine"))
        .with_panel(_latest(store))
        .with_panel(
            _lines(
                store, "Least, mean and most", "Over each step that the axis has room for, so that no peak is hidden."
            )
            .targets([*store.spread])
            .height(10)
            .span(24)
        )
        .with_panel(
            _lines(store, "Samples a second", "How often the signal was read. A hole is a time in which nothing came.")
            .targets([*store.rate])
            .unit("samples/s")
            .min(0)
            .span(12)
        )
        .with_panel(
            _lines(store, "Doubtful samples", "Those whose source called them uncertain or bad, or gave no value.")
            .targets([*store.doubtful])
            .unit("samples")
            .min(0)
            .span(12)
        )
    )


def senders(store: Asks) -> Dashboard:
    """Which machines send, and since when one does not."""
    return (
        _board(store, "senders", f"Thirdshift: who sends ({store.name})", "Samples by machine, and when the last came.")
        .with_panel(
            _lines(store, "Samples a second, by machine", "A line that ends is a machine that nothing comes from.")
            .targets([*store.load])
            .unit("samples/s")
            .min(0)
            .height(12)
            .span(24)
        )
        .with_panel(
            Table()
            .title("Last sample of each machine")
            .description("By the source's own clock. What is older than it should be: look at the agent's link.")
            .datasource(store.source)
            .targets([*store.last])
            .override_by_regexp("Value.*", MOMENT)
            .height(12)
            .span(24)
        )
    )


def _board(store: Asks, part: str, title: str, description: str) -> Dashboard:
    return (
        Dashboard(title)
        .uid(f"{store.source.uid}-{part}")
        .description(description)
        .tags(["thirdshift"])
        .time("now-6h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
    )


def _variable(store: Asks, name: str, label: str, query: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(label)
        .datasource(store.source)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


def _latest(store: Asks) -> Stat:
    return (
        Stat()
        .title("Latest value")
        .description("Of each signal in the time that is shown; in the unit that the plant's profile names.")
        .datasource(store.source)
        .targets([*store.latest])
        .no_value("nothing came in this time")
        .height(5)
        .span(24)
    )


def _lines(store: Asks, title: str, description: str) -> Timeseries:
    return (
        Timeseries()
        .title(title)
        .description(description)
        .datasource(store.source)
        .interval("1s")
        .line_width(1)
        .legend(
            VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM).show_legend(True)
        )
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        .no_value("nothing came in this time")
    )
