"""Running parts follow the workspace: soon, without a restart, without a loss."""

import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from conftest import MakeTailrace
from running import Tailrace, wait_until

from postgres import running_cluster

# As many requests reach every collector.
NEWEST = 40
NO_ANSWER = "no answer"
# Long enough for a busy machine to hear of the new key and to change over.
OVERLAP_S = 10
TWO_COLLECTORS = "[collect]\nworkers = 2\n"


@pytest.fixture
def two(make_tailrace: MakeTailrace) -> Tailrace:
    return make_tailrace(settings=TWO_COLLECTORS).start()


class Load:
    """Sends events with one write key, each on a new connection, and counts the answers."""

    def __init__(self, tailrace: Tailrace, key: Callable[[], str]) -> None:
        self._tailrace = tailrace
        self._key = key
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(4)]
        self._lock = threading.Lock()
        self.answers: Counter[str] = Counter()
        self.begun: list[tuple[float, str]] = []

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        wait_until(lambda: self.answers["200"] >= 20, what="load", within_s=30.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_begun_after(self, begin: float) -> None:
        """Wait for the answers to some requests that began after a moment."""
        wait_until(
            lambda: sum(begun_at > begin for begun_at, _ in self.begun) >= 20,
            what="requests after that",
            within_s=20.0,
        )

    def wait_only(self, answer: str) -> float:
        """Wait until the newest requests have this answer alone; return when the first began."""
        newest: list[tuple[float, str]] = []

        def is_settled() -> bool:
            with self._lock:
                newest[:] = sorted(self.begun)[-NEWEST:]
            return {told for _, told in newest} == {answer}

        wait_until(is_settled, what=f"{answer} alone", within_s=30.0)
        return newest[0][0]

    def _send(self) -> None:
        body = {"userId": "u-1", "event": "Loaded"}
        while not self._stop.is_set():
            begun_at = time.monotonic()
            # A new connection each time: the kernel spreads them over the collectors.
            try:
                response = httpx.post(
                    f"{self._tailrace.collect_url}/v1/track",
                    json=body,
                    auth=(self._key(), ""),
                    timeout=10.0,
                    trust_env=False,
                )
            except httpx.TransportError:
                answer = NO_ANSWER
            else:
                answer = "200" if response.status_code == 200 else response.json()["code"]
            with self._lock:
                self.answers[answer] += 1
                self.begun.append((begun_at, answer))


@contextmanager
def moved_away(tailrace: Tailrace) -> Iterator[None]:
    """Take the control database away, as an unmounted disk would."""
    path = tailrace.data_dir / "control.sqlite"
    aside = path.with_suffix(".aside")
    path.rename(aside)
    try:
        yield
    finally:
        aside.rename(path)


def make_source(tailrace: Tailrace, slug: str, **fields: object) -> str:
    response = tailrace.api.post("/api/v1/sources", json={"slug": slug, **fields})
    assert response.status_code == 201, response.text
    key: str = response.json()["write_keys"][0]
    return key


def answers_of_all_collectors(tailrace: Tailrace, key: str) -> set[str]:
    """Return what twenty new connections are told, which reach every collector."""
    found = set()
    for _ in range(20):
        response = httpx.post(
            f"{tailrace.collect_url}/v1/track",
            json={"userId": "u-1", "event": "Asked"},
            auth=(key, ""),
            trust_env=False,
        )
        found.add("200" if response.status_code == 200 else response.json()["code"])
    return found


def wait_told(tailrace: Tailrace, key: str, answer: str) -> None:
    wait_until(
        lambda: answers_of_all_collectors(tailrace, key) == {answer},
        what=f"every collector answers {answer}",
        within_s=OVERLAP_S + 10.0,
    )


def test_a_new_source_is_taken_by_every_collector_and_refined_with_its_settings(
    two: Tailrace,
) -> None:
    key = make_source(two, "feed", kind="json", json={"event": "what"})

    wait_told(two, key, "200")
    response = httpx.post(f"{two.collect_url}/v1/json/{key}", json={"what": "Mapped"})

    assert response.status_code == 200
    two.wait_stored(1, where="event = 'Mapped' AND source = 'feed'")


def test_a_key_rotated_under_load_refuses_no_event_wrongly(two: Tailrace) -> None:
    source = "/api/v1/sources/default/write-keys"
    current = two.write_key

    with Load(two, lambda: current) as load:
        rotated = two.api.post(source, json={"label": "new", "overlap_s": OVERLAP_S})
        assert rotated.status_code == 201
        new = rotated.json()["key"]
        wait_told(two, new, "200")
        current, old = new, current
        wait_told(two, old, "unknown_source")

    assert set(load.answers) == {"200"}
    [newest, oldest] = two.get(source)
    assert (newest["state"], oldest["state"]) == ("active", "expired")
    two.wait_settled()
    two.audit()


def test_a_source_disabled_under_load_is_soon_refused_by_every_collector(two: Tailrace) -> None:
    with Load(two, lambda: two.write_key) as load:
        response = two.api.patch(
            "/api/v1/sources/default", json={"enabled": False}, headers={"If-Match": "*"}
        )
        assert response.status_code == 200
        disabled_at = time.monotonic()
        refused_at = load.wait_only("source_disabled")
        two.api.patch("/api/v1/sources/default", json={"enabled": True}, headers={"If-Match": "*"})
        enabled_at = time.monotonic()
        taken_at = load.wait_only("200")

    print(
        f"refused after {refused_at - disabled_at:.2f} s, taken after {taken_at - enabled_at:.2f} s"
    )
    assert set(load.answers) == {"200", "source_disabled"}
    two.wait_settled()
    two.audit()


def test_without_the_control_database_collection_goes_on_and_starts_again(two: Tailrace) -> None:
    key = make_source(two, "shop")
    wait_told(two, key, "200")

    with Load(two, lambda: key) as load, moved_away(two):
        wait_until(
            lambda: "control" in httpx.get(f"{two.collect_url}/readyz").json(),
            what="the collector says that the database is away",
            within_s=10.0,
        )
        # Each part finds out by itself.
        wait_until(
            lambda: two.api.get("/readyz").json()["checks"]["control"] != "ok",
            what="the app says that the database is away",
            within_s=10.0,
        )
        assert two.api.get("/readyz").status_code == 200
        assert two.api.get("/api/v1/sources").status_code == 503
        assert "tailrace_control_reachable 0.0" in two.api.get("/metrics").text
        for pid, part in two.pids().items():
            if part in {"collect", "work"}:
                os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda: Counter(two.pids().values())["collect"] == 2 and two.collects(),
            what="the collectors start from the snapshot",
            within_s=30.0,
        )
        wait_told(two, key, "200")

    # Killed collectors cut connections; whoever was answered got a receipt.
    assert set(load.answers) <= {"200", NO_ANSWER}
    make_source(two, "later")
    two.wait_settled()
    two.audit()


