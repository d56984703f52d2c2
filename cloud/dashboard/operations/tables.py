"""The page's tables as HTML, with everything that comes from outside escaped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from cloud.audit.model import Act
from cloud.dashboard.operations.facts import Facts
from cloud.dashboard.operations.trouble import CLOCK_S, HARMLESS
from cloud.dashboard.when import DASH, When
from cloud.dashboard.words import Words
from cloud.operations.model import AgentLink, Flow, Hook, ParkedLine

MOST = 50
"""Rows of a table."""
_TONE = {"fresh": "good", "silent": "risk", "never": ""}


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says; `small` under it, `tone` as a badge, `title` for whoever points at it."""

    text: str
    small: str = ""
    tone: str | None = None
    title: str = ""

    def html(self) -> str:
        title = f' title="{escape(self.title)}"' if self.title else ""
        text = escape(self.text)
        inside = text if self.tone is None else f'<span class="badge {self.tone}">{text}</span>'
        small = f"<small>{escape(self.small)}</small>" if self.small else ""
        return f"<span{title}>{inside}{small}</span>"


NONE = Cell(DASH)


def table(words: Words, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The inside of a `<table>` with the caption `operations.NAME`; its cells carry their columns' names for phones."""
    heads = [words(f"operations.{name}_{column}") for column in columns]
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(_row(heads, row) for row in rows)
    caption = f'<caption class="unseen">{escape(words(f"operations.{name}"))}</caption>'
    return f"{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"


def _row(heads: Sequence[str], row: Sequence[Cell]) -> str:
    cells = (
        f'<td data-label="{escape(head)}"{" class=none" if cell == NONE else ""}>{cell.html()}</td>'
        for head, cell in zip(heads, row, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


LINKS = ("name", "seen", "clock", "waiting", "down", "lost", "refused", "parked")


def links(facts: Facts, when: When) -> str:
    """Agents and their links; those that are silent first."""
    shown = sorted(facts.links, key=lambda link: (link.seen != "silent", link.name))[:MOST]
    return table(when.words, "links", LINKS, (_link(link, facts, when) for link in shown))


def _link(link: AgentLink, facts: Facts, when: When) -> Sequence[Cell]:
    words = when.words
    machines = words("operations.machines_one" if link.machines == 1 else "operations.machines", count=link.machines)
    return (
        Cell(link.name, f"{link.site} · {machines}", title=link.id),
        _seen(link, facts, when),
        _clock(link),
        _waiting(link, when),
        _count(link.down.waiting, when, link.down.oldest_at, "operations.since"),
        _lost(link, when),
        _refused(link, when),
        _count(link.parked.messages, when, link.parked.last_at, "operations.last", tone="risk"),
    )


def _seen(link: AgentLink, facts: Facts, when: When) -> Cell:
    word = when.words(f"operations.seen_{link.seen}")
    if link.last_receipt_at is None:
        return Cell(word, tone="")
    ago = when.words("operations.ago", length=when.long(facts.seen - link.last_receipt_at))
    return Cell(word, ago, _TONE[link.seen], when.moment(link.last_receipt_at))


def _clock(link: AgentLink) -> Cell:
    if link.clock_offset_s is None:
        return NONE
    off = abs(link.clock_offset_s) > CLOCK_S
    return Cell(f"{link.clock_offset_s:+.2f} s", tone="risk" if off else None)


def _waiting(link: AgentLink, when: When) -> Cell:
    told = [lane for lane in link.lanes if lane.told_at]
    if not told:
        return NONE
    waiting = sum(lane.waiting for lane in told)
    parts = ", ".join(f"{when.words.term('operations.stream', lane.stream)} {lane.waiting:,}" for lane in told)
    at = when.words("operations.told", at=when.moment(max(lane.told_at for lane in told if lane.told_at)))
    return Cell(f"{waiting:,}", at, title=parts)


def _lost(link: AgentLink, when: When) -> Cell:
    words = when.words
    real = [loss for loss in link.losses if loss.reason not in HARMLESS]
    parts = ", ".join(
        f"{words.term('operations.stream', each.stream)}: {words.term('operations.reason', each.reason)}"
        f" {each.messages:,}"
        for each in link.losses
    )
    count = sum(loss.messages for loss in real)
    if not count:
        return Cell("0", title=parts)
    last = words("operations.last", at=when.moment(max(loss.last_at for loss in real)))
    return Cell(f"{count:,}", last, "risk", parts)


def _refused(link: AgentLink, when: When) -> Cell:
    count = sum(each.packets for each in link.refused)
    reasons = ", ".join(
        f"{when.words.term('operations.refusal', each.reason)} {each.packets:,}" for each in link.refused
    )
    last = max((each.last_at for each in link.refused), default=None)
    cell = _count(count, when, last, "operations.last", tone="risk")
    return Cell(cell.text, cell.small, cell.tone, reasons)


def _count(count: int, when: When, at: datetime | None, key: str, tone: str | None = None) -> Cell:
    if not count or at is None:
        return Cell(f"{count:,}")
    return Cell(f"{count:,}", when.words(key, at=when.moment(at)), tone)


FLOWS = ("stream", "messages", "samples", "p50", "p99", "last")


def flows(facts: Facts, when: When) -> str:
    """What came lately, by stream."""
    return table(when.words, "flows", FLOWS, (_flow(flow, when) for flow in facts.ingest.flows))


def _flow(flow: Flow, when: When) -> Sequence[Cell]:
    told = (seconds(flow.p50_s, when.words), seconds(flow.p99_s, when.words))
    last = when.moment(flow.last_at) if flow.last_at else DASH
    name = when.words.term("operations.stream", flow.stream)
    return (Cell(name), Cell(rate(flow.messages_per_s)), Cell(rate(flow.samples_per_s)), *map(Cell, told), Cell(last))


STORES = ("what", "name", "answers", "keeps", "trails", "oldest")


def stores(facts: Facts, when: When) -> str:
    """Both stores."""
    words, samples, registry = when.words, facts.stores.samples, facts.stores.registry
    good = Cell(words("operations.answers"), tone="good")
    well = good if samples.answers else Cell(words("operations.away"), samples.detail or "", "risk")
    unknown = "operations.not_told" if samples.name == "VictoriaMetrics" else "operations.none_yet"
    oldest = Cell(when.moment(samples.oldest_at) if samples.oldest_at else words(unknown))
    at_once, for_ever = Cell(words("operations.at_once")), Cell(words("operations.for_ever"))
    trails = Cell(words("operations.s", s=f"{samples.trails_s:g}")) if samples.trails_s else at_once
    keeps = (Cell(_period(samples.keeps, words)) if samples.keeps else for_ever) if samples.answers else NONE
    rows = (
        (
            Cell(words("operations.store_registry")),
            Cell(registry.name, registry.version),
            good,
            for_ever,
            at_once,
            NONE,
        ),
        (
            Cell(words("operations.store_samples")),
            Cell(samples.name, samples.version or ""),
            well,
            keeps,
            trails,
            oldest if samples.answers else NONE,
        ),
    )
    return table(words, "stores", STORES, rows)


def _period(text: str, words: Words) -> str:
    """As the store writes it, unless that is a number of days."""
    days = text.removesuffix("d")
    return words("operations.days", d=days) if days.isdecimal() else text


HOOKS = ("url", "due", "failed", "delivered", "last", "answer")


def hooks(found: Sequence[Hook], when: When) -> str:
    """Webhooks and their deliveries."""
    return table(when.words, "hooks", HOOKS, (_hook(hook, when) for hook in found[:MOST]))


def _hook(hook: Hook, when: When) -> Sequence[Cell]:
    last = Cell(when.moment(hook.last_delivered_at)) if hook.last_delivered_at else NONE
    answer = " ".join(filter(None, (str(hook.status or ""), hook.error)))
    return (
        Cell(hook.url, title=hook.id),
        _count(hook.due, when, hook.next_at, "operations.next"),
        Cell(f"{hook.failed:,}", tone="risk" if hook.failed else None),
        Cell(f"{hook.delivered:,}"),
        last,
        Cell(answer) if answer else NONE,
    )


PARKED = ("at", "agent", "stream", "why")


def parked(found: Sequence[ParkedLine], when: When) -> str:
    """Messages that were refused, the newest first."""
    return table(when.words, "parked", PARKED, (_parked(line, when) for line in found[:MOST]))


def _parked(line: ParkedLine, when: When) -> Sequence[Cell]:
    stream = when.words.term("operations.stream", line.stream)
    number = f"{line.epoch:x}/{line.seq}"
    return (
        Cell(when.moment(line.at)),
        Cell(line.agent, title=line.agent_id),
        Cell(stream, number),
        Cell(line.code, line.reason, title=line.payload),
    )


ACTS = ("at", "by", "action", "object", "outcome")


def acts(found: Sequence[Act], when: When) -> str:
    """Who did what, the newest first."""
    return table(when.words, "acts", ACTS, (_act(act, when) for act in found))


def _act(act: Act, when: When) -> Sequence[Cell]:
    words = when.words
    who = act.account_id or act.key_name or act.key_id or act.agent_id or ""
    refused = act.outcome == "refused"
    times = f" ×{act.times}" if act.times > 1 else ""  # noqa: RUF001 - a multiplication sign is meant
    return (
        Cell(when.moment(act.at)),
        Cell(words.term("operations.by", act.by), who, title=act.key_id or ""),
        Cell(act.action),
        Cell(act.object_id) if act.object_id else NONE,
        Cell(words(f"operations.outcome_{act.outcome}") + times, act.code or "", "risk" if refused else None),
    )


def rate(value: float) -> str:
    """As exact as it is useful."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value else "0"


def seconds(value: float | None, words: Words) -> str:
    """`20 ms`, `1.4 s`, `3 min`, `2 h 05 min`."""
    if value is None:
        return DASH
    if value < 1:
        return words("operations.ms", ms=f"{value * 1000:.0f}")
    if value < 120:
        return words("operations.s", s=f"{value:.1f}")
    minutes = round(value / 60)
    return words("when.minutes", m=minutes) if minutes < 120 else words("when.hours", h=minutes // 60, m=minutes % 60)
