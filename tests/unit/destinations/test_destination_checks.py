"""Checks of connections: what each type can tell without writing, and what bounds them."""

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tailrace.config import Config, DeliverConfig
from tailrace.deliver.checking import CHECKED_MAX, CheckAnswer, Checking
from tailrace.destinations import api, check, load_catalog
from tool_server import Answer, ToolServer

CATALOG = load_catalog()
KEY = "planted-secret-key"


def checking(tmp_path: Path, **deliver: Any) -> Checking:
    given: dict[str, Any] = {"private_networks": ("127.0.0.0/8",), **deliver}
    config = Config(data_dir=tmp_path, deliver=DeliverConfig(**given))
    return Checking(config, CATALOG, None)


async def checked(of: Checking, slug: str, **settings: object) -> CheckAnswer:
    kind = CATALOG.types[slug]
    return await of.of_settings(kind, check(kind, settings).settings)


def words(answer: CheckAnswer) -> list[tuple[str, bool | None]]:
    return [(each.name, each.is_good) for each in answer.checked]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_webhook_is_reached_and_sent_nothing(tmp_path: Path) -> None:
    with ToolServer(lambda _: Answer()).running() as server:
        answer = await checked(checking(tmp_path), "webhook", url=f"{server.url}/in")

    assert words(answer) == [("name", True), ("connection", True), ("acceptance", None)]
    assert answer.is_good is True
    assert server.requests == []


@pytest.mark.parametrize(
    ("url", "name", "told"),
    [
        ("http://nowhere.invalid/in", "name", "nowhere.invalid"),
        ("http://10.1.2.3/in", "name", "deliver.private_networks"),
        (f"http://127.0.0.1:{closed_port()}/in", "connection", "is it running"),
    ],
)
async def test_the_step_that_fails_is_named_with_its_setting(
    tmp_path: Path, url: str, name: str, told: str
) -> None:
    answer = await checked(checking(tmp_path), "webhook", url=url)

    last = answer.checked[-1]
    assert (last.name, last.is_good, last.setting) == (name, False, "url")
    assert told in last.detail
    assert answer.is_good is False


async def test_a_certificate_that_nobody_signed_is_told(tmp_path: Path, tls_port: int) -> None:
    answer = await checked(checking(tmp_path), "webhook", url=f"https://127.0.0.1:{tls_port}/in")

    assert words(answer) == [("name", True), ("connection", True), ("certificate", False)]
    assert "certificate" in answer.checked[-1].detail.lower()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=400, body=b"no_text"), ("webhook", True, "")),
        (Answer(status=410, body=b"channel_is_archived"), ("webhook", False, "webhook_url")),
        (Answer(status=403, body=b"invalid_token"), ("webhook", False, "webhook_url")),
        (Answer(status=503, body=b"later"), ("webhook", None, "")),
    ],
)
async def test_slack_tells_of_a_webhook_by_a_message_without_a_text(
    tmp_path: Path, answer: Answer, expected: tuple[str, bool | None, str]
) -> None:
    with ToolServer(lambda _: answer).running() as server:
        url = f"{server.url}/services/{KEY}"
        found = await checked(checking(tmp_path), "slack", webhook_url=url)

    last = found.checked[-1]
    assert (last.name, last.is_good, last.setting) == expected
    assert [request.json() for request in server.requests] == [{"text": ""}]


@pytest.mark.parametrize(
    ("status", "name", "is_good"),
    [
        (200, "api_key", True),
        (401, "api_key", False),
        (400, "ingest_id", False),
        (503, "api_key", None),
    ],
)
async def test_aggregations_io_is_pinged_with_the_key(
    tmp_path: Path, status: int, name: str, is_good: bool | None
) -> None:
    told = Answer(status=status, body=f'{{"message":"no, {KEY}"}}'.encode())
    with ToolServer(lambda _: told).running() as server:
        given = {"api_key": KEY, "ingest_id": "in-1", "url": server.url}
        answer = await checked(checking(tmp_path), "aggregations-io", **given)

    [request] = server.requests
    path = "/api/v1/organization/ping-w?ingest_id=in-1&schema=ARRAY_OF_EVENTS"
    assert (request.method, request.path) == ("GET", path)
    assert request.headers["x-api-token"] == KEY
    assert words(answer)[-1] == (name, is_good)
    assert KEY not in repr(answer)


