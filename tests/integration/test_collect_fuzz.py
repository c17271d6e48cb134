"""Whatever bytes a socket brings: a documented answer or the end of the connection, never a 500.

One collector takes all of them, one after another; afterwards it still works and has not grown.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from collector_process import EVENT, Answers, Site, post, site
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailrace.collect.refusals import REASONS

# Of the HTTP server itself: a head that is no HTTP, and one with too many or too long lines.
OF_THE_SERVER = {400, 414, 431}
STATUSES = {None, 100, 200, 204, *REASONS.values()} | OF_THE_SERVER
GROWTH_BYTES_MAX = 150_000_000

METHODS = st.sampled_from(["POST", "GET", "OPTIONS", "HEAD", "PUT", "post", "X" * 300, "", "P\0"])
PATHS = st.sampled_from((Path(__file__).parent / "collect_fuzz_paths.txt").read_text().split())
NAMES = st.sampled_from(
    ["Content-Length", "Transfer-Encoding", "Content-Encoding", "Authorization", "Expect", "Origin"]
) | st.sampled_from(["Host", "Connection", "X-Signature", "X-Forwarded-For", "Upgrade", "", "A B"])
VALUES = (
    st.sampled_from(["0", "-1", "5", "99999999999999999999", "1, 2", "chunked", "gzip, chunked"])
    | st.sampled_from(["gzip", "identity", "Basic d3JpdGUta2V5LTEyMzo=", "Basic ====", "Bearer x"])
    | st.sampled_from(["100-continue", "close", "keep-alive", "h2c", "\xfc", "\0", "x" * 9_000])
)
BODIES = (
    st.binary(max_size=200)
    | st.sampled_from([b"", b"{}", b"[]", b"null", b'{"batch":[{}]}', b"\xff\xfe", b"\x1f\x8b\x08"])
    | st.sampled_from(
        [b"[" * 5_000, b'{"a":' * 5_000, b"\0" * 1_000, b'{"batch":[' + b"0," * 5_000]
    )
    | st.sampled_from([b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"1e9\r\n", EVENT % b"1" * 2])
    | st.sampled_from([EVENT % b"1", b'{"userId":"\\ud800","event":"\\udc00"}'])
)
REQUESTS = st.builds(
    lambda method, path, version, headers, body, has_length: (
        f"{method} {path} {version}\r\n".encode("latin-1", "replace")
        + b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in headers)
        + (b"Content-Length: %d\r\n" % len(body) if has_length else b"")
        + b"\r\n"
        + body
    ),
    METHODS,
    PATHS,
    st.sampled_from(["HTTP/1.1"] * 6 + ["HTTP/1.0", "HTTP/2.0", "HTTP/9", ""]),
    st.lists(st.tuples(NAMES, VALUES), max_size=5),
    BODIES,
    st.booleans(),
)
HEADS = st.sampled_from(
    [b"", b"POST /v1/track HTTP/1.1\r\n", b"POST /v1/batch HTTP/1.1\r\nHost: x\r\n"]
)
fuzzing = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(
        tmp_path_factory.mktemp("fuzz"),
        header_timeout_s=0.3,
        body_timeout_s=0.3,
        body_bytes_max=100_000,
    ) as subject:
        subject.start()
        yield subject


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4_096


def first_status(subject: Site, sent: bytes) -> int | None:
    """Send the bytes and return the status of the first answer, None where there is none."""
    with subject.connect() as connection:
        received = b""
        try:
            connection.sendall(sent)
            while b"\r\n" not in received:
                chunk = connection.recv(65_536)
                if not chunk:
                    break
                received += chunk
        except ConnectionError:
            return None
    return int(received[9:12]) if received else None


@fuzzing
@given(request=REQUESTS)
def test_requests_of_any_kind_get_a_documented_answer(running: Site, request: bytes) -> None:
    assert first_status(running, request) in STATUSES


@fuzzing
@given(head=HEADS, noise=st.binary(max_size=2_000))
def test_noise_gets_a_documented_answer(running: Site, head: bytes, noise: bytes) -> None:
    assert first_status(running, head + noise) in STATUSES


@fuzzing
@given(
    path=st.sampled_from(["/v1/track", "/v1/batch", "/v1/json/write-key-123", "/v1/m"]),
    body=BODIES,
)
def test_bodies_of_any_kind_get_an_answer_each(running: Site, path: str, body: bytes) -> None:
    with running.connect() as connection:
        connection.sendall(post(path, body) + post("/v1/track", EVENT % b"after"))
        answers = Answers(connection)

        assert answers.next()[0] in (200, 400)
        assert answers.next()[0] == 200


def test_afterwards_it_works_and_has_not_grown(running: Site) -> None:
    process = running.processes[0]
    before = resident_bytes(process.pid)
    huge = post("/v1/batch", b"[" * 90_000)
    for _ in range(200):
        running.exchange(huge)

    assert process.poll() is None
    assert resident_bytes(process.pid) - before < GROWTH_BYTES_MAX
    assert running.exchange(post("/v1/track", EVENT % b"last"))[0] == 200
    assert b"Traceback" not in running.output.read_bytes()
