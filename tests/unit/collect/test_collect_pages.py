"""GET: pixels, settings, the browser SDK, health and metrics."""

import base64
import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest
from asgi_client import KEY, Browserless

from tailrace.collect import cdn
from tailrace.collect.answers import PIXEL_BODY
from tailrace.config import CollectConfig

EVENT = {"writeKey": KEY, "userId": "u1", "event": "Email Opened", "properties": {"a": "\u00fc?>"}}
SCRIPT = (
    r"var r=/(https:\/\/.*)\/analytics\.js\/v1\/(?:.*?)\/(?:platform|analytics.*)?/;"
    'window.analyticsWriteKey="__WRITE_KEY__";h="api.segment.io/v1";'
    'c="https://cdn.segment.com";d="https://cdn.segment.com/analytics-next/bundles/"'
)


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "static"
    (directory / "bundles").mkdir(parents=True)
    (directory / "analytics.min.js").write_text(SCRIPT)
    (directory / "bundles" / "auto-track.bundle.0123456789abcdef.js").write_text("part()")
    monkeypatch.setattr(cdn, "STATIC_DIR", directory)
    return directory


def encoded(encode: Any, event: object = EVENT) -> str:
    text: bytes = encode(msgspec.json.encode(event))
    return text.decode()


@pytest.mark.parametrize(
    "data",
    [
        encoded(base64.b64encode),
        encoded(base64.urlsafe_b64encode),
        encoded(base64.b64encode).rstrip("="),
        encoded(base64.b64encode).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
    ],
)
async def test_a_pixel_is_an_event(data: str, client: Browserless) -> None:
    response = await client.get("/v1/pixel/track", query=f"data={data}")

    assert (response.status, response.body) == (200, PIXEL_BODY)
    assert response.header("content-type") == "image/gif"
    assert "no-store" in (response.header("cache-control") or "")
    [call] = client.log.calls
    assert (call.shape, call.type, call.path) == ("call", "track", "/v1/pixel/track")
    assert call.is_client_side
    assert msgspec.json.decode(call.body) == EVENT


async def test_a_pixel_without_base64_has_a_parameter_for_each_field(client: Browserless) -> None:
    await client.get(
        "/v1/pixel/page",
        query=f"writeKey={KEY}&userId=u+1&properties.subject=Hi&properties.a.b=1"
        "&context.campaign.name=Spring%20Sale&name=&my.key=2",
    )

    [call] = client.log.calls
    assert msgspec.json.decode(call.body) == {
        "writeKey": KEY,
        "userId": "u 1",
        "properties": {"subject": "Hi", "a": {"b": "1"}},
        "context": {"campaign": {"name": "Spring Sale"}},
        "name": "",
        "my.key": "2",
    }


@pytest.mark.parametrize(
    "query",
    [
        "",
        "data=",
        "data=%%%",
        "data=bm8ganNvbg",
        "data="
        + encoded(base64.b64encode, {"writeKey": "nope-nope-1", "userId": "u", "event": "x"}),
        f"writeKey={KEY}&event=x",
        f"writeKey={KEY}&userId=u&event=x&" + "&".join(f"a{n}=1" for n in range(600)),
        f"writeKey={KEY}&userId=u&event=x&properties" + ".a" * 100 + "=1",
        f"writeKey={KEY}&userId=u&event=%ff",
        "writeKey=disabled-key-1&userId=u&event=x",
    ],
)
async def test_a_pixel_shows_its_picture_whatever_it_holds(query: str, client: Browserless) -> None:
    response = await client.get("/v1/pixel/track", query=query)

    assert (response.status, response.body) == (200, PIXEL_BODY)
    assert client.log.records == []


async def test_a_pixel_that_is_only_looked_at_is_no_event(client: Browserless) -> None:
    response = await client.request(
        "HEAD", "/v1/pixel/track", query=f"data={encoded(base64.b64encode)}"
    )

    assert (response.status, client.log.records) == (200, [])


async def test_settings_send_sdks_here(client: Browserless) -> None:
    response = await client.get(
        f"/v1/projects/{KEY}/settings", headers={"host": "events.example.com:8282"}
    )

    assert (response.status, response.header("content-type")) == (200, "application/json")
    assert list(response.json["integrations"]) == ["Segment.io"]
    segment = response.json["integrations"]["Segment.io"]
    assert segment["apiKey"] == KEY
    assert segment["apiHost"] == "events.example.com:8282/v1"
    assert segment["protocol"] == "http"
    assert response.json["metrics"]["sampleRate"] == 0


