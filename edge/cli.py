"""`thirdshift edge`: run, check, pause, resume, status, profiles."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway import log
from gateway.clock import Clock

app = typer.Typer(no_args_is_help=True, help="The agent beside the machines.")

ConfigFile = Annotated[Path, typer.Argument(help="the agent's config, a YAML file")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON document (for logs: one a line)")]


@app.command()
def run(config: ConfigFile, json: Json = False) -> None:
    """Run the agent until Ctrl-C."""
    from edge.run import run as run_agent  # noqa: PLC0415 - the other commands start faster without it

    log.configure(json=json)
    asyncio.run(run_agent(config, Clock.from_environment()))
