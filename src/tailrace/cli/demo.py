"""`demo`: a believable shop, sent through the real HTTP API."""

import itertools
import random
import re
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from tailrace.addresses import url_of
from tailrace.cli.common import ConfigFile, DataDir, fail, load
from tailrace.cli.send import first_key

BATCH_EVENTS = 100


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: tailrace demo --history 365d --events 500000 --rate 0")(demo)


def demo(
    history: Annotated[str, typer.Option("--history", help="Past to fill: 30d, 365d, 0d.")] = "30d",
    events: Annotated[int, typer.Option("--events", min=0, help="Events of the past.")] = 20_000,
    rate: Annotated[
        float, typer.Option("--rate", min=0, help="Live events per second afterwards; 0 ends.")
    ] = 5.0,
    seconds: Annotated[float, typer.Option("--seconds", help="End the live part after.")] = 0.0,
    seed: Annotated[
        int | None, typer.Option("--seed", help="The same seed gives the same shop.")
    ] = None,
    write_key: Annotated[str, typer.Option("--write-key", help="Write key of the source.")] = "",
    to: Annotated[str, typer.Option("--to", help="Address of the collection port.")] = "",
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
) -> None:
    """Fill Tailrace with a demo shop: its past first, then visitors as they come."""
    config = load(data_dir, config_file)
    from tailrace import demo as shop

    days = re.fullmatch(r"(\d+)d", history)
    if days is None:
        fail(f"--history is '{history}'; expected a number of days, such as 30d", status=2)
    console = Console(highlight=False)
    key = write_key or first_key(config)
    address = to or url_of(config.collect.host, config.collect.port)
    start_seed = seed if seed is not None else random.SystemRandom().randrange(2**31)
    with _Sender(address, key) as sender:
        if events and int(days[1]):
            end = datetime.now(UTC)
            past = shop.history(
                start=end - timedelta(days=int(days[1])), end=end, events=events, seed=start_seed
            )
            _send_past(sender, past, events=events)
            console.print(f"Sent {sender.sent:,} events of the last {history}.")
        if rate:
            console.print(f"Now about {rate:g} events per second until Ctrl-C.")
            _send_live(sender, shop.live(seed=start_seed + 7), rate=rate, seconds=seconds)


class _Sender:
    """Sends batches to the collection port, each durable when `send` returns."""

    def __init__(self, address: str, key: str) -> None:
        import httpx

        self._address = address
        self._client = httpx.Client(base_url=address, auth=(key, ""), timeout=30.0)
        self.sent = 0

    def __enter__(self) -> "_Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, calls: list[dict[str, Any]], *, is_past: bool) -> None:
        """Send one batch; history carries no sentAt, so that its times stay as they are."""
        import httpx

        body: dict[str, Any] = {"batch": calls}
        if not is_past:
            body["sentAt"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        for attempt in itertools.count(1):
            try:
                response = self._client.post("/v1/batch", json=body)
            except httpx.TransportError as error:
                fail(f"No answer from {self._address} ({error}); start `tailrace up`.", status=1)
            if response.status_code == 200:
                self.sent += len(calls)
                return
            if response.status_code not in {429, 503} or attempt == 10:
                fail(f"{self._address} answered {response.status_code}: {response.text}", status=1)
            time.sleep(min(10.0, float(response.headers.get("Retry-After", "1"))))


def _send_past(sender: _Sender, calls: Iterable[dict[str, Any]], *, events: int) -> None:
    with Progress(transient=True) as progress:
        task = progress.add_task("Sending the past", total=events)
        for batch in _batches(calls):
            sender.send(batch, is_past=True)
            progress.advance(task, len(batch))


def _send_live(
    sender: _Sender, calls: Iterator[dict[str, Any]], *, rate: float, seconds: float
) -> None:
    started = time.monotonic()
    sent = 0
    while not seconds or time.monotonic() - started < seconds:
        due = int((time.monotonic() - started) * rate) - sent
        if due > 0:
            batch = list(itertools.islice(calls, min(due, BATCH_EVENTS)))
            sender.send(batch, is_past=False)
            sent += len(batch)
        else:
            time.sleep(min(0.2, 1 / rate))


def _batches(calls: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(calls)
    while batch := list(itertools.islice(iterator, BATCH_EVENTS)):
        yield batch
