"""The cursor of a search: where the next page begins, and the times that all pages share."""

import base64
import binascii
import hashlib
from typing import NamedTuple

import msgspec

from tailrace.errors import QueryError
from tailrace.query.shapes import Search

_VERSION = 1
_TEXT_MAX = 300


class Place(NamedTuple):
    """An event's place in the order of a search."""

    timestamp_ms: int
    raw_partition: int
    raw_offset: int
    raw_index: int


class Cursor(msgspec.Struct, array_like=True, frozen=True):
    """What is packed into the text: `since` and `until` as instants, so that pages do not shift."""

    version: int
    question: bytes
    since_ms: int
    until_ms: int
    total: int
    after: Place


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Cursor).decode


def pack(search: Search, *, since_ms: int, until_ms: int, total: int, after: Place) -> str:
    """Return the text for the page after this place."""
    cursor = Cursor(_VERSION, _question(search), since_ms, until_ms, total, after)
    return base64.urlsafe_b64encode(_encode(cursor)).decode().rstrip("=")


def unpack(search: Search) -> Cursor | None:
    """Return the cursor that a search carries.

    Raises:
        QueryError: the text is no cursor, or comes from another question.
    """
    text = search.cursor
    if not text:
        return None
    try:
        if len(text) > _TEXT_MAX:
            raise ValueError("too long")
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = _decode(raw)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise QueryError(
            "cursor is not one that a search gave; leave it out for the first page"
        ) from error
    if cursor.version != _VERSION or cursor.question != _question(search):
        raise QueryError(
            "cursor belongs to another question: query, since, until and sort must stay the same "
            "from page to page; leave it out for the first page"
        )
    return cursor


def _question(search: Search) -> bytes:
    parts = [search.query, search.since, search.until, search.sort]
    if search.language != "lucene":
        parts.append(search.language)
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()
