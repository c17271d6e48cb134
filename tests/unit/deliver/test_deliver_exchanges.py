"""What is kept of requests: nothing while all goes well, bounded texts without secrets when not."""

import asyncio
import gzip
import ssl
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tailrace.deliver.exchanges import (
    ANSWER_CHARACTERS_MAX,
    REQUEST_CHARACTERS_MAX,
    Asked,
    Sending,
    begin_sending,
    last_sending,
)
from tailrace.deliver.guard import Guard
from tailrace.deliver.hiding import Hiding
from tailrace.deliver.outcomes import DEAD, DELIVERED, failed
from tailrace.deliver.sampling import DELIVERED_MAX, OTHERS_MAX, Sample
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.deliver.trying import given_event
from tailrace.destinations.sending import Response

SECRET = "a-secret-of-the-tool"
HIDE = Hiding([SECRET])


def asked(content: bytes, response: Response, **headers: str) -> Asked:
    made = Asked("POST", f"https://a.b/?k={SECRET}", headers, content)
    made.response = response
    return made


def ended(made: Asked, hide: Hiding | None = HIDE) -> Sending:
    """Return a sending whose last request is the one given."""
    sending = Sending(3)
    sending.last = made
    sending.ended(hide)
    return sending


def test_of_what_went_well_only_the_status_is_kept() -> None:
    sending = ended(asked(b"[]", Response(200, {}, b"fine")), hide=None)

    assert (sending.status, sending.exchange, sending.last) == (200, None, None)


def test_what_is_kept_is_cut_and_has_no_secret() -> None:
    body = b"x" * 8 + SECRET.encode() + b"y" * 100_000
    answer = Response(422, {"server": SECRET, "x-other": "1", "x-ratelimit-left": "0"}, body)

    kept = ended(asked(body, answer, Authorization="Basic eDp5", Tenant=SECRET)).exchange

    assert kept is not None
    assert kept.response is not None
    assert kept.events == 3
    assert kept.request.url == "https://a.b/?k=***"
    assert kept.request.headers == {"Authorization": "***", "Tenant": "***"}
    assert len(kept.request.body) == REQUEST_CHARACTERS_MAX
    assert kept.request.body.startswith("xxxxxxxx***yyy")
    assert kept.request.body_bytes == len(body)
    assert len(kept.response.body) == ANSWER_CHARACTERS_MAX
    assert kept.response.headers == {"server": "***", "x-ratelimit-left": "0"}


@pytest.mark.parametrize("shift", range(len(SECRET) + 1))
def test_a_secret_at_the_cut_is_not_shown_in_part(shift: int) -> None:
    max_ = 100
    # Secrets before it become shorter, so what was read beyond the cut comes into sight.
    text = SECRET * 40 + "-" * shift + SECRET * 40

    shown = HIDE.beginning(text.encode(), characters_max=max_)

    assert set(shown) <= {"*", "-"}


def test_a_body_in_gzip_is_shown_as_it_reads_and_another_one_not_at_all() -> None:
    packed = asked(
        gzip.compress(b'{"a":1}'), Response(400, {}, b""), **{"Content-Encoding": "gzip"}
    )
    other = asked(b"\x28\xb5\x2f\xfd", Response(400, {}, b""), **{"Content-Encoding": "zstd"})
    broken = asked(b"no gzip", Response(400, {}, b""), **{"content-encoding": "gzip"})

    shown = [each.told_request(HIDE, characters_max=100).body for each in (packed, other, broken)]

    assert shown == ['{"a":1}', "", ""]


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(503 if body == b"bad" else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def tools_of(threads: ThreadPoolExecutor) -> DestinationTools:
    http = GuardedHttp(Guard(["127.0.0.0/8"]), tls=ssl.create_default_context())
    return DestinationTools(http, threads=threads)


def test_of_requests_side_by_side_the_one_that_failed_is_kept() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    async def send() -> Sending:
        with ThreadPoolExecutor(1) as threads:
            tools = tools_of(threads)
            sending = begin_sending(3)
            async with asyncio.TaskGroup() as tasks:
                for body in (b"good", b"bad", b"good"):
                    tasks.create_task(tools.http.request("POST", url, content=body))
            sending.ended(HIDE)
            await tools.close()
            assert last_sending() is sending
            return sending

    try:
        kept = asyncio.run(send())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert kept.exchange is not None
    assert kept.exchange.response is not None
    assert (kept.exchange.request.body, kept.exchange.response.status) == ("bad", 503)
    assert "User-Agent" in kept.exchange.request.headers


def test_a_request_without_an_answer_and_words_without_http_are_kept_too() -> None:
    async def send(function: Any) -> Sending:
        with ThreadPoolExecutor(1) as threads:
            tools = tools_of(threads)
            sending = begin_sending(1)
            await function(tools)
            sending.ended(HIDE)
            await tools.close()
            return sending

    async def closed(tools: DestinationTools) -> None:
        with pytest.raises(Exception, match="ConnectError"):
            await tools.http.request("POST", "http://127.0.0.1:9/", content=b"x")

    async def said(tools: DestinationTools) -> None:
        # A client that waits says it in a thread.
        await tools.blocking(lambda: tools.exchanged(f"XADD {SECRET}", "1-0"))

    unanswered, words = asyncio.run(send(closed)).exchange, asyncio.run(send(said)).exchange

    assert unanswered is not None
    assert (unanswered.request.body, unanswered.response) == ("x", None)
    assert words is not None
    assert words.response is not None
    assert (words.request.method, words.request.body) == ("", "XADD ***")
    assert (words.response.status, words.response.body) == (0, "1-0")


def test_the_sample_prefers_what_failed_and_says_for_how_many_each_stands() -> None:
    sample = Sample(lambda: 1_000.0)
    line = given_event({"type": "track", "event": "Ordered", "userId": "u-1"}).line
    refused = failed(None, at=1.0, reason="http-400", detail="", status=400, exchange=None)
    for _ in range(DELIVERED_MAX * 10):
        sample.note(DELIVERED, "send", line, None)
    for _ in range(OTHERS_MAX):
        sample.note(DEAD, "send", line, refused)

    found = sample.taken()

    dead = [each for each in found if each.outcome == DEAD]
    delivered = [each for each in found if each.outcome == DELIVERED]
    assert (len(dead), len(delivered)) == (OTHERS_MAX, DELIVERED_MAX)
    assert {each.stands_for for each in dead} == {1.0}
    assert {each.stands_for for each in delivered} == {10.0}
    assert (dead[0].reason, dead[0].status, dead[0].attempts) == ("http-400", 400, 1)
    assert (delivered[0].name, delivered[0].attempts) == ("Ordered", 1)
    assert sample.taken() == []
