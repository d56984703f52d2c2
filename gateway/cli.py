"""The `thirdshift` command: finds its sub-commands by entry points, so that no import joins edge and cloud."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points

import typer

from gateway.ending import ended

GROUP = "thirdshift.commands"


def build(wanted: str | None = None) -> typer.Typer:
    """The command with every installed sub-command; one whose extra is missing says which to install.

    Where the `wanted` sub-command is known, no other is loaded: a command of one side starts without the other.
    """
    root = typer.Typer(no_args_is_help=True, help="Idle hours of real machines: offered, booked, run and metered.")
    root.callback()(_root)
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    for point in [point for point in points if point.name == wanted] or points:
        try:
            root.add_typer(point.load(), name=point.name)
        except ModuleNotFoundError as error:
            root.add_typer(_missing(point.name, error.name or "?"), name=point.name)
    return root


def wanted(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """The sub-command that is meant: by the command line, or by the line that a shell wants completed."""
    typed = environment.get("_TYPER_COMPLETE_ARGS") or environment.get("COMP_WORDS")
    return next(iter(typed.split()[1:] if typed else arguments[1:]), None)


def main() -> None:
    """Run the command; how it ends when something is wrong is said in gateway.ending."""
    ended(build(wanted(sys.argv, os.environ)))


def _root() -> None:
    """Idle hours of real machines: offered, booked, run and metered."""


def _missing(name: str, module: str) -> typer.Typer:
    app = typer.Typer(help=f"not installed (needs {module}); install thirdshift[{name}]", invoke_without_command=True)

    @app.callback()
    def explain() -> None:
        sys.stderr.write(f"thirdshift: `{name}` needs the module {module}; run: pip install 'thirdshift[{name}]'\n")
        raise typer.Exit(2)

    return app


if __name__ == "__main__":
    main()
