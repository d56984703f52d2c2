"""`thirdshift edge orders`: the booked jobs of the agent's machines, and a person's answer to those that wait."""

from typing import Annotated, Any

import typer

from edge import screen
from edge.config import read
from edge.live_cli import ConfigOption, Json, current
from edge.local.client import AgentAway, ask

app = typer.Typer(no_args_is_help=True, help="Booked jobs: list them, accept or refuse those that wait for a person.")

Booking = Annotated[str, typer.Argument(metavar="ID", help="the booking, such as bkg_1, as `orders list` shows it")]

COLUMNS = ("booking", "machine", "start", "end", "work", "pieces", "is", "answer until")


@app.command("list")
def list_orders(config: ConfigOption, json: Json = False) -> None:
    """What waits for an answer, what is accepted and not over, and what was refused or ended lately."""
    found = current(config, read(config))
    orders = found.get("orders", {})
    if json:
        screen.say_json({"running": found["running"], **orders})
        return
    waiting = [_cells(each, "waits for an answer") for each in orders.get("asked", ())]
    live = [_cells(each, each["cancelled"] or each["phase"]) for each in orders.get("live", ())]
    lately = [_cells(each, f"{each['what']}: {each['why'] or each['reason']}") for each in orders.get("lately", ())]
    how = "" if found["running"] else f" (the agent does not run; as of {found['at']})"
    screen.table(f"Booked jobs{how}", COLUMNS, [*waiting, *live, *lately])


@app.command()
def accept(order: Booking, config: ConfigOption, json: Json = False) -> None:
    """Accept an order that waits. That is final; exit code 1 if it was not accepted."""
    _decide(order, "accept", "", config, json=json)


@app.command()
def refuse(
    order: Booking,
    config: ConfigOption,
    reason: Annotated[str, typer.Option("--reason", help="for the plant's own log; partners are not told")] = "",
    json: Json = False,
) -> None:
    """Refuse an order that waits. That is final; exit code 1 if it was not refused by this."""
    _decide(order, "refuse", reason, config, json=json)


def _decide(order: str, answer: str, reason: str, config: ConfigOption, *, json: bool) -> None:
    code, found = ask(read(config).data, "/orders", {"order": order, "answer": answer, "reason": reason})
    if code == 503:
        raise AgentAway(str(found.get("text")))
    if json:
        screen.say_json(found)
    else:
        typer.echo(found.get("text") or found.get("error"), err=code != 200)
    raise typer.Exit(0 if code == 200 else 1)


def _cells(order: Any, state: str) -> list[str]:
    names = ("booking", "machine", "start", "end", "work_master", "quantity")
    return [
        *(screen.plain(order.get(name)) for name in names),
        screen.plain(state),
        screen.plain(order.get("answer_until")),
    ]
