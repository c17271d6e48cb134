"""`query`: search events in the terminal."""

import csv
import sys
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from tailrace.cli.common import (
    Api,
    AsJson,
    ConfigFile,
    DataDir,
    Server,
    Since,
    Until,
    fail,
    load,
    print_json,
)

BARS = " ▁▂▃▄▅▆▇█"
COLUMNS = {"time": 19, "type": 8, "event": 18, "user": 12}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: tailrace query 'event:\"Order Completed\" AND properties.revenue:>50' "
        "--since 7d"
    )(query)


def query(
    text: Annotated[str, typer.Argument(help="Lucene text; empty matches everything.")] = "",
    since: Since = "24h",
    until: Until = "now",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most events.")] = 20,
    oldest: Annotated[bool, typer.Option("--oldest", help="Oldest first.")] = False,
    top: Annotated[
        str | None, typer.Option("--top", help="Top values of this field instead of events.")
    ] = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="The text is read-only SQL on the view `events`.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    server: Server = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Search events; shows how they lie in time and the newest of them."""
    api = Api(load(data_dir, config_file), server=server)
    console = Console(highlight=False)
    asked = {"query": text, "since": since, "until": until}
    if sql:
        if not text:
            fail("--sql needs the statement as its argument", status=2)
        answer = api.post("/api/v1/sql", {"sql": text, "parameters": {}})
        _show_sql(console, answer, as_json=as_json, as_csv=as_csv)
    elif top is not None:
        answer = api.post("/api/v1/values", {**asked, "field": top, "limit": min(limit, 100)})
        _show_values(console, answer, as_json=as_json, as_csv=as_csv)
    else:
        sort = "oldest" if oldest else "newest"
        answer = api.post("/api/v1/search", {**asked, "limit": limit, "sort": sort})
        if as_json or as_csv:
            _print_events(answer, as_json=as_json)
            return
        _show_spark(console, api.post("/api/v1/histogram", {**asked, "buckets_max": 60}))
        _show_events(console, answer)


def _print_events(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    names = (
        "timestamp",
        "type",
        "event",
        "name",
        "user_id",
        "anonymous_id",
        "source",
        "message_id",
    )
    rows = [[event.get(name, "") for name in names] for event in answer["events"]]
    _print_csv(
        [*names, "properties"],
        [
            [*row, msgspec.json.encode(event.get("properties", {})).decode()]
            for row, event in zip(rows, answer["events"], strict=True)
        ],
    )


def _show_events(console: Console, answer: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
    for name, width in COLUMNS.items():
        table.add_column(name, overflow="ellipsis", no_wrap=True, width=width)
    table.add_column("properties", overflow="ellipsis", no_wrap=True, ratio=1)
    for event in answer["events"]:
        details = event.get("properties") or event.get("traits") or {}
        table.add_row(
            str(event["timestamp"])[:19].replace("T", " "),
            str(event["type"]),
            str(event.get("event") or event.get("name") or ""),
            str(event.get("user_id") or event.get("anonymous_id") or ""),
            msgspec.json.encode(details).decode()[:200],
        )
    console.print(table)
    shown = len(answer["events"])
    console.print(f"{shown:,} of {answer['total']:,} events; times in UTC", style="dim")
    for note in answer.get("notes", []):
        console.print(note, style="yellow")


def _show_spark(console: Console, answer: dict[str, Any]) -> None:
    counts = [bucket["events"] for bucket in answer["buckets"]]
    most = max(counts, default=0)
    if most == 0:
        return
    line = "".join(BARS[-(-8 * count // most)] for count in counts)
    console.print(f"{line}  most {most:,} per {answer['interval_s']:g} s", style="cyan")


def _show_values(console: Console, answer: dict[str, Any], *, as_json: bool, as_csv: bool) -> None:
    rows = [[value["value"], value["events"]] for value in answer["values"]]
    if as_json:
        print_json(answer)
    elif as_csv:
        _print_csv(["value", "events"], rows)
    else:
        most = max((int(row[1]) for row in rows), default=1)
        for value, events in rows:
            console.print(f"{events:>12,}  {'█' * max(1, 30 * int(events) // most):<30}  {value}")
        console.print(
            f"{answer.get('other', 0):,} with other values, {answer.get('missing', 0):,} without",
            style="dim",
        )


def _show_sql(console: Console, answer: dict[str, Any], *, as_json: bool, as_csv: bool) -> None:
    names = [column["name"] for column in answer["columns"]]
    if as_json:
        print_json(answer)
    elif as_csv:
        _print_csv(names, answer["rows"])
    else:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in names:
            table.add_column(name, overflow="fold")
        for row in answer["rows"]:
            table.add_row(*("" if value is None else str(value) for value in row))
        console.print(table)


def _print_csv(names: list[str], rows: list[list[Any]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(names)
    writer.writerows(rows)