@pytest.mark.parametrize(
    ("headers", "trust", "host", "protocol"),
    [
        ({"host": "a.example", "x-forwarded-proto": "https"}, False, "a.example", "https"),
        ({"host": "a.example", "x-forwarded-proto": "gopher"}, False, "a.example", "http"),
        ({"host": "a.example", "x-forwarded-host": "b.example"}, False, "a.example", "http"),
        ({"host": "a.example", "x-forwarded-host": "b.example"}, True, "b.example", "http"),
        ({"host": "[::1]:8282"}, False, "[::1]:8282", "http"),
        ({"host": '"><script>'}, False, "127.0.0.1:8282", "http"),
        ({}, False, "127.0.0.1:8282", "http"),
    ],
)
async def test_settings_name_the_host_that_was_asked(
    headers: dict[str, str], trust: bool, host: str, protocol: str, start: Any
) -> None:
    client = await start(CollectConfig(trust_forwarded_for=trust))

    response = await client.get(f"/v1/projects/{KEY}/settings/", headers=headers)

    segment = response.json["integrations"]["Segment.io"]
    assert (segment["apiHost"], segment["protocol"]) == (f"{host}/v1", protocol)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/projects/{}/settings",
        "/analytics.js/v1/{}/analytics.min.js",
    ],
)
@pytest.mark.parametrize("key", ["not-a-key-1", "disabled-key-1", "%2e%2e", "\u00fc"])
async def test_a_key_that_may_not_send_finds_nothing(
    path: str, key: str, client: Browserless, static: Path
) -> None:
    response = await client.get(path.format(key))

    assert (response.status, response.json["code"]) == (404, "not_found")


async def test_the_browser_sdk_looks_to_us_for_everything(
    client: Browserless, static: Path
) -> None:
    response = await client.get(
        f"/analytics.js/v1/{KEY}/analytics.min.js",
        headers={"host": "events.example.com", "x-forwarded-proto": "https"},
    )

    assert response.status == 200
    assert (response.header("content-type") or "").startswith("text/javascript")
    text = response.body.decode()
    assert f'window.analyticsWriteKey="{KEY}"' in text
    assert r"/(https?:\/\/.*)\/analytics\.js\/v1" in text
    assert 'c="https://events.example.com"' in text
    assert 'h="events.example.com/v1"' in text
    assert "segment" not in text


async def test_the_browser_sdk_travels_compressed(client: Browserless, static: Path) -> None:
    path = f"/analytics.js/v1/{KEY}/analytics.min.js"

    plain = await client.get(path)
    packed = await client.get(path, headers={"accept-encoding": "gzip, deflate, br"})

    assert packed.header("content-encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body


async def test_without_the_build_the_browser_sdk_is_a_503(
    client: Browserless, static: Path
) -> None:
    (static / "analytics.min.js").unlink()

    response = await client.get(f"/analytics.js/v1/{KEY}/analytics.min.js", headers={"host": "x.y"})

    assert (response.status, response.json["code"]) == (503, "not_built")
    assert "make up" in response.json["message"]


async def test_parts_of_the_browser_sdk_are_served(client: Browserless, static: Path) -> None:
    response = await client.get("/analytics-next/bundles/auto-track.bundle.0123456789abcdef.js")

    assert (response.status, response.body) == (200, b"part()")


@pytest.mark.parametrize(
    "name", ["missing.bundle.00.js", "../analytics.min.js", "..", "", "%00", "a\0.bundle.00.js"]
)
async def test_nothing_else_is_served(name: str, client: Browserless, static: Path) -> None:
    response = await client.get(f"/analytics-next/bundles/{name}")

    assert response.status == 404


async def test_rudder_finds_its_source(client: Browserless) -> None:
    response = await client.get(
        "/sourceConfig/", query=f"p=npm&v=3&writeKey={KEY}", headers={"host": "events.example.com"}
    )

    source = response.json["source"]
    assert (source["id"], source["writeKey"], source["enabled"]) == ("web", KEY, True)
    assert source["destinations"] == []
    assert (await client.get("/sourceConfig", query="writeKey=nope")).status == 404
    assert (await client.get("/sourceConfig")).status == 404
    header = {"authorization": "Basic d3JpdGUta2V5LTEyMzo="}
    assert (await client.get("/sourceConfig", headers=header)).json["source"]["id"] == "web"


async def test_self_metrics_are_counted_and_not_kept(client: Browserless) -> None:
    series = [
        {"type": "Counter", "metric": "analytics_js.invoke", "value": 1, "tags": {}},
        {"type": "Counter", "metric": "analytics_js.invoke.error", "value": 1, "tags": {}},
    ]

    response = await client.post("/v1/m", {"series": series})
    text = (await client.get("/metrics")).body.decode()

    assert (response.status, response.json) == (200, {"success": True})
    assert client.log.records == []
    assert 'tailrace_collect_sdk_metrics_total{kind="error"}' in text


async def test_health_and_metrics(client: Browserless) -> None:
    await client.post("/v1/track", EVENT)
    await client.post("/v1/track", {**EVENT, "writeKey": "not-a-key-1"})
    await client.post("/v1/track", {**EVENT, "event": 5}, headers={"authorization": "Basic x"})

    assert (await client.get("/healthz")).status == 200
    assert (await client.get("/readyz")).status == 200
    metrics = await client.get("/metrics")
    assert (metrics.header("content-type") or "").startswith("text/plain")
    text = metrics.body.decode()
    assert 'tailrace_collect_events_total{source="web"}' in text
    assert 'tailrace_collect_refused_total{reason="unknown_source",source=""}' in text
    assert KEY not in text
    assert "not-a-key-1" not in text


async def test_the_root_says_what_this_is(client: Browserless) -> None:
    response = await client.get("/")

    assert response.status == 200
    assert "/v1/batch" in response.body.decode()
