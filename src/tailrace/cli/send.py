"""`send`: one event, or a file of them, to the collection port."""

import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tailrace.addresses import url_of
from tailrace.cli.common import AsJson, ConfigFile, DataDir, fail, load, print_json
from tailrace.config import Config
from tailrace.control import read_workspace
from tailrace.errors import TransientError

BATCH_EVENTS = 100


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: tailrace send 'Order Completed' --user u-1 -p revenue=49.90 -p plan=pro"
    )(send)


def send(
    event: Annotated[str, typer.Argument(help="Event name of a track call.")] = "",
    user: Annotated[str, typer.Option("--user", help="User id.")] = "",
    anonymous: Annotated[str, typer.Option("--anonymous", help="Anonymous id.")] = "",
    properties: Annotated[
        list[str] | None,
        typer.Option("-p", "--property", help="name=value; JSON values keep their type."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="JSON lines of calls to send; - for stdin.")
    ] = None,
    write_key: Annotated[str, typer.Option("--write-key", help="Write key of the source.")] = "",
    to: Annotated[str, typer.Option("--to", help="Address of the collection port.")] = "",
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Send events, durable when the command ends."""
    config = load(data_dir, config_file)
    key = write_key or first_key(config)
    address = to or url_of(config.collect.host, config.collect.port)
    if file is not None:
        calls = _calls_of(file)
    elif event:
        calls = [_track(event, user=user, anonymous=anonymous, pairs=properties or [])]
    else:
        fail("Give the name of an event, or --file; see `tailrace send --help`.", status=2)
    _post(address, key, calls)
    ids = [str(call["messageId"]) for call in calls]
    if as_json:
        print_json({"sent": len(ids), "message_ids": ids}, is_line=True)
    else:
        print(f"Sent {len(ids)} event(s). Follow one: tailrace trace {ids[-1]}")


def first_key(config: Config) -> str:
    """Return the write key of the first enabled source."""
    try:
        sources = read_workspace(config).sources
    except TransientError:
        sources = config.known_sources
    keys = [source.write_keys[0] for source in sources if source.enabled and source.write_keys]
    if not keys:
        fail("There is no write key yet: start `tailrace up` once, or give --write-key.", status=2)
    return keys[0]


def _track(event: str, *, user: str, anonymous: str, pairs: list[str]) -> dict[str, Any]:
    call: dict[str, Any] = {
        "type": "track",
        "event": event,
        "messageId": f"cli-{uuid.uuid4()}",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "properties": dict(_pair(pair) for pair in pairs),
        "context": {"library": {"name": "tailrace-cli"}},
    }
    if user:
        call["userId"] = user
    if anonymous or not user:
        call["anonymousId"] = anonymous or "cli"
    return call


def _pair(text: str) -> tuple[str, object]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        fail(f"--property is '{text}'; expected name=value", status=2)
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name, value


def _calls_of(file: Path) -> list[dict[str, Any]]:
    lines = (sys.stdin.buffer if str(file) == "-" else file.open("rb")).read().splitlines()
    calls: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            call = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            fail(f"{file}, line {number}: {error}", status=2)
        call.setdefault("messageId", f"cli-{uuid.uuid4()}")
        calls.append(call)
    if not calls:
        fail(f"{file}: no events in it", status=2)
    return calls


def _post(address: str, key: str, calls: list[dict[str, Any]]) -> None:
    import httpx

    with httpx.Client(base_url=address, timeout=30.0) as client:
        for start in range(0, len(calls), BATCH_EVENTS):
            batch = calls[start : start + BATCH_EVENTS]
            try:
                response = client.post("/v1/batch", json={"batch": batch}, auth=(key, ""))
            except httpx.TransportError as error:
                fail(f"No answer from {address} ({error}): {start} events were sent.", status=1)
            if response.status_code != 200:
                fail(f"{address} answered {response.status_code}: {response.text}", status=1)
