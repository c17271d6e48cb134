"""What every answer carries: headers for pages of other origins, and the right method."""

import pytest
from asgi_client import KEY, Browserless

from tailrace.collect import answers

EVENT = {"writeKey": KEY, "userId": "u1", "event": "x"}
ORIGIN = "https://shop.example.com"


@pytest.mark.parametrize("path", ["/v1/t", "/v1/batch", "/v1/m", "/nowhere", "/", "/metrics"])
async def test_a_preflight_is_answered_on_every_path(path: str, client: Browserless) -> None:
    response = await client.request(
        "OPTIONS",
        path,
        headers={
            "origin": ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,rsa-session-id",
        },
    )

    assert response.status == 204
    assert response.header("access-control-allow-origin") == ORIGIN
    assert response.header("access-control-allow-credentials") == "true"
    assert response.header("access-control-allow-methods") == "POST, GET, OPTIONS"
    allowed = (response.header("access-control-allow-headers") or "").lower().replace(" ", "")
    assert {
        "authorization",
        "content-type",
        "x-retry-count",
        "anonymousid",
        "sentat",
        "rsa-session-id",
    } <= set(allowed.split(","))
    assert int(response.header("access-control-max-age") or 0) > 0
    assert response.header("vary") == "Origin"


async def test_header_names_that_are_none_are_not_echoed(client: Browserless) -> None:
    for asked in ("a" * 2_000, "x: y", "<script>"):
        response = await client.request(
            "OPTIONS", "/v1/t", headers={"access-control-request-headers": asked}
        )

        assert asked not in (response.header("access-control-allow-headers") or "")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/track", EVENT, 200),
        ("POST", "/v1/track", {}, 400),
        ("POST", "/nowhere", {}, 404),
        ("PUT", "/v1/track", {}, 405),
        ("GET", "/healthz", b"", 200),
        ("GET", "/nowhere", b"", 404),
    ],
)
async def test_a_page_may_read_every_answer(
    method: str, path: str, body: object, status: int, client: Browserless
) -> None:
    response = await client.request(method, path, body, headers={"origin": ORIGIN})

    assert response.status == status
    assert response.header("access-control-allow-origin") == ORIGIN
    assert "Retry-After" in (response.header("access-control-expose-headers") or "")
    assert response.header("vary") == "Origin"


async def test_lists_of_headers_are_kept_for_a_bounded_number_of_origins(
    client: Browserless,
) -> None:
    for n in range(answers.ORIGINS_MAX + 10):
        response = await client.post("/v1/track", EVENT, headers={"origin": f"https://{n}.example"})

    assert response.header("access-control-allow-origin") == f"https://{n}.example"
    assert len(client.app._cross_origin._success) <= answers.ORIGINS_MAX


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "BREW"])
@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch/", "/v1/m", f"/v1/json/{KEY}"])
async def test_events_are_posted(method: str, path: str, client: Browserless) -> None:
    response = await client.request(method, path)

    assert (response.status, response.json["code"]) == (405, "method_not_allowed")
    assert response.header("allow") == "GET, POST, OPTIONS"


async def test_the_picture_is_a_gif_of_43_bytes() -> None:
    assert len(answers.PIXEL_BODY) == 43
    assert answers.PIXEL_BODY[:6] == b"GIF89a"
