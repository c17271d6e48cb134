"""Examples of bodies and answers for the OpenAPI description, put together field by field.

One example value stands for a field wherever it occurs, so that all examples tell of one shop.
"""

from collections.abc import Mapping
from typing import Any, Final

from tailrace.app.schemas import REF, Schema, resolved

_EVENT: Final = {
    "messageId": "order-1042",
    "type": "track",
    "event": "Order Completed",
    "userId": "u-1",
    "properties": {"revenue": 79.9, "currency": "EUR"},
}
_ORIGINAL: Final = (
    '{"messageId":"order-1042","type":"track","event":"Order Completed","userId":"u-1",'
    '"properties":{"revenue":79.9,"currency":"EUR"}}'
)

VALUES: Final[Mapping[str, object]] = {
    "accepted": 48_210,
    "action": "source.update",
    "actor": "ada@example.com",
    "address": "192.0.2.7",
    "after": {"name": "Web shop"},
    "anonymous_id": "5f0c1c3e-8a55-4b0e-9d0b-6a8f0f7a2f11",
    "app_url": "http://127.0.0.1:8283",
    "at": "2026-11-21T09:30:00Z",
    "attempts": 1,
    "balanced": True,
    "before": {"name": "Shop"},
    "behind": 0,
    "behind_records": 0,
    "blocked": 0,
    "body": '{"error":"unknown product"}',
    "browser": "Firefox",
    "by": "type",
    "bytes": 412_516_352,
    "bytes_per_event": 148.2,
    "campaign_content": "",
    "campaign_medium": "email",
    "campaign_name": "autumn",
    "campaign_source": "newsletter",
    "campaign_term": "",
    "checked": ["store", "log"],
    "checks": {"log": "ok", "store": "ok", "loader": "ok", "control": "ok"},
    "collect_url": "http://127.0.0.1:8282",
    "context": {"library": {"name": "analytics.js", "version": "1.84.3"}},
    "created_at": "2026-11-02T14:05:11.204518Z",
    "created_by": "ada@example.com",
    "current_password": "the password until now",
    "cursor": None,
    "dead_letters": 3,
    "delivered": 48_210,
    "detail": "timestamp: expected a time in ISO 8601, got 'yesterday'",
    "device": "Desktop",
    "differences_left_out": 0,
    "disabled_at": None,
    "discarded": 2,
    "distinct": 2,
    "duplicate": 12,
    "email": "grace@example.com",
    "enabled": True,
    "ends_at": "2026-11-28T09:12:44.000000Z",
    "event": "Order Completed",
    "event_default": "JSON Received",
    "events": 1_284,
    "events_24h": 48_210,
    "events_bytes": 268_435_456,
    "events_log_events": 48_193,
    "events_per_min": 33.4,
    "events_per_s": 0.6,
    "events_per_s_max": 200,
    "expected_max": 120,
    "expected_min": 120,
    "expires_at": "2026-11-28T09:30:00.000000Z",
    "expires_in_days": 90,
    "facts": {"partition": 3, "offset": 918_204},
    "field": "properties.currency",
    "file_name": "workspace.yaml",
    "filtered": 1_204,
    "first_at": "2026-11-21T09:29:59.104518Z",
    "found": 119,
    "freshness_s": 1.8,
    "group_id": "",
    "has_events": True,
    "has_password": True,
    "headers": {"content-type": "application/json"},
    "hint": "k3Vd",
    "id": 7,
    "id (text)": "0198b1c2-51a0-7d4e-9a57-3f6f0c1e2d34",
    "in_flight": 0,
    "integrations": {},
    "interval_s": 3_600,
    "invalid": 5,
    "invalid_24h": 5,
    "ip": "192.0.2.0",
    "is_bot": False,
    "is_complete": True,
    "is_reset": False,
    "is_this": True,
    "invite_id": 7,
    "key_id": 7,
    "key": "wk_4bJ8sQ2mT6xZ",
    "kept_secrets": ["OPS_SLACK_WEBHOOK"],
    "kind": "web",
    "label": "release 2.0",
    "last_at": "2026-11-21T09:29:59.104518Z",
    "last_event_at": "2026-11-21T09:29:58.204518Z",
    "last_used_at": "2026-11-21T09:29:58.000000Z",
    "letter_id": 7,
    "library": "analytics.js/1.84.3",
    "limit": 20,
    "live_streams": 2,
    "looked_at": ["the raw log", "the events log", "the store"],
    "managed_by": "api",
    "member_id": "0198b1c2-51a0-7d4e-9a57-3f6f0c1e2d34",
    "method": "POST",
    "oldest_at": None,
    "problem": "",
    "replayed": 3,
    "session_id": "9f2c41d07ab3",
    "subscription": "send",
    "token_id": "0198b1c2-51a0-7d4e-9a57-3f6f0c1e2d34",
    "message_id": "order-1042",
    "minute": "2026-11-21T09:29:00Z",
    "missing": 3,
    "mode": "live",
    "name": "Web shop",
    "new_password": "correct horse battery staple",
    "not_in_file": ["sources/old-shop"],
    "notes": [],
    "now": "2026-11-21T09:30:00.123456Z",
    "oidc": False,
    "original": _ORIGINAL,
    "original_timestamp": "2026-11-21T09:29:57.900000Z",
    "os": "Linux",
    "other": 41,
    "outcome": "stored",
    "overlap_s": 86_400,
    "parameters": {"source": "web-shop"},
    "parts": 14,
    "password": "correct horse battery staple",
    "permissions": ["account", "events:read", "sources:read"],
    "place": "store",
    "previous_id": "",
    "problems": [],
    "properties": _EVENT["properties"],
    "prune": False,
    "query": 'event:"Order Completed" AND properties.revenue:>50',
    "raw_bytes": 301_989_888,
    "raw_events": 48_210,
    "raw_index": 0,
    "raw_offset": 918_204,
    "raw_partition": 3,
    "ready": True,
    "reason": "timestamp",
    "received_at": "2026-11-21T09:29:58.204518Z",
    "refine_lag_records": 0,
    "refined": 48_198,
    "requests_at_once_max": 4,
    "requests_per_s_max": 500,
    "resource": "sources/web-shop",
    "retry_after_s": 2,
    "retry_window_h": 72,
    "role": "editor",
    "rows_left_out": 0,
    "sampled": 10_000,
    "secrets": {},
    "seen_at": "2026-11-21T09:28:40.000000Z",
    "sent_at": "2026-11-21T09:29:58.000000Z",
    "session_hours_max": 168,
    "share": 0.92,
    "signed_in": True,
    "signed_in_at": "2026-11-21T08:58:02.000000Z",
    "since": "7d",
    "skipped": 0,
    "slug": "web-shop",
    "source": "web-shop",
    "sources": None,
    "sql": "SELECT event, count() AS n FROM events WHERE source = {source:String} "
    "GROUP BY event ORDER BY n DESC LIMIT 10",
    "state": "active",
    "step": "stored",
    "store_lag_records": 0,
    "store_rows": 48_193,
    "stored": 48_193,
    "summary": "stored in the events table",
    "suppressed": 0,
    "text": "version: 1\nsources: {}\n",
    "timestamp": "2026-11-21T09:29:57.804518Z",
    "token": "trt_2cH0cV5tJ8mQ1rW4xY7zA9bD3eF6gK0nP5sU8vB2dG4",
    "token_days_max": None,
    "took_ms": 12.5,
    "total": 1_284,
    "traits": {},
    "truncated": False,
    "type": "track",
    "until": "now",
    "updated_at": "2026-11-19T16:40:03.880122Z",
    "url": "http://127.0.0.1:8283/accept#token=tri_7bK1dM4fP8hR2jS5lT9nU3pV6rW0tX4vY7xZ1zA5bC8",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
    "user_id": "u-1",
    "value": "EUR",
    "version": 3,
    "waiting": 0,
    "webhook_secret": "***",
    "worked_at": "2026-11-21T09:29:59.204518Z",
    "workspace": "Tailrace",
    "write_keys": ["wk_4bJ8sQ2mT6xZ"],
    "DeadLetterShown.detail": "unknown product",
    "DeadLetterShown.event": _EVENT,
    "DeadLetterShown.name": "Order Completed",
    "DeadLetterShown.reason": "http-422",
    "DeadLetterShown.status": 422,
    "DeadLetterState.detail": "unknown product",
    "DeadLetterState.name": "Order Completed",
    "DeadLetterState.reason": "http-422",
    "DeadLetterState.status": 422,
    "DeliveryBooks.checked": ["events log behind the destination: 0 events in 0 blocks"],
    "DeliveryBooks.since": "2026-11-20T09:30:00Z",
    "DeliveryBooks.until": "2026-11-21T09:30:00Z",
    "DeliveryReason.events": 3,
    "DeliveryReason.outcome": "dead letter",
    "DeliveryReason.reason": "http-422",
    "DeliveryStatus.state": "running",
    "EventOut.name": "",
    "InviteMade.state": "open",
    "InviteState.state": "open",
    "Me.id": "0198b1c2-51a0-7d4e-9a57-3f6f0c1e2d34",
    "Me.email": "ada@example.com",
    "Me.name": "Ada Lovelace",
    "MemberChange.name": "Grace Hopper",
    "MemberState.name": "Grace Hopper",
    "MyChange.name": "Ada Lovelace",
    "MyWorkspace.id": "0198a4b7-0c11-7e02-b3a5-94d2c7e8f106",
    "MyWorkspace.name": "Tailrace",
    "OpenIdOffer.name": "Okta",
    "OpenIdOffer.url": "/api/v1/session/oidc",
    "OpenSession.id": "9f2c41d07ab3",
    "Settings.name": "Tailrace",
    "SettingsChange.name": "Tailrace",
    "PreviewedSubscription.name": "Send",
    "PreviewedSubscription.outcome": "sent",
    "PreviewedSubscription.payload": {"data": {"order": "o-4711"}},
    "PreviewedSubscription.reason": "",
    "PreviewedSubscription.slug": "orders",
    "PreviewedSubscription.step": "",
    "PreviewedSubscription.left_out": ["context.ip"],
    "PreviewedProblem.field": "total",
    "PreviewedProblem.message": "is 'free'; expected a number",
    "DestinationPreview.message_id": None,
    "DestinationPreview.source": None,
    "PreviewedDestination.consent_categories": None,
    "DryRun.events": 1_000,
    "DryRun.oldest_at": "2026-11-21T09:12:44.120Z",
    "DryRun.newest_at": "2026-11-21T09:30:00.004Z",
    "DryRunReason.events": 940,
    "DryRunReason.outcome": "filtered",
    "DryRunReason.reason": "not subscribed",
    "DryRunReason.step": "trigger",
    "DryRunSample.message_id": "order-1042",
    "DryRunSample.name": "Product Viewed",
    "DryRunSample.payload": None,
    "DryRunSample.type": "track",
    "DryRunSubscription.batches": 1,
    "DryRunSubscription.filtered": 940,
    "DryRunSubscription.name": "Orders",
    "DryRunSubscription.payload_bytes": 24_120,
    "DryRunSubscription.payload_bytes_max": 611,
    "DryRunSubscription.rejected": 0,
    "DryRunSubscription.sent": 60,
    "DryRunSubscription.slug": "orders",
    "SubscriptionBooks.slug": "send",
    "SubscriptionDraft.action": "send",
    "SubscriptionDraft.mapping": {"data": {"order": {"@path": "$.properties.order_id"}}},
    "SubscriptionDraft.name": "Orders",
    "SubscriptionDraft.slug": "orders",
    "SubscriptionDraft.trigger": 'type = "track" and event = "Order Completed"',
    "SubscriptionTotals.name": "Send",
    "SubscriptionTotals.slug": "send",
    "TestEvent.event": _EVENT,
    "TokenDraft.name": "nightly export",
    "TokenMade.hint": "trt_2cH0cV5t",
    "TokenMade.name": "nightly export",
    "TokenState.hint": "trt_2cH0cV5t",
    "TokenState.name": "nightly export",
    "CheckAnswer.checked": [
        {
            "name": "connection",
            "is_good": False,
            "detail": "192.0.2.7, port 443: no answer within 5 s: is it running?",
            "setting": "url",
        }
    ],
    "CheckAnswer.is_good": False,
    "CheckedThing.name": "connection",
    "CheckedThing.is_good": False,
    "CheckedThing.detail": "192.0.2.7, port 443: no answer within 5 s",
    "CheckedThing.setting": "url",
    "Tried.detail": "unknown product",
    "consent_categories": ["advertising"],
    "Tried.event": _EVENT,
    "Tried.outcome": "rejected",
    "Tried.reason": "http-422",
    "TriedRequest.body": _ORIGINAL,
    "TriedRequest.url": "https://orders.example.com/events",
    "TriedResponse.status": 422,
    "Whoami.permissions": [
        "account",
        "audit:read",
        "destinations:read",
        "destinations:write",
        "events:read",
        "settings:read",
        "sources:read",
        "sources:write",
        "system:read",
    ],
    "EventOut.original": None,
    "destinations.slug": "orders-hook",
    "DestinationDraft.name": "Orders",
    "DestinationState.name": "Orders",
    "DestinationState.settings": {"url": "https://orders.example.com/events", "timeout_s": 5},
    "DestinationState.slug": "orders-hook",
    "DestinationState.type": "webhook",
    "DestinationType.description": "Posts each event to an address.",
    "DestinationType.name": "Webhook",
    "DestinationType.settings": {
        "type": "object",
        "properties": {"url": {"type": "string"}, "secret": {"type": "string", "writeOnly": True}},
        "required": ["url"],
    },
    "DestinationType.slug": "webhook",
    "destination-types.slug": "webhook",
    "ActionField.choices": [],
    "ActionField.default": {"@path": "$."},
    "ActionField.description": "What is sent.",
    "ActionField.label": "Data",
    "ActionField.name": "data",
    "ActionField.type": "json",
    "ActionShown.description": "Sends the event as JSON.",
    "ActionShown.name": "Send",
    "ActionShown.slug": "send",
    "ActionShown.trigger": "all",
    "DestinationTypeDetails.description": "Sends each event as JSON to an address of your own.",
    "DestinationTypeDetails.docs": "destinations/webhook.md",
    "DestinationTypeDetails.name": "Webhook",
    "DestinationTypeDetails.settings": {
        "type": "object",
        "properties": {"url": {"type": "string"}, "secret": {"type": "string", "writeOnly": True}},
        "required": ["url"],
    },
    "DestinationTypeDetails.slug": "webhook",
    "PresetShown.action": "send",
    "PresetShown.description": "Sends completed orders, and nothing else.",
    "PresetShown.mapping": {},
    "PresetShown.name": "Purchases only",
    "PresetShown.slug": "purchases",
    "PresetShown.trigger": 'type = "track" and event = "Order Completed"',
    "DestinationVersion.name": "Orders",
    "DestinationVersion.settings": {"url": "https://orders.example.com/events", "timeout_s": 5},
    "Difference.action": "update",
    "Difference.after": "Web shop",
    "Difference.before": "Shop",
    "Difference.field": "name",
    "FieldInfo.name": "properties.currency",
    "FieldInfo.type": "text",
    "FilterAction.fields": None,
    "FilterAction.path": None,
    "FilterAction.percent": None,
    "FilterAction.type": "DROP",
    "FilterDraft.if": "contains(traits.email, '@example.com')",
    "FilterDraft.title": "Our own people",
    "HistogramResult.values": ["track"],
    "Bucket.by": [1_284],
    "JsonMapping.anonymous_id": "anonymousId",
    "JsonMapping.event": "event",
    "JsonMapping.message_id": "messageId",
    "JsonMapping.timestamp": "timestamp",
    "JsonMapping.user_id": "userId",
    "KeyState.expires_at": None,
    "LedgerAnswer.since": "2026-11-20T09:30:00Z",
    "LedgerAnswer.until": "2026-11-21T09:30:00Z",
    "SetAside.outcome": "invalid",
    "SourceAnswer.ip": "keep",
    "SourceChange.ip": "keep",
    "SourceDraft.ip": "keep",
    "SqlColumn.name": "event",
    "SqlColumn.type": "String",
    "SqlResult.rows": [["Order Completed", 1_284]],
    "Status.events": 2_783_512,
    "Status.version": "0.1.0",
    "StoreStatus.rows": 2_783_512,
}
"""By the name of a field, or of a shape and its field where the name alone says too little."""

