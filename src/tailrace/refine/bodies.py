"""Read the body of one call: the texts of its events, and what the envelope says of all of them."""

from typing import Final

import msgspec
from msgspec import Raw

from tailrace.event import Call
from tailrace.refine.fields import UNREADABLE, read_list, text_of
from tailrace.refine.repair import (
    check_depth,
    on_one_line,
    sent_span,
    valid_text,
    without_lone_surrogates,
)

_NOTHING: Final = Raw(b"")


class Body(msgspec.Struct):
    """The events of a body as they are read (`texts`) and as they were sent (`sent`).

    `sent_at`, `context` and `integrations` are the envelope's, empty where it has none. `problem`
    says why no event can be read.
    """

    texts: list[bytes] = []
    sent: list[bytes] = []
    sent_at: str = ""
    context: bytes = b""
    integrations: bytes = b""
    problem: str = ""


class Envelope(msgspec.Struct, rename="camel"):
    """The object around the events of a batch call; other keys of some SDKs are noise."""

    batch: list[Raw] | None = None
    sent_at: Raw = _NOTHING
    context: Raw = _NOTHING
    integrations: Raw = _NOTHING


_read_envelope = msgspec.json.Decoder(Envelope).decode
_read_values = msgspec.json.Decoder(Raw).decode_lines


def read_body(call: Call) -> Body:
    """Return what the body of a call holds; never raises."""
    sent = valid_text(call.body)
    readable = on_one_line(sent)
    if call.shape == "call":
        return Body(texts=[readable], sent=[sent])
    read = _read_batch if call.shape == "batch" else _read_documents
    try:
        return read(readable, sent)
    except UNREADABLE as error:
        problem = str(error)
    repaired = without_lone_surrogates(readable)
    if repaired is not readable:
        try:
            return read(repaired, sent)
        except UNREADABLE as error:
            problem = str(error)
    return Body(problem=f"the body is not readable JSON: {problem}")


def _read_batch(readable: bytes, sent: bytes) -> Body:
    if readable.lstrip()[:1] == b"[":
        return _body(read_list(readable), readable, sent)
    envelope = _read_envelope(readable)
    if envelope.batch is None:
        return Body(texts=[readable], sent=[sent])
    check_depth(bytes(envelope.context))
    check_depth(bytes(envelope.integrations))
    body = _body(envelope.batch, readable, sent)
    body.sent_at = text_of(envelope.sent_at, numbers=True) or ""
    body.context = _object_or_nothing(envelope.context)
    body.integrations = _object_or_nothing(envelope.integrations)
    return body


def _read_documents(readable: bytes, sent: bytes) -> Body:
    """Read an array of values, one value, or one after another (NDJSON)."""
    if readable.lstrip()[:1] == b"[":
        try:
            return _body(read_list(readable), readable, sent)
        except UNREADABLE:
            pass  # Lines may begin with a list too; the next attempt says what is wrong.
    return _body(_read_values(readable), readable, sent)


def _body(raws: list[Raw], readable: bytes, sent: bytes) -> Body:
    texts = [bytes(raw) for raw in raws]
    if readable is sent:
        return Body(texts=texts, sent=texts)
    return Body(texts=texts, sent=[sent_span(raw, readable=readable, sent=sent) for raw in raws])


def _object_or_nothing(raw: Raw) -> bytes:
    """Return a JSON object that has members, else nothing."""
    text = bytes(raw)
    return text if text[:1] == b"{" and text[1:-1].strip() else b""
