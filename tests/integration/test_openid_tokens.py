"""A provider's word is taken only where it was given to us, now, by that provider."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tailrace.app.openid import FLOW_S_MAX, Identity, OpenId, RefusedError, local_path
from tailrace.config import OpenIdConfig, Secret
from tailrace.control.vault import Vault

ORIGIN = "http://127.0.0.1:8283"
CLIENT_ID = "tailrace"
FIRST_KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})


class LyingProvider:
    """A provider that answers what a test wants it to."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.issuer = f"http://127.0.0.1:{server.server_address[1]}"
        self.key = FIRST_KEY
        self.documents: dict[str, Any] = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/me",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            },
            "/keys": KeySet([self.key]).as_dict(private=False),
        }
        self.asked: list[dict[str, list[str]]] = []

    def give(self, claims: dict[str, object], *, sign: Callable[[dict[str, Any]], str]) -> None:
        """Answer the next exchange with an ID token of these claims."""
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "s-1", "iat": now, "exp": now + 60}
        both = {**usual, "email": "Ada@example.org", "email_verified": True, **claims}
        kept = {name: value for name, value in both.items() if value is not None}
        self.documents["/token"] = {"id_token": sign(kept), "access_token": "a-1"}

    def signed(self, claims: dict[str, Any]) -> str:
        """Return the claims as this provider signs them."""
        return jwt.encode({"alg": "RS256", "kid": "first"}, claims, self.key)


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            size = int(self.headers["content-length"])
            found.asked.append(parse_qs(self.rfile.read(size).decode()))
            self._answer()

        def _answer(self) -> None:
            document = found.documents.get(self.path)
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(404 if document is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = LyingProvider(server)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


class Clock:
    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


def openid(provider: LyingProvider, clock: Clock | None = None, **further: Any) -> OpenId:
    config = OpenIdConfig(
        issuer=provider.issuer, client_id=CLIENT_ID, client_secret=Secret("c"), **further
    )
    return OpenId(config, Vault([bytes(32)]), clock=clock or Clock())


def begun(client: OpenId) -> tuple[dict[str, str], str]:
    """Return the parameters with which the browser is sent off, and its cookie."""
    url, cookie = asyncio.run(client.begin(origin=ORIGIN, next_path="/search"))
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}, cookie


def finished(
    provider: LyingProvider,
    claims: dict[str, object] | None = None,
    *,
    sign: Callable[[dict[str, Any]], str] | None = None,
) -> tuple[Identity, str]:
    """Sign in with an ID token of these claims."""
    client = openid(provider)
    sent, cookie = begun(client)
    wanted = {"nonce": sent["nonce"], **(claims or {})}
    provider.give(wanted, sign=sign or provider.signed)
    return asyncio.run(client.finish({"state": sent["state"], "code": "c-1"}, cookie=cookie))


def _joined(*parts: dict[str, Any]) -> str:
    return ".".join(_base64(json.dumps(part).encode()) for part in parts)


def _base64(given: bytes) -> str:
    return base64.urlsafe_b64encode(given).decode().rstrip("=")


def refused(provider: LyingProvider, *arguments: Any, **keywords: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        finished(provider, *arguments, **keywords)
    return caught.value


def test_the_browser_is_sent_with_all_that_protects_the_flow(provider: LyingProvider) -> None:
    sent, cookie = begun(openid(provider))

    assert sent["response_type"] == "code"
    assert sent["redirect_uri"] == f"{ORIGIN}/api/v1/session/oidc/callback"
    assert sent["code_challenge_method"] == "S256"
    assert min(len(sent[name]) for name in ("state", "nonce", "code_challenge")) >= 32
    assert not [value for value in sent.values() if value in cookie]


def test_a_valid_token_tells_who_it_is(provider: LyingProvider) -> None:
    identity, next_path = finished(provider, {"name": "Ada\n\x00"})

    assert identity == Identity(provider.issuer, "s-1", "ada@example.org", True, "Ada")
    assert next_path == "/search"


def test_the_code_is_exchanged_with_what_proves_the_browser(provider: LyingProvider) -> None:
    client = openid(provider)
    sent, cookie = begun(client)
    provider.give({"nonce": sent["nonce"]}, sign=provider.signed)

    asyncio.run(client.finish({"state": sent["state"], "code": "c-1"}, cookie=cookie))

    [asked] = provider.asked
    digest = hashlib.sha256(asked["code_verifier"][0].encode()).digest()
    assert _base64(digest) == sent["code_challenge"]
    assert asked["code"] == ["c-1"]


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"aud": "another client"},
        {"aud": [CLIENT_ID, "another client"]},
        {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
        {"iss": "https://example.org"},
        {"exp": 1_000},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "s" * 256},
        {"sub": 7},
    ],
)
def test_a_token_for_another_purpose_is_refused(
    provider: LyingProvider, claims: dict[str, object]
) -> None:
    assert refused(provider, claims).code == "provider"


