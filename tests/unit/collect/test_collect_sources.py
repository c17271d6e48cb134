"""Write keys, rates, signatures, and who sent it."""

import hmac
from typing import Any

import msgspec
import pytest
from asgi_client import KEY, SOURCES, Browserless

from tailrace.collect.sources import Allowance
from tailrace.config import CollectConfig, Source

EVENT = {"type": "track", "userId": "u1", "event": "x"}
SECRET = b"s3cret"


def test_an_allowance_gives_a_second_at_once_and_then_its_rate() -> None:
    now = [0.0]
    allowance = Allowance(2.0, clock=lambda: now[0])

    assert [allowance.take() for _ in range(3)] == [0.0, 0.0, 0.5]
    now[0] += 0.5
    assert [allowance.take() for _ in range(2)] == [0.0, 0.5]
    now[0] += 3_600
    assert [allowance.take() for _ in range(3)] == [0.0, 0.0, 0.5]


def test_an_allowance_below_one_a_second_still_lets_one_pass() -> None:
    allowance = Allowance(0.1, clock=lambda: 0.0)

    assert [allowance.take() for _ in range(2)] == [0.0, pytest.approx(10.0)]


async def test_a_source_over_its_rate_is_told_when_to_come_back(client: Browserless) -> None:
    event = {**EVENT, "writeKey": "slow-key-1"}

    answers = [await client.post("/v1/track", event) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].json["code"] == "rate_limited"
    assert answers[2].header("retry-after") == answers[2].header("x-ratelimit-reset") == "1"
    assert len(client.log.records) == 2
    assert (await client.post("/v1/track", {**EVENT, "writeKey": KEY})).status == 200


async def test_a_source_may_have_several_keys(client: Browserless) -> None:
    for key in (KEY, "second-key-1"):
        assert (await client.post("/v1/track", {**EVENT, "writeKey": key})).status == 200

    assert {call.source for call in client.log.calls} == {"web"}


async def test_changed_sources_are_obeyed_at_once(client: Browserless) -> None:
    client.app.obey([Source(slug="new", write_keys=("new-key-12",))])

    known = await client.post("/v1/track", {**EVENT, "writeKey": "new-key-12"})
    unknown = await client.post("/v1/track", {**EVENT, "writeKey": KEY})

    assert (known.status, unknown.status) == (200, 400)
    assert unknown.json["code"] == "unknown_source"
    assert (await client.get(f"/v1/projects/{KEY}/settings")).status == 404


async def test_sources_that_changed_before_the_start_are_obeyed(start: Any) -> None:
    client = await start(sources=[])

    client.app.obey([Source(slug="new", write_keys=("new-key-12",))])

    assert (await client.post("/v1/track", {**EVENT, "writeKey": "new-key-12"})).status == 200


async def test_a_change_gives_no_requests_beyond_the_rate(client: Browserless) -> None:
    event = {**EVENT, "writeKey": "slow-key-1"}
    slow = Source(slug="slow", write_keys=("slow-key-1",), requests_per_s_max=2)
    first = [(await client.post("/v1/track", event)).status for _ in range(2)]

    client.app.obey([slow, Source(slug="other", write_keys=("other-key-1",))])
    same = (await client.post("/v1/track", event)).status
    client.app.obey([Source(slug="slow", write_keys=("slow-key-1",), requests_per_s_max=3)])
    raised = (await client.post("/v1/track", event)).status

    assert (first, same, raised) == ([200, 200], 429, 200)


async def test_used_write_keys_are_told_once_and_outlive_a_change(client: Browserless) -> None:
    for key in (KEY, "disabled-key-1", "nobodys-key-1"):
        await client.post("/v1/track", {**EVENT, "writeKey": key})

    client.app.obey(SOURCES)

    assert client.app.used_keys() == [KEY]
    assert client.app.used_keys() == []


async def test_a_collector_whose_sources_cannot_change_stays_ready_and_says_so(
    client: Browserless,
) -> None:
    client.app.sources_problem = lambda: "host db-1 does not answer"

    answer = await client.get("/readyz")

    assert (answer.status, answer.json["status"]) == (200, "ready")
    assert "away" in answer.json["control"]
    assert "db-1" not in answer.json["control"]


async def test_the_kept_path_has_no_key(client: Browserless) -> None:
    await client.post(f"/v1/webhook/{KEY}", EVENT)
    await client.post(f"/v1/json/{KEY}/", EVENT)

    assert [call.path for call in client.log.calls] == ["/v1/webhook", "/v1/json"]


