"""Makes load: batches of demo events sent as fast as told, and what became of them.

Used by `tailrace bench` and by the measurements in `bench/`. A template batch is rendered once; for
each request only its message ids are new, so that the load maker costs about half a microsecond
per event and the machine under test gets the rest.
"""

import itertools
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from tailrace.demo import history
from tailrace.errors import TransientError

TEMPLATES = 200
EVENT_BYTES = 890
ID_BYTES = 30
NOTE = "alpine ridge trail summit river meadow granite larch heather cairn "


@dataclass
class Outcome:
    """What a run sent: events answered 200, refusals by status, seconds of each answer."""

    events: int = 0
    requests: int = 0
    refused: dict[int, int] = field(default_factory=dict)
    latencies_s: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def events_per_s(self) -> float:
        """Accepted events per second."""
        return self.events / self.seconds if self.seconds else 0.0

    def percentile_ms(self, share: float) -> float:
        """Return the latency below which `share` of the answers came, in milliseconds."""
        if not self.latencies_s:
            return 0.0
        ordered = sorted(self.latencies_s)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Template:
    """A batch of demo events cut at its message ids."""

    def __init__(self, calls: list[dict[str, object]]) -> None:
        marked = [{**call, "messageId": "\x00"} for call in calls]
        body = b'{"batch":' + msgspec.json.encode(marked) + b"}"
        self.pieces = body.split(b"\\u0000")
        self.events = len(calls)

    def body(self, prefix: bytes, number: int) -> bytes:
        """Return the batch with message ids that were never used before."""
        pieces = self.pieces
        ids = [b"%b-%d" % (prefix, n) for n in range(number, number + self.events)]
        woven = [part for pair in zip(pieces, ids, strict=False) for part in pair]
        woven.append(pieces[-1])
        return b"".join(woven)


def templates(*, batch_events: int, count: int = TEMPLATES) -> list[Template]:
    """Return different batches of events of about `EVENT_BYTES` that happen about now."""
    end = datetime.now(UTC)
    # How many calls a history has depends on the hour, so that one may not fill every batch.
    calls = itertools.chain.from_iterable(
        history(start=end - timedelta(minutes=5), end=end, events=batch_events * count, seed=seed)
        for seed in itertools.count(1)
    )
    made = []
    for _ in range(count):
        batch = list(itertools.islice(calls, batch_events))
        made.append(Template([_padded(call) for call in batch]))
    return made


def send_load(
    address: str,
    *,
    write_key: str,
    batches: list[Template],
    seconds: float,
    connections: int,
    events_per_s: float | None = None,
    prefix: str | None = None,
) -> Outcome:
    """Send batches over so many connections for so long; as fast as answered unless paced."""
    run = prefix or f"load-{time.time_ns():x}"
    outcomes = [Outcome() for _ in range(connections)]
    started = time.perf_counter()
    threads = [
        threading.Thread(
            target=_send,
            args=(address, write_key, batches, started + seconds, outcome),
            kwargs={
                "prefix": f"{run}-{number}".encode(),
                "pause_s": connections * batches[0].events / events_per_s if events_per_s else 0.0,
                "first_pause_s": number * batches[0].events / events_per_s if events_per_s else 0.0,
            },
        )
        for number, outcome in enumerate(outcomes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _sum(outcomes, seconds=time.perf_counter() - started)


def _sum(outcomes: list[Outcome], *, seconds: float) -> Outcome:
    total = Outcome(seconds=seconds)
    for outcome in outcomes:
        total.events += outcome.events
        total.requests += outcome.requests
        total.latencies_s += outcome.latencies_s
        for status, times in outcome.refused.items():
            total.refused[status] = total.refused.get(status, 0) + times
    return total


def _send(
    address: str,
    write_key: str,
    batches: list[Template],
    until: float,
    outcome: Outcome,
    *,
    prefix: bytes,
    pause_s: float,
    first_pause_s: float,
) -> None:
    parts = urlsplit(address)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    authorization = b64encode(f"{write_key}:".encode()).decode()
    head = (
        f"POST /v1/batch HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        f"Authorization: Basic {authorization}\r\nContent-Length: "
    ).encode()
    due = time.perf_counter() + first_pause_s
    with socket.create_connection((host, port), timeout=30.0) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, template in _numbered(batches):
            wait = due - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            if time.perf_counter() >= until:
                return
            due += pause_s
            body = template.body(prefix, number)
            sent_at = time.perf_counter()
            connection.sendall(b"%b%d\r\n\r\n%b" % (head, len(body), body))
            status = _read_status(connection)
            outcome.latencies_s.append(time.perf_counter() - sent_at)
            outcome.requests += 1
            if status == 200:
                outcome.events += template.events
            else:
                outcome.refused[status] = outcome.refused.get(status, 0) + 1


def _numbered(batches: list[Template]) -> Iterator[tuple[int, Template]]:
    number = 0
    for template in itertools.cycle(batches):
        yield number, template
        number += template.events


def _read_status(connection: socket.socket) -> int:
    """Read one answer with a Content-Length and return its status."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(65536)
        if not piece:
            raise TransientError("the server closed the connection")
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    return int(head[9:12])


def _padded(call: dict[str, object]) -> dict[str, object]:
    """Return the call with a property that brings it to `EVENT_BYTES`."""
    key = "traits" if "traits" in call else "properties"
    details = call.get(key)
    noted = {**(details if isinstance(details, dict) else {}), "note": ""}
    padded = {**call, key: noted}
    missing = EVENT_BYTES - len(msgspec.json.encode({**padded, "messageId": "x" * ID_BYTES}))
    noted["note"] = (NOTE * (1 + EVENT_BYTES // len(NOTE)))[: max(0, missing)]
    return padded
