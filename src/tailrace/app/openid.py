"""Signing in by an OpenID provider: the authorization code flow with PKCE, state and nonce.

What a sign-in must remember until the provider sends the browser back is sealed into a cookie, so
that any app server can finish it. Nothing but the provider's own addresses is asked; the operator
names the provider in the settings file. Most name none: what asks it and checks its word is
imported where that is done.

Source: OpenID Connect Core 1.0 section 3.1, OpenID Connect Discovery 1.0, RFC 7636, RFC 9207.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from tailrace.config import OpenIdConfig, Secret
from tailrace.control.vault import Vault
from tailrace.errors import ConfigError, TailraceError

if TYPE_CHECKING:
    import httpx
    from joserfc import jwt
    from joserfc.jwk import KeySet

FLOW_S_MAX: Final = 600
CALLBACK: Final = "/api/v1/session/oidc/callback"
_KEPT_S: Final = 3_600.0
_KEYS_EVERY_S: Final = 30.0
_ANSWER_S_MAX: Final = 10.0
_ANSWER_BYTES_MAX: Final = 1_048_576
_CLOCKS_APART_S_MAX: Final = 60
_PLACE: Final = "openid-flow"
_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)

Refusal = Literal["cancelled", "expired", "provider", "not-verified", "not-member"]
T = TypeVar("T")


class RefusedError(TailraceError):
    """The sign-in ends here; `code` is what the page tells people, the message is for the log."""

    def __init__(self, message: str, *, code: Refusal) -> None:
        super().__init__(message)
        self.code: Refusal = code


class Identity(NamedTuple):
    """Who somebody is, by the provider's word; `email` is in lower case, "" where it gave none."""

    issuer: str
    subject: str
    email: str
    is_verified: bool
    name: str