@pytest.mark.parametrize(
    ("answer", "name", "is_good"),
    [
        (Answer(), "write_key", True),
        (Answer(status=400, body=b'{"code":"unknown_source"}'), "write_key", False),
        (Answer(status=404), "collector", False),
        (Answer(status=500), "write_key", None),
    ],
)
async def test_a_collector_is_asked_with_a_batch_without_events(
    tmp_path: Path, answer: Answer, name: str, is_good: bool | None
) -> None:
    with ToolServer(lambda _: answer).running() as server:
        found = await checked(checking(tmp_path), "tailrace", url=server.url, write_key=KEY)

    assert words(found)[-1] == (name, is_good)
    assert [request.json()["batch"] for request in server.requests] == [[]]


async def test_a_directory_is_looked_at_and_not_made(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "taken").write_text("")
    of = checking(tmp_path, file_directories=(str(allowed),))

    good = await checked(of, "file", directory=str(allowed / "new"))
    elsewhere = await checked(of, "file", directory=str(tmp_path / "other"))
    taken = await checked(of, "file", directory=str(allowed / "taken"))

    assert words(good) == [("directory", True), ("access", True)]
    assert words(elsewhere) == [("directory", False)]
    assert words(taken) == [("directory", True), ("access", False)]
    assert [path.name for path in allowed.iterdir()] == ["taken"]


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Settings of a type whose check is wrong."""

    secret: Annotated[api.Secret, api.Setting("What must not be told.")]


def type_with(answered: Any) -> api.Destination:
    async def look(settings: Broken, _: api.Tools) -> Sequence[api.Checked]:
        if isinstance(answered, BaseException):
            raise type(answered)(f"{answered} {settings.secret.reveal()}")
        found: Sequence[api.Checked] = answered
        return found

    return api.Destination(
        slug="broken", name="Broken", description="", settings=Broken, check=look
    )


@pytest.mark.parametrize(
    "answered",
    [RuntimeError("oops"), None, 7, ["x"], [("a",)], [("a", "yes", "", "")], [None]],
)
async def test_a_check_with_a_defect_is_an_answer(tmp_path: Path, answered: Any) -> None:
    answer = await checking(tmp_path).of_settings(
        type_with(answered), Broken(secret=api.Secret(KEY))
    )

    assert words(answer) == [("check", False)]
    assert "has a defect" in answer.checked[0].detail
    assert KEY not in repr(answer)


async def test_what_a_check_tells_is_bounded(tmp_path: Path) -> None:
    endless = [api.Checked("n" * 10_000, True, "d" * 100_000)] * 1_000

    answer = await checking(tmp_path).of_settings(
        type_with(endless), Broken(secret=api.Secret(KEY))
    )

    assert len(answer.checked) == CHECKED_MAX
    assert len(repr(answer)) < 100_000


async def test_a_type_without_a_check_says_so(tmp_path: Path) -> None:
    bare = api.Destination(slug="bare", name="Bare", description="", settings=Broken)

    answer = await checking(tmp_path).of_settings(bare, Broken(secret=api.Secret(KEY)))

    assert (words(answer), answer.is_good) == ([("check", None)], None)


def test_each_check_that_is_offered_is_of_a_type_with_actions() -> None:
    without = [slug for slug, kind in CATALOG.types.items() if kind.check and not kind.actions]

    assert not without


@pytest.fixture
def tls_port(tmp_path: Path) -> Iterator[int]:
    """Give the port of a server whose certificate nobody else signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(10)

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            with connection, context.wrap_socket(connection, server_side=True):
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    yield int(listening.getsockname()[1])
    thread.join()
    listening.close()


def self_signed(directory: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begun = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begun - timedelta(days=1))
        .not_valid_after(begun + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = directory / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + certificate.public_bytes(Encoding.PEM)
    )
    return path
