"""`query`: search events in the terminal, and ask what they add up to."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from tailrace.cli import showing
from tailrace.cli.common import (
    Api,
    AsJson,
    ConfigFile,
    DataDir,
    Server,
    Until,
    fail,
    load,
    print_json,
)
from tailrace.cli.shortforms import aggregations_of, events_of, steps_of
from tailrace.errors import QueryError

COLUMNS = {"time": 19, "type": 8, "event": 18, "user": 12}
SEARCHED_SINCE = "24h"
INSIGHTS_SINCE = "30d"

Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="From when: 15m, 24h, 7d, or a time in ISO 8601; 24h ago unless told, for insights "
        "30d.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: tailrace query 'event:\"Order Completed\" AND properties.revenue:>50' "
        "--since 7d"
    )(query)


def query(
    text: Annotated[str, typer.Argument(help="Lucene text; empty matches everything.")] = "",
    since: Since = None,
    until: Until = "now",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most events.")] = 20,
    oldest: Annotated[bool, typer.Option("--oldest", help="Oldest first.")] = False,
    kql: Annotated[bool, typer.Option("--kql", help="The text is KQL, not Lucene.")] = False,
    top: Annotated[
        str | None,
        typer.Option("--top", "--values", help="Top values of this field instead of events."),
    ] = None,
    agg: Annotated[
        str | None,
        typer.Option("--agg", help="Aggregations: 'terms:event > sum:properties.revenue', JSON."),
    ] = None,
    trend: Annotated[
        str | None, typer.Option("--trend", help="Events over time: 'A', or 'A, B'; * for any.")
    ] = None,
    funnel: Annotated[
        str | None, typer.Option("--funnel", help="People by steps: 'A > B > C'.")
    ] = None,
    retention: Annotated[
        str | None, typer.Option("--retention", help="Who came back: 'A > B', * for any event.")
    ] = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="The text is read-only SQL on events, users, sessions.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
    server: Server = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Search events; shows how they lie in time and the newest of them."""
    wanted = {"--top": top, "--agg": agg, "--trend": trend, "--funnel": funnel}
    wanted |= {"--retention": retention, "--sql": "sql" if sql else None}
    given = [name for name, value in wanted.items() if value is not None]
    if len(given) > 1:
        fail(f"{' and '.join(given)} cannot be asked at once", status=2)
    if sql and not text:
        fail("--sql needs the statement as its argument", status=2)
    if as_csv and as_json:
        fail("--csv and --json cannot be printed at once", status=2)
    api = Api(load(data_dir, config_file), server=server)
    how = _How(Console(highlight=False), as_json=as_json, as_csv=as_csv)
    asked: dict[str, object] = {"query": text, "until": until}
    if kql:
        asked["language"] = "kql"
    searched = {**asked, "since": since or SEARCHED_SINCE}
    insight = {**asked, "since": since or INSIGHTS_SINCE}
    if sql:
        _ask_sql(api, text, how)
    elif top is not None:
        body = {**searched, "field": top, "limit": min(limit, 100)}
        _show_values(api.post("/api/v1/values", body), how)
    elif agg is not None:
        answer = api.post("/api/v1/aggregate", {**searched, "aggs": _short(aggregations_of, agg)})
        _show_aggregations(answer, how)
    elif trend is not None:
        series = [events_of(name) for name in trend.split(",")]
        body = {**insight, "series": series, "interval": "day"}
        answer = api.post("/api/v1/insights/trends", body)
        how.show(answer, showing.rows_of_trend, showing.show_trend)
    elif funnel is not None:
        answer = api.post("/api/v1/insights/funnel", {**insight, "steps": steps_of(funnel)})
        how.show(answer, showing.rows_of_funnel, showing.show_funnel)
    elif retention is not None:
        start, *returns = steps_of(retention)
        if len(returns) > 1:
            fail("--retention takes what begins and what comes again: 'A > B'", status=2)
        body = {**insight, "start": start, "returns": returns[0] if returns else start}
        answer = api.post("/api/v1/insights/retention", body)
        how.show(answer, showing.rows_of_retention, showing.show_retention)
    else:
        sort = "oldest" if oldest else "newest"
        answer = api.post("/api/v1/search", {**searched, "limit": limit, "sort": sort})
        if as_json or as_csv:
            _print_events(answer, as_json=as_json)
            return
        _show_spark(how.console, api.post("/api/v1/histogram", {**searched, "buckets_max": 60}))
        _show_events(how.console, answer)


class _How:
    """How answers are shown."""

    def __init__(self, console: Console, *, as_json: bool, as_csv: bool) -> None:
        self.console = console
        self.as_json = as_json
        self.as_csv = as_csv

    def show(
        self,
        answer: dict[str, Any],
        rows_of: Callable[[Mapping[str, Any]], tuple[list[str], showing.Rows]],
        show: Callable[[Console, Mapping[str, Any]], None],
    ) -> None:
        """Show an answer as JSON, as the rows of `rows_of`, or by `show`."""
        if self.as_json:
            print_json(answer)
        elif self.as_csv:
            showing.print_csv(*rows_of(answer))
        else:
            show(self.console, answer)


def _short(read: Callable[[str], dict[str, Any]], text: str) -> dict[str, Any]:
    try:
        return read(text)
    except QueryError as error:
        fail(f"{error}" + (f"\n{error.hint}" if error.hint else ""), status=2)


def _ask_sql(api: Api, text: str, how: _How) -> None:
    body = {"sql": text, "parameters": {}}
    if how.as_csv:
        print(api.post_text("/api/v1/sql/csv", body), end="")
        return
    how.show(api.post("/api/v1/sql", body), _rows_of_sql, _show_sql)


def _show_aggregations(answer: dict[str, Any], how: _How) -> None:
    if how.as_json:
        print_json(answer)
        return
    for names, rows in showing.tables_of_aggregations(answer["aggregations"]):
        if how.as_csv:
            showing.print_csv(names, rows)
        else:
            showing.show_table(how.console, names, rows)
    if not how.as_csv:
        how.console.print(f"{answer['total']:,} events matched", style="dim")
        showing.show_notes(how.console, answer)


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
    showing.print_csv(
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
    line = showing.spark(counts)
    if line:
        console.print(f"{line}  most {max(counts):,} per {answer['interval_s']:g} s", style="cyan")


def _show_values(answer: dict[str, Any], how: _How) -> None:
    how.show(answer, _rows_of_values, _show_value_bars)


def _rows_of_values(answer: Mapping[str, Any]) -> tuple[list[str], showing.Rows]:
    return ["value", "events"], [[value["value"], value["events"]] for value in answer["values"]]


def _show_value_bars(console: Console, answer: Mapping[str, Any]) -> None:
    _, rows = _rows_of_values(answer)
    most = max((int(row[1]) for row in rows), default=1)
    for value, events in rows:
        console.print(f"{events:>12,}  {'█' * max(1, 30 * int(events) // most):<30}  {value}")
    console.print(
        f"{answer.get('other', 0):,} with other values, {answer.get('missing', 0):,} without",
        style="dim",
    )


def _rows_of_sql(answer: Mapping[str, Any]) -> tuple[list[str], showing.Rows]:
    return [column["name"] for column in answer["columns"]], answer["rows"]


def _show_sql(console: Console, answer: Mapping[str, Any]) -> None:
    names, rows = _rows_of_sql(answer)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    console.print(table)
