"""`replay`: send stored events to one destination again, and follow how far it is."""

import sys
import time
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

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
from tailrace.errors import TransientError

FOLLOW_EVERY_S: Final = 0.5
AWAY_S_MAX: Final = 60.0
USAGE_STATUS: Final = 2
_OPEN: Final = ("queued", "counting", "running")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: tailrace replay orders-hook --since 7d --query 'event:Signup'")(
        replay
    )


def replay(
    slug: Annotated[str, typer.Argument(help="The destination.", show_default=False)],
    since: Annotated[
        str,
        typer.Option("--since", help="From when: 15m, 24h, 7d, or a time in ISO 8601."),
    ],
    until: Until = "now",
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Only this source; may be repeated.")
    ] = None,
    query: Annotated[
        str, typer.Option("--query", help="Only events that match, in the search language.")
    ] = "",
    subscription: Annotated[
        list[str] | None,
        typer.Option("--subscription", help="Only to this one; may be repeated."),
    ] = None,
    rate: Annotated[
        int, typer.Option("--rate", min=0, max=1_000_000, help="Most events a second; 0: no limit.")
    ] = 1_000,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start it and do not wait for its end.")
    ] = False,
    server: Server = None,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Send stored events to a destination, which may be disabled; shows first how many they are.

    Ctrl-C ends the watching; the backfill goes on. Status 1 when it did not deliver everything.
    """
    api = Api(load(data_dir, config_file), server=server)
    console = Console(stderr=True, highlight=False)
    asked: dict[str, object] = {
        "since": since,
        "until": until,
        "sources": source or None,
        "query": query,
        "events_per_s_max": rate or None,
    }
    if subscription:
        asked["subscriptions"] = subscription
    place = f"/api/v1/destinations/{slug}/backfills"
    if not yes:
        _ask(api, console, place, asked, slug)
    made = api.post(place, asked)
    if detach:
        _end(made, as_json=as_json, slug=slug)
        return
    ended = _follow(api, console, f"{place}/{made['id']}", made)
    _end(ended, as_json=as_json, slug=slug)
    if ended["state"] != "done" or ended["dead_letters"]:
        sys.exit(1)


def _ask(api: Api, console: Console, place: str, asked: dict[str, object], slug: str) -> None:
    """Show how many events it is, and go on only when somebody says so."""
    preview = api.post(f"{place}/preview", asked)
    console.print(f"{preview['events']:,} events would be sent to {slug}, such as:")
    for event in preview["sample"][:3]:
        name = event.get("event") or event.get("name") or ""
        console.print(
            f"  {event['timestamp']}  {event['type']:<8}  {name}  {event['messageId']}",
            style="dim",
            markup=False,
        )
    if not sys.stdin.isatty():
        fail("add --yes to start it where nobody can be asked", status=USAGE_STATUS)
    if not typer.confirm("Send them?", err=True):
        fail("nothing was sent", status=1)


def _follow(api: Api, console: Console, place: str, made: dict[str, Any]) -> dict[str, Any]:
    """Show how far it is until it has ended or was paused; return how it ended."""
    with _progress(console) as progress:
        bar = progress.add_task("", total=None)
        answer, away_since = made, 0.0
        while answer["state"] in _OPEN:
            _show(progress, bar, answer)
            time.sleep(FOLLOW_EVERY_S)
            try:
                answer, away_since = api.get(place), 0.0
            except TransientError:
                # The server may be starting anew; the backfill goes on then.
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > AWAY_S_MAX:
                    raise
        _show(progress, bar, answer)
    return answer


def _progress(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _show(progress: Progress, bar: TaskID, answer: dict[str, Any]) -> None:
    word = answer["state"] + (f": {answer['problem'][:60]}" if answer["problem"] else "")
    progress.update(bar, description=word, total=answer["selected"], completed=answer["ended"])


def _end(answer: dict[str, Any], *, as_json: bool, slug: str) -> None:
    """Print where a backfill stands."""
    if as_json:
        print_json(answer)
        return
    selected = "events" if answer["selected"] is None else f"{answer['selected']:,} events"
    print(f"Backfill {answer['id']} of {slug}: {answer['state']}, {selected}")
    for name in ("delivered", "filtered", "dead_letters", "discarded", "waiting"):
        if answer[name]:
            print(f"  {answer[name]:>12,} {name.replace('_', ' ')}")
    if answer["to_come"]:
        print(f"  {answer['to_come']:>12,} to come")
    if answer["problem"]:
        print(f"  {answer['problem']}")
