"""A few events whose numbers are easy to count, and an app server that has them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from app_server import TOKEN, AppServer, app_server, track

from tailrace.query.times import from_ms

START_MS = 1_772_442_000_000  # 2026-03-02T09:00:00Z
MINUTE_MS = 60_000
PLANS = ("pro", "free", None)


def at(minute: float) -> str:
    """Return the time of so many minutes after the start, as SDKs send it."""
    return from_ms(START_MS + int(minute * MINUTE_MS)).isoformat(timespec="milliseconds")


def orders() -> list[dict[str, object]]:
    """Return 12 orders, one every 5 minutes, of three plans in turn, with totals 10, 20..."""
    return [
        track(
            f"order-{number:02}",
            event="Order Completed",
            userId=f"u-{number % 4}",
            timestamp=at(number * 5),
            properties={
                "total": 10.0 * (number + 1),
                "paid": number % 2 == 0,
                "items": [{"sku": "a", "n": 500 + number}, {"sku": "b", "n": 600}],
                "note": f"Quick brown fox number {number}",
                **({"plan": PLANS[number % 3]} if PLANS[number % 3] else {}),
            },
        )
        for number in range(12)
    ]


def others() -> list[dict[str, object]]:
    """Return events of other names, and one whose property is of another type."""
    pages = [
        track(f"page-{number}", event="Page Viewed", timestamp=at(number * 10 + 1))
        for number in range(3)
    ]
    odd = track(
        "odd-1", event="Signup", timestamp=at(30.5), properties={"total": "many", "plan": "pro"}
    )
    return [*pages, odd]


@contextmanager
def running_face(directory: Path) -> Iterator["Face"]:
    """Run an app server with these events."""
    with app_server(directory) as server:
        server.send(*orders(), *others())
        face = Face(server)
        try:
            yield face
        finally:
            face.client.close()


class Face:
    """Asks `/es/` as a client does that was written by hand."""

    def __init__(self, server: AppServer) -> None:
        self.server = server
        self.client = httpx.Client(
            base_url=f"{server.url}/es", auth=("grafana", TOKEN), timeout=30.0
        )

    def get(self, path: str, **parameters: object) -> Any:
        response = self.client.get(path, params={k: str(v) for k, v in parameters.items()})
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: object = None, **parameters: object) -> Any:
        response = self.client.post(
            path, json=body, params={k: str(v) for k, v in parameters.items()}
        )
        assert response.status_code == 200, response.text
        return response.json()

    def many(self, *searches: object) -> list[Any]:
        """Ask `_msearch` as Grafana does; headers and bodies in turn."""
        lines = "".join(json.dumps(one) + "\n" for one in searches)
        response = self.client.post(
            "/_msearch?max_concurrent_shard_requests=5",
            content=lines,
            headers={"content-type": "application/x-ndjson"},
        )
        assert response.status_code == 200, response.text
        responses: list[Any] = response.json()["responses"]
        return responses

    def ids(self, query: object, **more: object) -> list[str]:
        """Return the ids of all events that match, sorted."""
        found = self.post("/events/_search", {"query": query, "size": 100, **more})
        return sorted(hit["_id"] for hit in found["hits"]["hits"])
