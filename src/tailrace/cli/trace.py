"""`trace`: the whole story of one event."""

from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console

from tailrace.cli.common import Api, AsJson, ConfigFile, DataDir, Server, load, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: tailrace trace ajs-next-1790000000000-4f2d7a10")(trace)


def trace(
    message_id: Annotated[str, typer.Argument(help="The event's messageId.")],
    server: Server = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Tell what became of one event: received, checked, stored, delivered, or why not."""
    api = Api(load(data_dir, config_file), server=server)
    answer = api.get(f"/api/v1/trace/{quote(message_id, safe='')}")
    if as_json:
        print_json(answer)
        return
    console = Console(highlight=False)
    console.print(f"[bold]{answer['message_id']}[/]: {answer['outcome']}", soft_wrap=True)
    for step in answer["steps"]:
        at = str(step.get("at") or "")[:23].replace("T", " ")
        console.print(f"  {at:<23}  [cyan]{step['step']:<10}[/] {step['summary']}", soft_wrap=True)
    for each in answer.get("deliveries", []):
        at = str(each["at"])[:23].replace("T", " ")
        why = f" ({each['reason']})" if each["reason"] else ""
        where = f"{each['destination']}, {each['subscription']}"
        console.print(f"  {at:<23}  [cyan]{each['outcome']:<10}[/] at {where}{why}", soft_wrap=True)
