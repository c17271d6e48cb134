"""An event's JSON as sent, without the long texts that its columns hold anyway.

Each such text, with its quotes, becomes one control character, which JSON never contains unescaped:
so putting the columns' texts back gives exactly what was sent, wherever else they occur. The
context, half of what most events are made of, goes the same way: the column keeps its bytes.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, cast

from msgspec import Raw

MESSAGE_ID: Final = "\x01"
TIMESTAMP: Final = "\x02"
ANONYMOUS_ID: Final = "\x03"
USER_ID: Final = "\x04"
SENT_AT: Final = "\x05"
CONTEXT: Final = "\x06"
# The column's context without its first member, the `ip` that `refine.ip.with_ip` put there.
CONTEXT_WITHOUT_IP: Final = "\x07"
# At the end, for what no column has: the properties or traits are not those of the text.
REWRITTEN: Final = "\x08"

_IP_MEMBER: Final = re.compile(r'\{"ip":"[^"\\]*",?')

# How most SDKs write a time. 24:00 is midnight to some parsers, and is not written like that.
_CANONICAL: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?!24)[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
)
_NO_CONTEXT: Final = Raw(b"")
_CONTEXT_BYTES_MIN: Final = 2
_CONTEXT_KEY: Final = b'"context":'


def pack_original(
    sent: bytes,
    *,
    message_id: str,
    anonymous_id: str,
    user_id: str,
    timestamp: str,
    sent_at: str,
    own_context: Raw = _NO_CONTEXT,
    context: Raw = _NO_CONTEXT,
    is_rewritten: bool = False,
) -> str:
    """Return the text with a control character for the first occurrence of each of these.

    `timestamp` and `sent_at` are given only when `is_canonical`: from the column's instant no other
    writing can be had back. `own_context` is the event's own, `context` what the column holds.
    Empty ones are left alone. `is_rewritten` notes that properties or traits are not the text's.
    """
    own = bytes(own_context)
    if len(own) > _CONTEXT_BYTES_MIN and own[:1] == b"{":
        # First, as nothing that is replaced later can be in the way.
        sent = _without_context(sent, own, bytes(context))
    text = sent.decode()
    if message_id:
        text = text.replace(f'"{message_id}"', MESSAGE_ID, 1)
    if timestamp:
        text = text.replace(f'"{timestamp}"', TIMESTAMP, 1)
    if anonymous_id:
        text = text.replace(f'"{anonymous_id}"', ANONYMOUS_ID, 1)
    if user_id:
        text = text.replace(f'"{user_id}"', USER_ID, 1)
    if sent_at:
        text = text.replace(f'"{sent_at}"', SENT_AT, 1)
    return text + REWRITTEN if is_rewritten else text


def unpack_original(
    original: str,
    *,
    message_id: str,
    anonymous_id: str,
    user_id: str,
    original_timestamp: datetime | None,
    sent_at: datetime | None,
    context: str = "",
) -> str:
    """Return exactly the text that was packed, from the columns of the same event.

    Instants without a zone are UTC.
    """
    text = original.removesuffix(REWRITTEN)
    # Backwards: an id put in first could itself contain a character that stands for another.
    if SENT_AT in text and sent_at is not None:
        text = text.replace(SENT_AT, f'"{canonical_time(sent_at)}"', 1)
    if USER_ID in text:
        text = text.replace(USER_ID, f'"{user_id}"', 1)
    if ANONYMOUS_ID in text:
        text = text.replace(ANONYMOUS_ID, f'"{anonymous_id}"', 1)
    if TIMESTAMP in text and original_timestamp is not None:
        text = text.replace(TIMESTAMP, f'"{canonical_time(original_timestamp)}"', 1)
    if MESSAGE_ID in text:
        text = text.replace(MESSAGE_ID, f'"{message_id}"', 1)
    if CONTEXT_WITHOUT_IP in text:
        text = text.replace(CONTEXT_WITHOUT_IP, _without_ip(context), 1)
    if CONTEXT in text:
        text = text.replace(CONTEXT, context, 1)
    return text


def unpack(columns: Mapping[str, object]) -> str:
    """Return the event's JSON exactly as it was sent, from a row of the store by column name.

    Raises:
        KeyError: a column that `unpack_original` needs is missing.
    """
    return unpack_original(
        str(columns["original"]),
        message_id=str(columns["message_id"]),
        anonymous_id=str(columns["anonymous_id"]),
        user_id=str(columns["user_id"]),
        original_timestamp=_instant(columns["original_timestamp"]),
        sent_at=_instant(columns["sent_at"]),
        context=_text(columns["context"]),
    )


def _without_context(sent: bytes, own: bytes, kept: bytes) -> bytes:
    """Return the text with a control character for its own context, where the column has that."""
    if kept == own:
        mark = CONTEXT.encode()
    elif kept.endswith(own[1:]) and _IP_MEMBER.fullmatch(kept[: 1 - len(own)].decode()):
        mark = CONTEXT_WITHOUT_IP.encode()
    else:
        return sent
    # Most often right behind its key; looking for all of it takes ten times as long.
    start = sent.find(_CONTEXT_KEY) + len(_CONTEXT_KEY)
    if sent.startswith(own, start):
        return sent[:start] + mark + sent[start + len(own) :]
    return sent.replace(own, mark, 1)


def _without_ip(context: str) -> str:
    """Return the JSON object without a first member `ip`, every other byte as it is."""
    return _IP_MEMBER.sub("{", context, count=1) if context.startswith('{"ip":"') else context


def _text(context: object) -> str:
    """Return the column's JSON, which as a value read from JSON would have lost its writing."""
    if isinstance(context, str):
        return context
    if isinstance(context, bytes | Raw):
        return bytes(context).decode()
    raise TypeError(f"context is {type(context).__name__}; expected the JSON text of the column")


def _instant(value: object) -> datetime | None:
    return (
        datetime.fromisoformat(value) if isinstance(value, str) else cast("datetime | None", value)
    )


def is_canonical(text: str) -> bool:
    """Tell whether `canonical_time` gives this text back from the instant that it names."""
    return _CANONICAL.fullmatch(text) is not None


def canonical_time(moment: datetime) -> str:
    """Return an instant as `2025-01-02T03:04:05.678Z`."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
