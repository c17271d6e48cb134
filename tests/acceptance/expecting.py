"""What the store must hold of an event, worked out from the text that the SDK put on the wire."""

import re
from datetime import datetime, timedelta
from typing import Any

from proxying import SentEvent
from running import Tailrace

MILLISECOND = timedelta(milliseconds=1)


def check_stored(tailrace: Tailrace, sent: SentEvent, *, ip: str | None = None) -> None:
    """Compare every field of one stored event with what was sent; `ip` is what the server adds.

    Asks the API both ways: by message id, and through the search.
    """
    wire = sent.fields
    answer = tailrace.event(wire["messageId"])
    [found] = tailrace.search(f'message_id:"{wire["messageId"]}"')

    assert answer["original"] == sent.text
    for stored in (answer["event"], found):
        check_fields(stored, wire, ip=ip)
        check_times(stored, wire, envelope_sent_at=sent.sent_at)


def check_fields(stored: dict[str, Any], wire: dict[str, Any], *, ip: str | None) -> None:
    """Compare everything but the times."""
    context = wire.get("context") or {}
    if ip is not None:
        context = {**context, "ip": ip}
    expected = {
        "message_id": wire["messageId"],
        "type": wire["type"],
        "event": wire.get("event") or "",
        "name": wire.get("name") or "",
        "user_id": wire.get("userId") or "",
        "anonymous_id": wire.get("anonymousId") or "",
        "group_id": wire.get("groupId") or "",
        "previous_id": wire.get("previousId") or "",
        "source": "default",
        "properties": wire.get("properties") or {},
        "traits": wire.get("traits") or {},
        "context": without_nulls(context),
        "integrations": wire.get("integrations") or {},
    }
    kept = {**stored, "context": without_nulls(stored["context"])}
    assert {name: kept[name] for name in expected} == expected


def without_nulls(value: Any) -> Any:
    """Return the value without nulls and empty objects within objects.

    Of the context, the store keeps neither: they say no more than their absence. The original
    text has them.
    """
    if isinstance(value, dict):
        kept = {key: without_nulls(each) for key, each in value.items() if each is not None}
        return {key: each for key, each in kept.items() if each != {}}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def check_times(
    stored: dict[str, Any], wire: dict[str, Any], *, envelope_sent_at: str | None
) -> None:
    """Check the three times as sent, and the one that was corrected."""
    received = parsed(stored["received_at"])
    original = parsed(wire.get("timestamp") or wire["originalTimestamp"])
    sent = parsed(envelope_sent_at or wire["sentAt"])
    assert is_about(parsed(stored["original_timestamp"]), original)
    assert is_about(parsed(stored["sent_at"]), sent)
    assert is_about(parsed(stored["timestamp"]), received - (sent - original))
    assert timedelta(0) <= received - sent + MILLISECOND < timedelta(minutes=5)


def parsed(text: str) -> datetime:
    """Return the instant that an RFC 3339 text names, of up to nine fraction digits."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))


def is_about(one: datetime, other: datetime) -> bool:
    """Return whether two instants are the same to the millisecond, which the store keeps."""
    return abs(one - other) <= MILLISECOND


def check_asked(stored: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    """Check that the stored events are those that a program asked its SDK to send.

    This compares what the SDKs leave alone, call by call; values that they rewrite, such as dates,
    are compared with the wire instead.
    """
    assert _essence(calls) == _essence([{**event, "method": event["type"]} for event in stored])


def _essence(calls: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    names = ("method", "event", "name", "user_id", "anonymous_id", "group_id", "previous_id")
    return sorted(tuple(str(call.get(name) or "") for name in names) for call in calls)
