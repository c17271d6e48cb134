"""What GET answers: health, metrics, and what SDKs fetch before they send."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

import tailrace.metrics
from tailrace.collect import cdn, routes
from tailrace.collect.answers import TEXT, Answer
from tailrace.collect.refusals import Refused
from tailrace.collect.sources import Senders
from tailrace.config import CollectConfig

Scope = Mapping[str, Any]

WELCOME: Final = b"""Tailrace collection port: it takes events of Segment SDKs.

POST /v1/track, /v1/identify, /v1/page, /v1/screen, /v1/group, /v1/alias, /v1/batch
GET  /healthz  /readyz  /metrics

The web app is on another port (8283 unless set otherwise).
"""
NO_STORE: Final = (b"cache-control", b"no-store")
QUERY_FIELDS_MAX: Final = 50


class Pages:
    """Answers GET; `refusing` tells why the log takes no records, None while it does.

    `senders` is replaced when the sources change; `sources_problem` tells why they cannot change
    just now, "" while they can.
    """

    def __init__(
        self,
        config: CollectConfig,
        senders: Senders,
        refusing: Callable[[], Refused | None],
        sources_problem: Callable[[], str],
    ) -> None:
        self.senders = senders
        self._config = config
        self._refusing = refusing
        self._sources_problem = sources_problem
        host = f"[{config.host}]" if ":" in config.host else config.host
        self._bound_to = f"{host}:{config.port}"

    async def answer(self, path: str, scope: Scope, headers: Mapping[bytes, bytes]) -> Answer:
        """Return the answer to GET of a path without needless slashes.

        Raises:
            Refused: nothing is there, or the collector is not ready.
        """
        if path == "/":
            return Answer(200, WELCOME, TEXT)
        if path == "/healthz":
            return Answer(200, b'{"status":"ok"}', headers=[NO_STORE])
        if path == "/readyz":
            return self._readiness()
        if path == "/metrics":
            text = await asyncio.to_thread(tailrace.metrics.render)
            return Answer(200, text, tailrace.metrics.CONTENT_TYPE.encode(), [NO_STORE])
        if path == routes.SOURCE_CONFIG:
            return self._rudder_settings(scope, headers)
        if path.startswith(routes.BUNDLES):
            return cdn.bundle(path.removeprefix(routes.BUNDLES))
        if found := routes.SETTINGS.fullmatch(path):
            self._source_of(found[1])
            return cdn.settings(found[1], self._origin(scope, headers))
        if found := routes.BROWSER_SDK.fullmatch(path):
            self._source_of(found[1])
            accepts_gzip = b"gzip" in headers.get(b"accept-encoding", b"")
            return cdn.browser_sdk(
                found[1], self._origin(scope, headers), accepts_gzip=accepts_gzip
            )
        raise Refused("not_found", "GET finds nothing here; see GET / for what there is")

    def _readiness(self) -> Answer:
        refused = self._refusing()
        if refused is not None:
            raise refused
        body: dict[str, str] = {"status": "ready"}
        if self._sources_problem():
            # Anybody may read this; the reason, which names hosts and files, is in the log.
            body["control"] = "away; the last known sources are in force"
        return Answer(200, msgspec.json.encode(body), headers=[NO_STORE])

    def _rudder_settings(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Answer:
        try:
            fields = parse_qs(scope["query_string"], max_num_fields=QUERY_FIELDS_MAX)
            key = fields.get(b"writeKey", [b""])[0].decode()
        except ValueError:
            key = ""
        if not key:
            sender = self.senders.by_header(headers.get(b"authorization", b""))
            key = sender.write_key if sender is not None else ""
        return cdn.rudder_settings(key, self._source_of(key), self._origin(scope, headers))

    def _source_of(self, key: str) -> str:
        """Return the slug of the source with that key.

        Raises:
            Refused: there is none that is enabled.
        """
        sender = self.senders.by_key(key)
        if sender is None or not sender.is_enabled:
            raise Refused("not_found", "no enabled source has this write key")
        return sender.slug

    def _origin(self, scope: Scope, headers: Mapping[bytes, bytes]) -> cdn.Origin:
        return cdn.origin_of(
            headers,
            scheme=scope.get("scheme", "http"),
            bound_to=self._bound_to,
            trust_forwarded=self._config.trust_forwarded_for,
        )
