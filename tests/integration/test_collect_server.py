"""A collector as its own process, over real sockets and the real log."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from collector_process import EVENT, KEY, Answers, Site, post, read_all, site

SUCCESS = (200, b'{"success":true}')


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A collector with short timeouts, for tests that leave nothing behind but events."""
    with site(
        tmp_path_factory.mktemp("site"),
        header_timeout_s=1.0,
        body_timeout_s=1.0,
        body_bytes_max=200_000,
    ) as subject:
        subject.start()
        yield subject


def test_an_event_is_in_the_log_when_it_is_answered(running: Site) -> None:
    answer = running.exchange(
        post("/v1/t", EVENT % b"one", "User-Agent: test/1", "Origin: https://shop.example.com")
    )

    assert answer == SUCCESS
    [call] = [call for call in running.calls() if b'"one"' in call.body]
    assert (call.source, call.shape, call.type, call.path) == ("web", "call", "track", "/v1/t")
    assert (call.remote_address, call.user_agent) == ("127.0.0.1", "test/1")
    assert abs(call.received_at / 1e6 - time.time()) < 60


def test_a_connection_takes_many_requests(running: Site) -> None:
    with running.connect() as connection:
        answers = Answers(connection)
        for n in range(50):
            connection.sendall(post("/v1/track", EVENT % b"many-%d" % n))
            assert answers.next() == SUCCESS

    assert sum(b"many-" in call.body for call in running.calls()) == 50


def test_requests_may_be_sent_ahead(running: Site) -> None:
    requests = [post("/v1/track", EVENT % b"ahead-%d" % n) for n in range(9)]
    with running.connect() as connection:
        connection.sendall(b"".join(requests))
        answers = Answers(connection)

        assert [answers.next() for _ in requests] == [SUCCESS] * 9

    assert sum(b"ahead-" in call.body for call in running.calls()) == 9


def test_a_body_may_come_in_chunks_and_compressed(running: Site) -> None:
    body = gzip.compress(EVENT % b"chunked")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:10], body[10:]))

    answer = running.exchange(
        b"POST /v1/track/ HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Encoding: gzip\r\n\r\n" + chunks + b"0\r\n\r\n"
    )

    assert answer == SUCCESS
    assert any(call.body == EVENT % b"chunked" for call in running.calls())


def test_a_client_may_ask_before_it_sends(running: Site) -> None:
    body = EVENT % b"expecting"
    with running.connect() as connection:
        head = post("/v1/track", body, "Expect: 100-continue")[: -len(body)]
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(body)

        assert Answers(connection).next() == SUCCESS


def test_a_large_body_is_read_to_its_end_before_it_is_refused(running: Site) -> None:
    with running.connect() as connection:
        answers = Answers(connection)
        connection.sendall(post("/v1/batch", b"x" * 3_000_000))
        status, body = answers.next()

        assert (status, json.loads(body)["code"]) == (400, "body_too_large")
        connection.sendall(post("/v1/track", EVENT % b"after-large"))
        assert answers.next() == SUCCESS


def test_an_endless_body_is_cut_off(running: Site) -> None:
    with running.connect() as connection:
        connection.sendall(
            b"POST /v1/track HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

        with pytest.raises(OSError, match=r"(?i)reset|broken pipe"):
            connection.sendall(chunk * 6_000)


def test_a_head_that_does_not_come_ends_the_connection(running: Site) -> None:
    with running.connect() as connection:
        connection.sendall(b"POST /v1/track HTTP/1.1\r\nHo")

        assert read_all(connection) == b""


def test_an_idle_connection_is_ended(running: Site) -> None:
    with running.connect() as connection:
        assert read_all(connection) == b""


def test_a_body_that_does_not_come_is_a_408(running: Site) -> None:
    with running.connect() as connection:
        connection.sendall(post("/v1/track", EVENT % b"slow")[:-20])
        status, body = Answers(connection).next()

    assert (status, json.loads(body)["code"]) == (408, "body_timeout")


def test_a_body_that_drips_is_a_408(running: Site) -> None:
    with running.connect() as connection:
        connection.sendall(b"POST /v1/track HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n")
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.1):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        status, body = Answers(connection).next()
        stop.set()
        dripping.join()

    assert (status, json.loads(body)["code"]) == (408, "body_timeout")


def test_half_a_body_is_a_400(running: Site) -> None:
    with running.connect() as connection:
        connection.sendall(post("/v1/track", EVENT % b"half")[:-20])
        connection.shutdown(socket.SHUT_WR)
        status, body = Answers(connection).next()

    assert (status, json.loads(body)["code"]) == (400, "incomplete_body")


def test_a_client_that_leaves_harms_nobody(running: Site) -> None:
    for cut in (1, 40, 90, 120):
        with running.connect() as connection:
            connection.sendall(post("/v1/track", EVENT % b"left")[:cut])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    assert running.exchange(post("/v1/track", EVENT % b"stayed")) == SUCCESS


def test_metrics_name_no_key(running: Site) -> None:
    running.exchange(post("/v1/track", EVENT % b"counted"))
    status, body = running.exchange(b"GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n")

    assert status == 200
    answer = body.decode()
    assert 'tailrace_collect_requests_total{source="web"}' in answer
    assert "tailrace_collect_append_seconds_bucket" in answer
    assert KEY not in answer


def test_connections_beyond_the_limit_wait(tmp_path: Path) -> None:
    with site(tmp_path, connections_max=4, header_timeout_s=1.0) as subject:
        subject.start()
        idle = [subject.connect() for _ in range(8)]

        answer = subject.exchange(post("/v1/track", EVENT % b"patient"))

        assert answer == SUCCESS
        for connection in idle:
            connection.close()


def test_a_port_that_is_taken_ends_the_collector(tmp_path: Path) -> None:
    with site(tmp_path) as subject, socket.socket() as taken:
        taken.bind(("127.0.0.1", subject.port))
        taken.listen()

        with pytest.raises(AssertionError, match="in use"):
            subject.start()

        assert subject.processes[0].wait(10) != 0