def test_a_token_without_our_providers_signature_is_refused(provider: LyingProvider) -> None:
    other = RSAKey.generate_key(2048, {"kid": "first"})

    def confused(claims: dict[str, Any]) -> str:
        """Sign with the public key, as if it were a shared secret."""
        text = _joined({"alg": "HS256", "kid": "first"}, claims)
        digest = hmac.digest(provider.key.as_pem(private=False), text.encode(), "sha256")
        return f"{text}.{_base64(digest)}"

    signers: list[Callable[[dict[str, Any]], str]] = [
        lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, other),
        confused,
        lambda claims: _joined({"alg": "none"}, claims) + ".",
        lambda claims: provider.signed(claims)[:-4] + "AAAA",
        lambda _: "no token",
    ]
    codes = [refused(provider, sign=sign).code for sign in signers]

    assert codes == ["provider"] * len(signers)


def test_new_keys_of_the_provider_are_found(provider: LyingProvider) -> None:
    clock = Clock()
    client = openid(provider, clock)
    sent, cookie = begun(client)
    provider.give({"nonce": sent["nonce"]}, sign=provider.signed)
    asyncio.run(client.finish({"state": sent["state"], "code": "c"}, cookie=cookie))

    provider.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
    provider.documents["/keys"] = KeySet([provider.key]).as_dict(private=False)
    clock.ahead_s = 31.0
    sent, cookie = begun(client)
    provider.give({"nonce": sent["nonce"]}, sign=provider.signed)
    identity, _ = asyncio.run(client.finish({"state": sent["state"], "code": "c"}, cookie=cookie))

    assert identity.subject == "s-1"


def test_keys_of_a_kind_we_do_not_know_are_passed_over(provider: LyingProvider) -> None:
    provider.documents["/keys"]["keys"].insert(0, {"kty": "LATTICE", "kid": "later"})

    identity, _ = finished(provider)

    assert identity.subject == "s-1"


def test_an_address_comes_from_the_user_info_of_the_same_person_only(
    provider: LyingProvider,
) -> None:
    about: dict[str, object] = {"email": None, "email_verified": None}
    provider.documents["/me"] = {"sub": "s-1", "email": "Ada@example.org", "email_verified": True}
    identity, _ = finished(provider, about)
    provider.documents["/me"] = {"sub": "s-2", "email": "eve@example.org", "email_verified": True}

    error = refused(provider, about)

    assert (identity.email, identity.is_verified) == ("ada@example.org", True)
    assert "somebody else" in str(error)


def test_an_answer_with_a_wrong_state_or_too_late_is_refused(provider: LyingProvider) -> None:
    clock = Clock()
    client = openid(provider, clock)
    sent, cookie = begun(client)
    given = {"state": sent["state"], "code": "c"}

    def refusal(changed: dict[str, str], cookie: str) -> str:
        with pytest.raises(RefusedError) as caught:
            asyncio.run(client.finish({**given, **changed}, cookie=cookie))
        return caught.value.code

    codes = [
        refusal({"state": "another"}, cookie),
        refusal({}, ""),
        refusal({}, cookie[:-8] + "AAAAAAA="),
        refusal({"iss": "https://example.org"}, cookie),
        refusal({"error": "access_denied"}, cookie),
        refusal({"error": "server_error"}, cookie),
    ]
    clock.ahead_s = FLOW_S_MAX + 1.0
    codes.append(refusal({}, cookie))

    assert codes == [
        "expired",
        "expired",
        "expired",
        "provider",
        "cancelled",
        "provider",
        "expired",
    ]


@pytest.mark.parametrize(
    ("path", "answer", "told"),
    [
        (
            "/.well-known/openid-configuration",
            {"issuer": "https://example.org"},
            "answers otherwise",
        ),
        ("/.well-known/openid-configuration", b"<html>", "answers otherwise"),
        ("/.well-known/openid-configuration", None, "answered 404"),
        ("/keys", b" " * 1_048_577, "without end"),
        ("/token", {"error": "invalid_grant"}, "answers otherwise"),
    ],
)
def test_what_the_provider_should_not_answer_is_told_exactly(
    provider: LyingProvider, path: str, answer: Any, told: str
) -> None:
    client = openid(provider)
    sent, cookie = begun(openid(provider))
    provider.give({"nonce": sent["nonce"]}, sign=provider.signed)
    provider.documents[path] = answer

    with pytest.raises(RefusedError, match=told):
        asyncio.run(client.finish({"state": sent["state"], "code": "c"}, cookie=cookie))


def test_a_provider_that_calls_itself_otherwise_is_refused(provider: LyingProvider) -> None:
    provider.documents["/.well-known/openid-configuration"]["issuer"] += "/"

    with pytest.raises(RefusedError, match="to the letter"):
        begun(openid(provider))


def test_only_paths_of_this_app_are_gone_on_to() -> None:
    kept = ["/", "/search?query=a%20b#top", "/live/"]
    others = ["", "search", "//example.org", "/\\example.org", "/a\\b", "/a\nb", "https://a"]

    assert [local_path(text) for text in kept] == kept
    assert {local_path(text) for text in others} == {"/"}
