"""`thirdshift edge check`: on the screen."""

import asyncio
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from edge import screen
from edge.verdict import STATE, Verdict
from gateway import log
from gateway.clock import Clock


def check(
    config: Annotated[Path, typer.Argument(help="the agent's config, a YAML file")],
    json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """Try everything that the agent needs, and say what to mend. Exit code 1 if something is wrong."""
    from edge.check import check as check_all  # noqa: PLC0415 - the other commands start faster without it

    log.configure(json=json, level="critical")
    with screen.busy("Looking", json=json) as tell:
        report = asyncio.run(check_all(config, Clock.from_environment(), tell))
    findings = [
        {"ok": each.ok, "what": each.what, "found": each.found, "remedy": each.remedy} for each in report.findings
    ]
    if json:
        screen.say_json(
            {"ok": report.ok, "findings": findings, "signals": [_document(each) for each in report.signals]}
        )
        raise typer.Exit(0 if report.ok else 1)
    rows = [[_mark(each.ok), *map(escape, (each.what, each.found, each.remedy))] for each in report.findings]
    screen.table("What the agent needs", ("ok", "what", "found", "what to do"), rows)
    if report.signals:
        columns = ("ok", "machine", "signal", "value", "type", "unit", "quality", "verdict")
        screen.table("What the machines say", columns, [_row(each) for each in report.signals])
    raise typer.Exit(0 if report.ok else 1)


_NAMESPACE = re.compile(r"nsu=[^;\s]+;")


def _mark(ok: bool) -> str:
    return "[green]yes[/]" if ok else "[red]no[/]"


def _document(each: Verdict) -> dict[str, Any]:
    return {
        "ok": each.ok,
        "machine": each.machine,
        "signal": each.signal,
        "place": each.place,
        "value": each.value,
        "type": each.type,
        "unit": each.unit,
        "quality": each.quality.value if each.quality else None,
        "problem": each.problem,
        "advice": each.advice,
    }


def _row(each: Verdict) -> list[str]:
    verdict = "; ".join(part for part in (each.problem, each.advice) if part)
    verdict = _NAMESPACE.sub("", verdict)  # the whole address is in --json
    signal = each.signal if each.signal != STATE else "→ state / mode"
    cells = (
        each.machine,
        signal,
        each.value,
        each.type,
        each.unit,
        each.quality.value if each.quality else None,
        verdict or "good",
    )
    return [_mark(each.ok), *map(screen.plain, cells[:-1]), escape(str(cells[-1]))]