@pytest.mark.parametrize(
    ("body", "shape", "events"),
    [
        (EVENT, "call", 1),
        ([EVENT, EVENT], "batch", 2),
        ([EVENT, 5], "batch", 2),
        ({"batch": [EVENT]}, "batch", 1),
    ],
)
async def test_a_webhook_is_an_event_or_a_list(
    body: object, shape: str, events: int, client: Browserless
) -> None:
    response = await client.post(
        f"/v1/webhook/{KEY}", body, headers={"origin": "https://x.example"}
    )

    assert response.status == 200
    [call] = client.log.calls
    assert (call.shape, call.type, call.events, call.is_client_side) == (shape, "", events, False)


async def test_a_webhook_may_be_empty(client: Browserless) -> None:
    response = await client.post(f"/v1/webhook/{KEY}", [])

    assert (response.status, client.log.records) == (200, [])


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
async def test_a_signed_webhook_is_taken(spelling: Any, client: Browserless) -> None:
    body = msgspec.json.encode(EVENT)
    signature = spelling(hmac.new(SECRET, body, "sha1").hexdigest())

    response = await client.post(
        "/v1/webhook/signed-key-1", body, headers={"x-signature": signature}
    )

    assert response.status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "signature_missing"),
        ({"x-signature": ""}, "signature_wrong"),
        ({"x-signature": "0" * 40}, "signature_wrong"),
        ({"x-signature": "\u00fc"}, "signature_wrong"),
    ],
)
async def test_a_webhook_with_a_secret_needs_its_signature(
    headers: dict[str, str], code: str, client: Browserless
) -> None:
    response = await client.post("/v1/webhook/signed-key-1", EVENT, headers=headers)

    assert (response.status, response.json["code"]) == (401, code)
    assert SECRET not in response.body
    assert client.log.records == []


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (b'{"a":1}', 1),
        (b'[{"a":1},{"a":2},3]', 3),
        (b'{"a":1}\n\n{"a":2}\r\n{"a":3}', 3),
        (b"[1,2]\n[3]", 2),
        (b'{"a":\n1}', 1),
        (b'\xef\xbb\xbf{"a":1}', 1),
    ],
)
async def test_arbitrary_json_is_counted(text: bytes, events: int, client: Browserless) -> None:
    response = await client.post(f"/v1/json/{KEY}", text)

    assert response.status == 200
    [call] = client.log.calls
    assert (call.shape, call.type, call.events, call.body) == ("json", "", events, text)


@pytest.mark.parametrize("text", [b"", b" \n", b"[]"])
async def test_no_json_is_nothing_to_keep(text: bytes, client: Browserless) -> None:
    response = await client.post(f"/v1/json/{KEY}", text)

    assert (response.status, client.log.records) == (200, [])


@pytest.mark.parametrize("text", [b"{", b"a,b\n1,2", b'{"a":1}\n{"a":', b"[1,]"])
async def test_what_is_no_json_is_refused(text: bytes, client: Browserless) -> None:
    response = await client.post(f"/v1/json/{KEY}", text)

    assert (response.status, response.json["code"]) == (400, "malformed_json")


async def test_the_address_is_the_peers(client: Browserless) -> None:
    for address in ("203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1"):
        await client.post(
            "/v1/t",
            {**EVENT, "writeKey": KEY},
            client=(address, "5000"),
            headers={"x-forwarded-for": "198.51.100.1", "user-agent": "test/1 \u00fc"},
        )
    await client.post("/v1/t", {**EVENT, "writeKey": KEY}, client=None)

    addresses = [call.remote_address for call in client.log.calls]
    assert addresses == ["203.0.113.9", "203.0.113.9", "2001:db8::1", ""]
    assert client.log.calls[0].user_agent == "test/1 \u00fc"
    assert client.log.calls[3].user_agent == ""


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.1, 10.0.0.1", "198.51.100.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("unknown, 198.51.100.1", "203.0.113.9"),
        ("", "203.0.113.9"),
        ("\u00fc" * 5_000, "203.0.113.9"),
    ],
)
async def test_a_trusted_proxy_tells_the_address(forwarded: str, address: str, start: Any) -> None:
    client = await start(CollectConfig(trust_forwarded_for=True))

    await client.post(
        "/v1/t",
        {**EVENT, "writeKey": KEY},
        headers=[("x-forwarded-for", forwarded), ("x-forwarded-for", "192.0.2.1")],
    )

    assert [call.remote_address for call in client.log.calls] == [address]


async def test_a_long_user_agent_is_cut(client: Browserless) -> None:
    await client.post("/v1/t", {**EVENT, "writeKey": KEY}, headers={"user-agent": "x" * 50_000})

    assert len(client.log.calls[0].user_agent) == 1_024
