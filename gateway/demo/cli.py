"""`thirdshift demo`: the main job on this machine, live for a person or once for a script."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.clock import MAX_SPEED
from gateway.demo.run import Wish, run

app = typer.Typer(help="The main job from end to end on this machine: plant, agents, cloud and partner.")


@app.callback(invoke_without_command=True)
def demo(
    once: Annotated[bool, typer.Option("--once", help="Tell the story once without a person, then stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
    replay: Annotated[Path | None, typer.Option(help="A CSV log that the machines live through.")] = None,
    speed: Annotated[float, typer.Option(help=f"Business seconds in a real second, at most {MAX_SPEED:g}.")] = 60.0,
    data: Annotated[Path | None, typer.Option(help="Keep the data in this folder between runs.")] = None,
) -> None:
    """Exits 0 only if all of the story happened. Without a terminal, or with CI=true, it behaves like --once."""
    once = once or not sys.stdout.isatty() or os.environ.get("CI") == "true"
    began = time.monotonic()

    def tell(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:6.1f} s  {line}\n" if not line.startswith("\n") else line)
        sys.stderr.flush()

    result = asyncio.run(run(Wish(once, replay, speed, data, tell)))
    result["seconds"] = round(time.monotonic() - began, 1)
    if as_json:
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
    raise typer.Exit(0 if result["ok"] or not once else 1)
