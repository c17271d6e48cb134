"""`bench`: what this machine can take, measured on an instance of its own."""

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tailrace.cli.common import AsJson, fail, print_json

if TYPE_CHECKING:
    from tailrace.throwaway import Instance

STORED_S_MAX = 600.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: tailrace bench --seconds 30")(bench)


def bench(
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="Length of each run.")] = 10.0,
    connections: Annotated[int, typer.Option("--connections", min=1, max=256)] = 4,
    as_json: AsJson = False,
) -> None:
    """Measure batches of 100 events from HTTP to queryable, on a throw-away instance."""
    from tailrace import load, throwaway

    console = Console(highlight=False, stderr=as_json)
    with throwaway.running() as instance:
        console.print(f"Sending batches of 100 for {seconds:g} s over {connections} connections")
        outcome = load.send_load(
            instance.collect_url,
            write_key=throwaway.WRITE_KEY,
            batches=load.templates(batch_events=100),
            seconds=seconds,
            connections=connections,
        )
        caught_up_s = _await_stored(instance, outcome.events)
    figures = {
        "accepted_events_per_s": round(outcome.events_per_s),
        "stored_events_per_s": round(outcome.events / (outcome.seconds + caught_up_s)),
        "answer_ms_p50": round(outcome.percentile_ms(0.5), 2),
        "answer_ms_p99": round(outcome.percentile_ms(0.99), 2),
        "events": outcome.events,
        "refused": {str(status): times for status, times in outcome.refused.items()},
        "caught_up_after_s": round(caught_up_s, 2),
        "cores": os.cpu_count(),
    }
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        console.print(f"  {name.replace('_', ' '):<24} {value}")


def _await_stored(instance: "Instance", events: int) -> float:
    """Return how many seconds it took until everything sent could be queried."""
    started = time.monotonic()
    while (stored := instance.stored()) < events:
        if time.monotonic() - started > STORED_S_MAX:
            fail(f"Only {stored} of {events} events can be queried by now.", status=1)
        time.sleep(0.1)
    return time.monotonic() - started