def test_a_start_without_the_control_database_uses_the_snapshot(fresh: Tailrace) -> None:
    key = make_source(fresh, "shop")
    wait_told(fresh, key, "200")
    fresh.stop()

    with moved_away(fresh):
        fresh.start()
        assert answers_of_all_collectors(fresh, key) == {"200"}
        assert not (fresh.data_dir / "control.sqlite").exists()

    make_source(fresh, "later")


def test_postgresql_stopped_under_load_costs_no_event(make_tailrace: MakeTailrace) -> None:
    with running_cluster() as cluster:
        two = make_tailrace(
            settings=TWO_COLLECTORS, environ={"TAILRACE_CONTROL_DSN": cluster.new_database()}
        ).start()
        key = make_source(two, "shop")
        wait_told(two, key, "200")

        with Load(two, lambda: key) as load:
            cluster.stop()
            wait_until(
                lambda: "control" in httpx.get(f"{two.collect_url}/readyz").json(),
                what="the collector says that the database is away",
                within_s=20.0,
            )
            assert two.api.get("/readyz").status_code == 200
            assert two.api.get("/api/v1/sources").status_code == 503
            load.wait_begun_after(time.monotonic())
            cluster.start()
            wait_until(
                lambda: "control" not in httpx.get(f"{two.collect_url}/readyz").json(),
                what="the collector has the database again",
                within_s=20.0,
            )
            later = make_source(two, "later")
            wait_told(two, later, "200")

        assert set(load.answers) == {"200"}
        two.wait_settled()
        two.audit()
        assert "planted-password" not in two.output.read_text()
        assert not (two.data_dir / "control.sqlite").exists()
        two.close()


def test_the_use_of_a_write_key_is_noted(fresh: Tailrace) -> None:
    assert fresh.send("/v1/track", {"userId": "u", "event": "Used"}).status_code == 200

    [key] = wait_until(
        lambda: [
            key
            for key in fresh.get("/api/v1/sources/default/write-keys")
            if key["last_used_at"] is not None
        ],
        what="the use is noted",
        within_s=40.0,
    )

    assert key["key"] == fresh.write_key


def test_a_webhook_secret_is_nowhere_in_clear(fresh: Tailrace) -> None:
    secret = "planted-webhook-secret"
    made = fresh.api.post("/api/v1/sources", json={"slug": "hook", "webhook_secret": secret})
    key = made.json()["write_keys"][0]
    wait_told(fresh, key, "200")
    answers = [
        made.text,
        fresh.api.get("/api/v1/sources").text,
        fresh.api.patch(
            "/api/v1/sources/hook", json={"webhook_secret": secret + "2"}, headers={"If-Match": "*"}
        ).text,
        fresh.api.post("/api/v1/sources", json={"slug": "hook", "webhook_secret": secret}).text,
        fresh.api.post("/api/v1/sources", json={"slug": 7, "webhook_secret": secret}).text,
        fresh.api.get("/api/v1/audit-log").text,
        fresh.api.get("/api/openapi.json").text,
        fresh.api.get("/metrics").text,
        httpx.post(f"{fresh.collect_url}/v1/webhook/{key}", json={"type": "track"}).text,
    ]

    doctor = fresh.run("doctor", "--json")
    fresh.stop()

    assert "***" in answers[0]
    texts = [*answers, doctor.stdout, doctor.stderr, fresh.output.read_text()]
    files = [
        path for path in fresh.data_dir.rglob("*") if path.is_file() and "store" not in path.parts
    ]
    assert fresh.data_dir / "run" / "workspace.snapshot" in files
    assert not [text for text in texts if secret in text]
    assert not [path for path in files if secret.encode() in path.read_bytes()]
    with sqlite3.connect(fresh.data_dir / "control.sqlite") as database:
        [sealed] = database.execute(
            "SELECT webhook_secret_sealed FROM sources WHERE slug = 'hook'"
        ).fetchone()
    database.close()
    assert sealed.startswith("v1:")