MISSING: Final = "no example for "
_BY_TYPE: Final[Mapping[str, object]] = {
    "boolean": True,
    "integer": 1,
    "number": 1.5,
    "object": {},
    "array": [],
}


def example_of(schema: Schema, named: Mapping[str, Schema]) -> Any:
    """Return an example that is valid by the schema; `MISSING` marks what `VALUES` has not."""
    return _of(schema, named, shape="", field="")


def value_of(area: str, name: str, schema: Schema) -> Any:
    """Return what a parameter of the paths below an area may look like."""
    return _field(schema, {}, shape=area, field=name)


def _of(schema: Schema, named: Mapping[str, Schema], *, shape: str, field: str) -> Any:
    ref = schema.get("$ref")
    if isinstance(ref, str):
        name = ref.removeprefix(REF)
        return _of(resolved(schema, named), named, shape=name, field="")
    if "properties" in schema:
        return {
            name: _field(part, named, shape=shape, field=name)
            for name, part in schema["properties"].items()
            if name in schema["required"] or VALUES.get(f"{shape}.{name}", ...) is not None
        }
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("type") == "array":
        return [_of(schema["items"], named, shape=shape, field=field)]
    if isinstance(schema.get("additionalProperties"), dict):
        return {} if field else {"status": "ok"}
    return _BY_TYPE.get(schema.get("type", ""), f"{MISSING}{shape}.{field}")


def _field(schema: Schema, named: Mapping[str, Schema], *, shape: str, field: str) -> Any:
    for name in (f"{shape}.{field}", field, f"{field} (text)"):
        if name in VALUES and _fits(VALUES[name], schema):
            return VALUES[name]
    for part in schema.get("anyOf", [schema]):
        if part.get("type") != "null":
            return _of(part, named, shape=shape, field=field)
    return None


def _fits(value: object, schema: Schema) -> bool:
    """Tell whether a value is of the kind that the schema asks for; bounds are left to tests."""
    return any(_is_of(value, kind) for kind in schema.get("anyOf", [schema]))


def _is_of(value: object, schema: Schema) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    match schema.get("type"):
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            is_time = schema.get("format") == "date-time"
            return isinstance(value, str) and (not is_time or value[:2] == "20")
        case "array":
            items = schema.get("items", {})
            return isinstance(value, list) and all(_is_of(item, items) for item in value)
        case "object":
            return isinstance(value, dict) and "properties" not in schema
    return "$ref" not in schema
