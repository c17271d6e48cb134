"""`audit`: do the books balance?"""

from typing import Annotated, Any

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
from tailrace.errors import TailraceError

TERMS = ("accepted", "stored", "duplicate", "invalid", "blocked", "suppressed", "in_flight")
DELIVERY_TERMS = ("events", "delivered", "filtered", "dead_letters", "discarded", "waiting")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: tailrace audit --since 7d --minutes")(audit)


def audit(
    since: Since = "24h",
    until: Until = "now",
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    minutes: Annotated[bool, typer.Option("--minutes", help="One line per minute.")] = False,
    server: Server = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check that accepted = stored + duplicate + invalid + blocked + suppressed + in flight.

    The books are compared with the rows that the store really has, and those of each destination
    with the events that were refined. Status 1 when they differ.
    """
    api = Api(load(data_dir, config_file), server=server)
    asked = {"since": since, "until": until, "source": source}
    answer = api.get("/api/v1/ledger", **asked)
    destinations = [
        {"slug": slug, **api.get(f"/api/v1/destinations/{slug}/books", **asked)}
        for slug in _destinations(api)
    ]
    console = Console(highlight=False)
    if as_json:
        print_json({**answer, "destinations": destinations})
    else:
        _show(console, answer, minutes=minutes)
        if destinations:
            _show_destinations(console, destinations)
    details = [] if answer["balanced"] else _details(answer["audit"]["differences"])
    for each in destinations:
        details += [f"destination {each['slug']}: {one}" for one in _details(each["differences"])]
    if details or not answer["balanced"]:
        fail("The books do not balance: " + "; ".join(details), status=1)
    if not as_json:
        console.print("The books balance.", style="green")


def _destinations(api: Api) -> list[str]:
    # There may be as many as one page holds.
    return [each["slug"] for each in api.get("/api/v1/destinations", limit=1_000)]


def _details(differences: list[dict[str, Any]]) -> list[str]:
    return [difference["detail"] for difference in differences]


def _show(console: Console, answer: dict[str, Any], *, minutes: bool) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("source")
    if minutes:
        table.add_column("minute (UTC)")
    for term in TERMS:
        table.add_column(term.replace("_", " "), justify="right")
    rows = answer["rows"] if minutes else _by_source(answer["rows"])
    for row in rows:
        cells = [str(row["source"])]
        if minutes:
            cells.append(str(row["minute"])[:16].replace("T", " "))
        table.add_row(*cells, *(f"{row[term]:,}" for term in TERMS))
    console.print(table)


def _show_destinations(console: Console, destinations: list[dict[str, Any]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    # A slug that is cut names nothing.
    table.add_column("destination", min_width=max(len(each["slug"]) for each in destinations))
    table.add_column("subscription")
    for term in DELIVERY_TERMS:
        table.add_column(term.replace("_", " "), justify="right")
    table.add_column("behind", justify="right")
    for each in destinations:
        behind = "not counted" if each["behind"] is None else f"{each['behind']:,}"
        none = {"slug": "", **dict.fromkeys(DELIVERY_TERMS, 0)}
        for one in each["subscriptions"] or [none]:
            figures = (f"{one[term]:,}" for term in DELIVERY_TERMS)
            table.add_row(each["slug"], one["slug"], *figures, behind)
    console.print()
    console.print(table)


def _by_source(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, dict[str, Any]] = {}
    for row in rows:
        if any(term not in row for term in TERMS):
            raise TailraceError(f"the server's ledger lacks a term in {row}")
        mine = sums.setdefault(row["source"], {"source": row["source"], **dict.fromkeys(TERMS, 0)})
        for term in TERMS:
            mine[term] += row[term]
    return list(sums.values())