class Metadata(msgspec.Struct, frozen=True):
    """What is used of the provider's own description."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Flow(msgspec.Struct, frozen=True):
    state: str
    nonce: str
    verifier: str
    callback: str
    next: str
    ends_at: float


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class _Kept(NamedTuple):
    value: Any
    read_at: float


class OpenId:
    """One provider; its methods are for one event loop."""

    def __init__(
        self, config: OpenIdConfig, vault: Vault, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._vault = vault
        self._clock = clock
        self._metadata: _Kept | None = None
        self._keys: _Kept | None = None

    @property
    def name(self) -> str:
        """How people know the provider."""
        return self._config.name or urlsplit(self._config.issuer).hostname or "OpenID"

    async def begin(self, *, origin: str, next_path: str) -> tuple[str, str]:
        """Return where to send the browser, and the cookie's value that it brings back.

        Raises:
            RefusedError: the provider cannot be asked.
        """
        metadata = await self._described()
        flow = _Flow(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            callback=(self._config.public_url.rstrip("/") or origin) + CALLBACK,
            next=next_path,
            ends_at=self._clock() + FLOW_S_MAX,
        )
        digest = hashlib.sha256(flow.verifier.encode()).digest()
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._config.client_id,
                "redirect_uri": flow.callback,
                "scope": " ".join(self._config.scopes),
                "state": flow.state,
                "nonce": flow.nonce,
                "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
                "code_challenge_method": "S256",
            }
        )
        mark = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        cookie = self._vault.seal(Secret(msgspec.json.encode(flow).decode()), place=_PLACE)
        return f"{metadata.authorization_endpoint}{mark}{query}", cookie

    async def finish(self, given: Mapping[str, str], *, cookie: str) -> tuple[Identity, str]:
        """Return who has signed in, and the path where they wanted to go.

        Raises:
            RefusedError: they did not, or the provider's word cannot be relied on.
        """
        flow = self._flow(cookie)
        if not hmac.compare_digest(given.get("state", ""), flow.state):
            raise RefusedError("the state is not that of this browser's sign-in", code="expired")
        # RFC 9207: an answer that names another provider was not meant for this sign-in.
        if given.get("iss", self._config.issuer) != self._config.issuer:
            raise RefusedError(f"the answer is one of {given['iss'][:200]}", code="provider")
        if "error" in given:
            code: Refusal = "cancelled" if given["error"] == "access_denied" else "provider"
            raise RefusedError(f"the provider answered {given['error'][:100]!r}", code=code)
        metadata = await self._described()
        tokens = await self._exchange(metadata, given.get("code", ""), flow)
        claims = await self._claims(metadata, tokens.id_token, nonce=flow.nonce)
        if "email" not in claims and metadata.userinfo_endpoint and tokens.access_token:
            claims |= await self._user_info(metadata, tokens, subject=claims["sub"])
        return _identity(self._config.issuer, claims), flow.next

    def _flow(self, cookie: str) -> _Flow:
        try:
            text = self._vault.open(cookie, place=_PLACE).reveal()
            flow = msgspec.json.decode(text, type=_Flow)
        except (ConfigError, msgspec.MsgspecError) as error:
            raise RefusedError("this browser has begun no sign-in", code="expired") from error
        if flow.ends_at < self._clock():
            raise RefusedError(f"the sign-in took longer than {FLOW_S_MAX} s", code="expired")
        return flow

    async def _described(self) -> Metadata:
        if self._metadata is None or self._clock() > self._metadata.read_at + _KEPT_S:
            issuer = self._config.issuer
            url = issuer.rstrip("/") + "/.well-known/openid-configuration"
            metadata = await self._get(url, Metadata)
            if metadata.issuer != issuer:
                raise RefusedError(
                    f"{url} calls itself {metadata.issuer[:200]!r}; the settings say {issuer!r}, "
                    "and both must be the same to the letter",
                    code="provider",
                )
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _require_safe(getattr(metadata, name), issuer=issuer, name=name)
            self._metadata = _Kept(metadata, self._clock())
        metadata = self._metadata.value
        assert isinstance(metadata, Metadata)  # noqa: S101
        return metadata

    async def _exchange(self, metadata: Metadata, code: str, flow: _Flow) -> _Tokens:
        import httpx

        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.callback,
            "code_verifier": flow.verifier,
        }
        secret = self._config.client_secret.reveal() if self._config.client_secret else ""
        auth: httpx.BasicAuth | None = None
        methods = metadata.token_endpoint_auth_methods_supported
        if secret and "client_secret_basic" in methods:
            quoted = (urlencode({"": each})[1:] for each in (self._config.client_id, secret))
            auth = httpx.BasicAuth(*quoted)
        else:
            form |= {"client_id": self._config.client_id}
            form |= {"client_secret": secret} if secret else {}
        return await self._ask("POST", metadata.token_endpoint, _Tokens, form=form, auth=auth)

    async def _claims(self, metadata: Metadata, id_token: str, *, nonce: str) -> dict[str, Any]:
        """Return what the ID token says, once its signature and its purpose are checked."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        algorithms = _ALGORITHMS.intersection(metadata.id_token_signing_alg_values_supported)
        try:
            token = await self._opened(metadata, id_token, sorted(algorithms))
            registry = jwt.JWTClaimsRegistry(
                now=lambda: int(self._clock()),
                leeway=_CLOCKS_APART_S_MAX,
                iss={"essential": True, "value": self._config.issuer},
                aud={"essential": True, "value": self._config.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(token.claims)
        except (JoseError, ValueError) as error:
            raise RefusedError(f"the ID token is not valid: {error}", code="provider") from error
        claims: dict[str, Any] = token.claims
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        authorized = claims.get("azp", self._config.client_id if len(audiences) == 1 else "")
        if authorized != self._config.client_id:
            raise RefusedError("the ID token was made for another client", code="provider")
        return claims

    async def _opened(
        self, metadata: Metadata, id_token: str, algorithms: Sequence[str]
    ) -> "jwt.Token":
        """Return the token, its signature checked; a provider may have changed its keys."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        keys = await self._key_set(metadata, age_s_max=_KEPT_S)
        try:
            return jwt.decode(id_token, keys, algorithms=algorithms)
        except (JoseError, ValueError):
            keys = await self._key_set(metadata, age_s_max=_KEYS_EVERY_S)
            return jwt.decode(id_token, keys, algorithms=algorithms)

    async def _key_set(self, metadata: Metadata, *, age_s_max: float) -> "KeySet":
        from joserfc.jwk import KeySet

        if self._keys is None or self._clock() > self._keys.read_at + age_s_max:
            found = await self._get(metadata.jwks_uri, dict[str, Any])
            known = [key for key in found.get("keys", []) if key.get("kty") in _KEY_TYPES]
            self._keys = _Kept(KeySet.import_key_set({"keys": known}), self._clock())
        keys = self._keys.value
        assert isinstance(keys, KeySet)  # noqa: S101
        return keys

    async def _user_info(
        self, metadata: Metadata, tokens: _Tokens, *, subject: str
    ) -> dict[str, Any]:
        found: dict[str, Any] = await self._get(
            metadata.userinfo_endpoint,
            dict[str, Any],
            headers={"authorization": f"Bearer {tokens.access_token}"},
        )
        if found.get("sub") != subject:
            raise RefusedError("the user info is about somebody else", code="provider")
        return {name: found[name] for name in _ABOUT if name in found}

    async def _get(self, url: str, kind: type[T], *, headers: Mapping[str, str] | None = None) -> T:
        return await self._ask("GET", url, kind, headers=headers)

    async def _ask(
        self,
        method: str,
        url: str,
        kind: type[T],
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: "httpx.BasicAuth | None" = None,
    ) -> T:
        """Return the provider's JSON answer, which may be neither slow nor large nor a redirect."""
        import httpx

        body = bytearray()
        sent = {"accept": "application/json", **(headers or {})}
        try:
            async with (
                httpx.AsyncClient(timeout=_ANSWER_S_MAX) as client,
                client.stream(method, url, data=form, headers=sent, auth=auth) as answer,
            ):
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > _ANSWER_BYTES_MAX:
                        raise RefusedError(f"{url} answers without end", code="provider")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RefusedError(f"{url} cannot be asked: {error}", code="provider") from error
        if answer.status_code != httpx.codes.OK:
            raise RefusedError(
                f"{url} answered {answer.status_code}{_error_in(bytes(body))}", code="provider"
            )
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RefusedError(f"{url} answers otherwise: {error}", code="provider") from error


def local_path(text: str) -> str:
    """Return the path of this site that a text names, "/" where it is none."""
    is_path = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if is_path and text.isprintable() and "\\" not in text else "/"


_KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})
_ABOUT: Final = ("email", "email_verified", "name", "preferred_username")


def _identity(issuer: str, claims: Mapping[str, Any]) -> Identity:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise RefusedError("the provider gives no usable subject", code="provider")
    email, name = claims.get("email"), claims.get("name") or claims.get("preferred_username")
    return Identity(
        issuer=issuer,
        subject=subject,
        email=email.strip().lower() if isinstance(email, str) else "",
        # Some providers write the truth as text.
        is_verified=claims.get("email_verified") in (True, "true"),
        name="".join(c for c in str(name or "") if c.isprintable())[:200],
    )


def _error_in(body: bytes) -> str:
    """Return the error that a provider names (RFC 6749 section 5.2), never the whole body."""
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    told = f"{found.get('error', '')} {found.get('error_description', '')}".strip()
    return f": {told[:300]}" if told else ""


def _require_safe(url: str, *, issuer: str, name: str) -> None:
    """Return when a provider that is asked by TLS leads on to an address that is too."""
    if urlsplit(issuer).scheme == "https" and urlsplit(url).scheme != "https":
        raise RefusedError(f"the provider's {name} {url[:200]!r} is not https", code="provider")
