"""From a request to a durable record: read, unpack, check, find the source, append."""

import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from tailrace.collect import metrics, parsing, routes
from tailrace.collect.addresses import remote_address, user_agent
from tailrace.collect.bodies import GZIP_MAGIC, Deadlines, Receive, plain, read_body
from tailrace.collect.commit import Committer
from tailrace.collect.depth import check_depth
from tailrace.collect.pixel import pixel_body
from tailrace.collect.refusals import Refused
from tailrace.collect.routes import Route
from tailrace.collect.sources import Sender, Senders
from tailrace.config import CollectConfig
from tailrace.event import Call, encode_call
from tailrace.log.contract import NewRecord

Scope = Mapping[str, Any]
Headers = Mapping[bytes, bytes]

US_PER_MINUTE: Final = 60_000_000
QUERY_FIELDS_MAX: Final = 50


class Intake:
    """Takes events in. Every method returns once they are durable, or raises `Refused`.

    `clock` gives nanoseconds since 1970 UTC; receipt is when the head of the request was read.
    `senders` is replaced, from another thread, when the sources change.
    """

    def __init__(
        self,
        config: CollectConfig,
        senders: Senders,
        committer: Committer,
        deadlines: Deadlines,
        *,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.senders = senders
        self._config = config
        self._committer = committer
        self._deadlines = deadlines
        self._clock = clock

    async def post(self, route: Route, scope: Scope, headers: Headers, receive: Receive) -> None:
        """Take in a call or a batch; a batch without events is nothing to append."""
        received_at = self._clock() // 1_000
        authorization = headers.get(b"authorization")
        sender = self.senders.by_header(authorization) if authorization else None
        try:
            body = await self._read(headers, receive)
            if route.shape == "call":
                self._check_size(body)
                body_key, events = parsing.parse_single(self._readable(body), route.type), 1
            else:
                body_key, events = parsing.parse_envelope(self._readable(body))
            if sender is None:
                query_key = _query_key(scope) if route.takes_query_key else ""
                sender = self.senders.by_body(authorization, body_key, query_key)
            sender.check()
            if events:
                await self._append(sender, route, events, body, scope, headers, received_at)
        except Refused as refused:
            refused.source = sender.slug if sender else ""
            raise

    async def pixel(self, route: Route, scope: Scope, headers: Headers) -> None:
        """Take in the event of a pixel's address."""
        received_at = self._clock() // 1_000
        body = pixel_body(scope["query_string"])
        self._check_size(body)
        key = parsing.parse_single(self._readable(body), route.type)
        sender = self.senders.by_body(None, key, "")
        try:
            sender.check()
            await self._append(sender, route, 1, body, scope, headers, received_at)
        except Refused as refused:
            refused.source = sender.slug
            raise

    async def webhook(self, key: str, scope: Scope, headers: Headers, receive: Receive) -> None:
        """Take in what a Segment webhook sends: one event, a list of them, or a batch."""
        received_at = self._clock() // 1_000
        sender = self.senders.by_body(None, key, "")
        try:
            sender.check()
            sent = await self._read_as_sent(headers, receive)
            _check_signature(sender, sent, headers.get(b"x-signature"))
            body = self._unpacked(sent, headers)
            count = parsing.parse_webhook(self._readable(body))
            if count is None:
                self._check_size(body)
            route = routes.WEBHOOK_EVENT if count is None else routes.WEBHOOK_BATCH
            if count != 0:
                await self._append(sender, route, count or 1, body, scope, headers, received_at)
        except Refused as refused:
            refused.source = sender.slug
            raise

    async def json(self, key: str, scope: Scope, headers: Headers, receive: Receive) -> None:
        """Take in arbitrary JSON: an object, a list, or one value per line."""
        received_at = self._clock() // 1_000
        sender = self.senders.by_body(None, key, "")
        try:
            sender.check()
            body = await self._read(headers, receive)
            count = parsing.count_json(self._readable(body))
            if count == 1:
                self._check_size(body)
            if count:
                await self._append(
                    sender, routes.JSON_EVENTS, count, body, scope, headers, received_at
                )
        except Refused as refused:
            refused.source = sender.slug
            raise

    async def self_metrics(self, headers: Headers, receive: Receive) -> None:
        """Count what an SDK tells of itself; it names no source and is kept nowhere."""
        for name in parsing.parse_self_metrics(self._readable(await self._read(headers, receive))):
            kind = "error" if "error" in name else "invoke" if "invoke" in name else "other"
            metrics.SDK_METRICS.labels(kind).inc()

    async def _read_as_sent(self, headers: Headers, receive: Receive) -> bytes:
        return await read_body(
            receive, headers, self._deadlines, bytes_max=self._config.body_bytes_max
        )

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        sent = await read_body(
            receive, headers, self._deadlines, bytes_max=self._config.body_bytes_max
        )
        return self._unpacked(sent, headers)

    def _unpacked(self, sent: bytes, headers: Headers) -> bytes:
        encoding = headers.get(b"content-encoding")
        if encoding is None and sent[:2] != GZIP_MAGIC:
            return sent
        return plain(sent, encoding or b"", bytes_max=self._config.body_bytes_max)

    def _readable(self, body: bytes) -> bytes:
        """Return the body for the decoder; what is appended is the body itself."""
        text = parsing.readable_text(body)
        check_depth(text, depth_max=self._config.depth_max)
        return text

    def _check_size(self, event: bytes) -> None:
        """Events inside a batch are measured by refine, which sets the large ones aside."""
        if len(event) > self._config.event_bytes_max:
            raise Refused(
                "event_too_large",
                f"the event is {len(event)} bytes; the limit is {self._config.event_bytes_max} "
                "bytes per event (collect.event_bytes_max)",
            )

    async def _append(
        self,
        sender: Sender,
        route: Route,
        events: int,
        body: bytes,
        scope: Scope,
        headers: Headers,
        received_at: int,
    ) -> None:
        """Return when the record is durable.

        Raises:
            Refused: it is not, or not known to be.
        """
        call = Call(
            sender.slug,
            received_at,
            route.shape,
            route.type,
            route.path,
            events,
            # Rudder's web SDK posts to the paths of servers; its origin gives a page away.
            route.is_client_side or (route.tells_client_by_origin and b"origin" in headers),
            remote_address(scope, trust_forwarded_for=self._config.trust_forwarded_for),
            user_agent(headers),
            body,
        )
        refused = await self._committer.submit(
            NewRecord(sender.key, encode_call(call)),
            source=sender.slug,
            minute=received_at // US_PER_MINUTE,
            events=events,
        )
        if refused is not None:
            raise refused


def _query_key(scope: Scope) -> str:
    """Return the write key of the query, "" without one."""
    try:
        query: bytes = scope["query_string"]
        return parse_qs(query, max_num_fields=QUERY_FIELDS_MAX).get(b"writeKey", [b""])[0].decode()
    except ValueError:
        return ""


def _check_signature(sender: Sender, sent: bytes, signature: bytes | None) -> None:
    """Let a body pass whose signature was made with the source's secret, if it has one.

    Source: Segment, Webhooks destination: X-Signature is the hex HMAC-SHA1 of the body.
    """
    if sender.webhook_secret is None:
        return
    if signature is None:
        raise Refused(
            "signature_missing",
            f"source '{sender.slug}' has a webhook_secret; X-Signature is missing",
        )
    expected = hmac.new(sender.webhook_secret.reveal().encode(), sent, "sha1").hexdigest()
    if not hmac.compare_digest(signature.strip().lower(), expected.encode()):
        raise Refused(
            "signature_wrong",
            f"X-Signature does not match the body and the webhook_secret of '{sender.slug}'",
        )
