"""Stopping, killing and sharing a port: every event that was answered 200 is in the log."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector_process import EVENT, STOP_S_MAX, Answers, Site, post, site, until


class Sender(threading.Thread):
    """Sends events one after another until told to stop; a lost connection is made anew."""

    def __init__(self, subject: Site, name: str) -> None:
        super().__init__(name=name)
        self.answered: list[bytes] = []
        self.statuses: set[int] = set()
        self._site = subject
        self._asked = threading.Event()

    def run(self) -> None:
        n = 0
        while not self._asked.is_set():
            try:
                with self._site.connect() as connection:
                    answers = Answers(connection)
                    while not self._asked.is_set():
                        n += 1
                        event = b"%s-%d" % (self.name.encode(), n)
                        connection.sendall(post("/v1/track", EVENT % event))
                        status, _ = answers.next()
                        self.statuses.add(status)
                        if status == 200:
                            self.answered.append(event)
            except OSError:
                self._asked.wait(0.01)

    def stop(self) -> None:
        self._asked.set()
        self.join()


@contextmanager
def senders(subject: Site, count: int = 8) -> Iterator[list[Sender]]:
    threads = [Sender(subject, f"sender-{n}") for n in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.stop()


def answered(threads: list[Sender]) -> list[bytes]:
    return [event for thread in threads for event in thread.answered]


def kept(subject: Site) -> set[bytes]:
    return {call.body.partition(b'"messageId":"')[2].rstrip(b'"}') for call in subject.calls()}


def test_stopping_under_load_finishes_what_is_in_flight(tmp_path: Path) -> None:
    with site(tmp_path) as subject:
        process = subject.start()
        with senders(subject) as threads:
            until(lambda: len(answered(threads)) > 500, what="load")
            asked_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_S_MAX) == 0
            assert time.monotonic() - asked_at < STOP_S_MAX

        assert set(answered(threads)) <= kept(subject)
        assert {status for thread in threads for status in thread.statuses} <= {200, 503}
        assert subject.accepted() == len(subject.calls())
        assert subject.output.read_text() == ""


def test_stopping_with_idle_connections_does_not_wait_for_them(tmp_path: Path) -> None:
    with site(tmp_path, header_timeout_s=60.0) as subject:
        process = subject.start()
        idle = [subject.connect() for _ in range(5)]
        subject.exchange(post("/v1/track", EVENT % b"one"))

        assert subject.stop(process) == 0

        for connection in idle:
            connection.close()


def test_a_killed_collector_loses_nothing_that_it_answered(tmp_path: Path) -> None:
    with site(tmp_path) as subject, senders(subject) as threads:
        for round_number in range(1, 4):
            process = subject.start()
            until(
                lambda target=round_number * 500: len(answered(threads)) > target,  # type: ignore[misc]
                what="load",
            )
            process.kill()
            process.wait()

        for thread in threads:
            thread.stop()
        assert set(answered(threads)) <= kept(subject)
        assert subject.accepted() == len(subject.calls())


def test_collectors_share_a_port_and_outlive_each_other(tmp_path: Path) -> None:
    with site(tmp_path, workers=2) as subject:
        first, second = subject.start(), subject.start()
        with senders(subject, count=16) as threads:
            until(lambda: len(answered(threads)) > 1_000, what="load on both")
            first.kill()
            first.wait()
            before = len(answered(threads))
            until(lambda: len(answered(threads)) > before + 500, what="load on the other")

        assert subject.stop(second) == 0
        assert set(answered(threads)) <= kept(subject)
        partitions = {record for record in _extents(subject) if record[1] > 0}
        assert len(partitions) == 2


def _extents(subject: Site) -> set[tuple[int, int]]:
    from tailrace.log import RAW, open_log

    log = open_log(subject.config)
    extents = {(partition, extent.next) for partition, extent in log.extents(RAW).items()}
    log.close()
    return extents
