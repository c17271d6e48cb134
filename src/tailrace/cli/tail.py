"""`tail`: events as they arrive."""

from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from tailrace.cli.common import Api, AsJson, ConfigFile, DataDir, Server, load, print_json

COLOURS = {
    "track": "cyan",
    "page": "green",
    "screen": "green",
    "identify": "magenta",
    "group": "yellow",
    "alias": "yellow",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: tailrace tail --type track --text checkout")(tail)


def tail(
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only this type of call.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Only events with this text.")] = None,
    limit: Annotated[int, typer.Option("-n", help="End after so many events.")] = 0,
    server: Server = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show events as they arrive, with those that were set aside and why; Ctrl-C ends."""
    api = Api(load(data_dir, config_file), server=server)
    console = Console(highlight=False)
    shown = 0
    with api.stream("/api/v1/live", source=source, type=kind, text=text) as lines:
        kind_of_message = ""
        for line in lines:
            if line.startswith("event:"):
                kind_of_message = line[6:].strip()
            elif line.startswith("data:") and kind_of_message in {"events", "set_aside"}:
                message = msgspec.json.decode(line[5:])
                for event in message.get("events", []):
                    _show(console, event, kind_of_message, as_json=as_json)
                    shown += 1
                    if limit and shown >= limit:
                        return
                if message.get("skipped") and not as_json:
                    console.print(f"... {message['skipped']} more not shown", style="dim")


def _show(console: Console, event: dict[str, Any], message: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"kind": message, **event}, is_line=True)
        return
    at = str(event.get("received_at", ""))[11:23]
    if message == "set_aside":
        line = Text(f"{at}  {event['outcome']}  {event['reason']}: {event['detail']}", style="red")
    else:
        kind = str(event["type"])
        line = Text(f"{at}  ")
        line.append(f"{kind:<9}", style=COLOURS.get(kind, ""))
        line.append(str(event.get("event") or event.get("name") or "-"), style="bold")
        who = event.get("user_id") or event.get("anonymous_id") or ""
        line.append(f"  {who}  [{event['source']}]  ", style="dim")
        details = event.get("properties") or event.get("traits") or {}
        line.append(msgspec.json.encode(details).decode()[:160], style="dim")
    console.print(line, soft_wrap=True)
