"""Telling a valid request from an invalid one with as little parsing as will do.

The usual request takes the short way: one typed decode that skips what it does not check. Only what
fails there is parsed again in full, to say what is wrong with it.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from tailrace.collect.refusals import Refused

TYPES: Final = frozenset(("identify", "track", "page", "screen", "group", "alias"))
OTHER_IDS: Final = {"group": ("groupId",), "alias": ("previousId",)}
OBJECT: Final = {
    "track": "properties",
    "page": "properties",
    "screen": "properties",
    "identify": "traits",
    "group": "traits",
}
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
SHOWN_MAX: Final = 60

Id = str | int | float | None


class _Object(msgspec.Struct, gc=False):
    """Any JSON object; its content is skipped."""


class _SingleCall(msgspec.Struct, rename="camel", gc=False):
    write_key: str | None = None
    type: str | None = None
    message_id: Id = None
    user_id: Id = None
    anonymous_id: Id = None
    group_id: Id = None
    previous_id: Id = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    properties: _Object | None = None
    traits: _Object | None = None


class _Envelope(msgspec.Struct, rename="camel", gc=False):
    batch: list[msgspec.Raw]
    write_key: str | None = None


class _Series(msgspec.Struct, gc=False):
    class _Metric(msgspec.Struct, gc=False):
        metric: str = ""

    series: list[_Metric] = []


_decode_single = msgspec.json.Decoder(_SingleCall).decode
_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_lines = msgspec.json.Decoder(msgspec.Raw).decode_lines
_decode_series = msgspec.json.Decoder(_Series).decode
_decode_any = msgspec.json.decode


def readable_text(body: bytes) -> bytes:
    r"""Return the body as text that the decoder takes; the log keeps it as sent.

    A leading byte order mark is left out. A `\ud83d` without its other half, which JavaScript
    writes when it cuts a text inside an emoji, becomes `\ufffd`: one cut text must not cost a
    batch.

    Raises:
        Refused: it is not UTF-8.
    """
    if not body.isascii():
        if body.startswith(BYTE_ORDER_MARK):
            body = body[3:]
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise Refused(
                "invalid_utf8",
                f"the body is not UTF-8: byte {error.start} is {body[error.start]:#04x}",
            ) from error
    if b"\\" in body and (b"\\ud" in body or b"\\uD" in body):
        # Without escaped backslashes, every backslash left begins an escape.
        body = body.replace(rb"\\", rb"\/")
        body = _LONE_LOW.sub(_REPLACEMENT, _LONE_HIGH.sub(_REPLACEMENT, body))
    return body


_LONE_HIGH: Final = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_LONE_LOW: Final = re.compile(rb"(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_REPLACEMENT: Final = rb"\\ufffd"


def parse_single(body: bytes, path_type: str) -> str | None:
    """Return the write key in the body of one event that is good enough to be accepted.

    `path_type` is the type that the path implies, "" for none; a type in the body goes before it.

    Raises:
        Refused: it is not JSON, lacks what its type needs, or a field has a wrong type.
    """
    try:
        call = _decode_single(body)
    except msgspec.ValidationError:
        return _parse_slowly(body, path_type)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed(error) from error
    kind = call.type or path_type
    if kind not in TYPES or not (call.user_id or call.anonymous_id or kind == "alias"):
        return _parse_slowly(body, path_type)
    if kind == "track":
        if not call.event:
            return _parse_slowly(body, path_type)
    elif (kind == "group" and not call.group_id) or (
        kind == "alias" and not (call.previous_id and call.user_id)
    ):
        return _parse_slowly(body, path_type)
    return call.write_key


def _parse_slowly(body: bytes, path_type: str) -> str | None:
    """Like `parse_single`, but able to say what is wrong; decides where the typed decode cannot."""
    fields = _object(body)
    kind = _kind(fields.get("type"), path_type)
    _check_ids(kind, fields)
    _check_fields(kind, fields)
    return _body_key(fields)


def _kind(sent: object, path_type: str) -> str:
    """Return the type that was sent, in any letter case, or else that of the path."""
    kind = sent.strip().lower() if isinstance(sent, str) else ""
    kind = kind if kind in TYPES else path_type
    if not kind:
        raise Refused(
            "unknown_type", f"type is {_shown(sent)}; expected one of {', '.join(sorted(TYPES))}"
        )
    return kind


def _check_ids(kind: str, fields: Mapping[str, object]) -> None:
    for name in ("userId", "anonymousId", "messageId", *OTHER_IDS.get(kind, ())):
        value = fields.get(name)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, str | int | float)
        ):
            raise Refused("id_not_string", f"{name} is {_shown(value)}; expected a string")
    if kind == "alias":
        _need_id(kind, fields, "userId")
        _need_id(kind, fields, "previousId")
        return
    if _is_missing(fields.get("userId")) and _is_missing(fields.get("anonymousId")):
        raise Refused(
            "no_user_anon_id", f"{kind} has neither userId nor anonymousId; one is needed"
        )
    if kind == "group":
        _need_id(kind, fields, "groupId")


def _check_fields(kind: str, fields: Mapping[str, object]) -> None:
    if kind == "track":
        event = fields.get("event")
        if event is None or event == "":
            raise Refused("event_not_defined", "track has no event; name what happened")
        _need_kind(fields, "event", str, "event_not_string", "a string")
    if kind in ("page", "screen"):
        _need_kind(fields, "name", str, "name_not_string", "a string")
        _need_kind(fields, "category", str, "category_not_string", "a string")
    name = OBJECT.get(kind, "")
    # PHP writes an object without members as [].
    if name and fields.get(name) != []:
        _need_kind(fields, name, dict, f"{name}_not_object", "an object")


def _is_missing(value: object) -> bool:
    # 0 is an id, if an odd one.
    return value is None or value == ""


def _need_id(kind: str, fields: Mapping[str, object], name: str) -> None:
    if _is_missing(fields.get(name)):
        raise Refused("id_required", f"{kind} has no {name}")


def _need_kind(
    fields: Mapping[str, object], name: str, kind: type, code: str, expected: str
) -> None:
    value = fields.get(name)
    if value is not None and not isinstance(value, kind):
        raise Refused(code, f"{name} is {_shown(value)}; expected {expected}")


def parse_envelope(body: bytes) -> tuple[str | None, int]:
    """Return the write key of a batch and how many events it has; the events stay unread.

    Raises:
        Refused: it is not JSON, not an object, or has no list `batch`.
    """
    try:
        envelope = _decode_envelope(body)
    except msgspec.ValidationError:
        return _parse_envelope_slowly(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed(error) from error
    return envelope.write_key, len(envelope.batch)


def _parse_envelope_slowly(body: bytes) -> tuple[str | None, int]:
    fields = _object(body)
    batch = fields.get("batch")
    if batch is None:
        raise Refused("batch_missing", "the body has no 'batch'; expected a list of events")
    if not isinstance(batch, list):
        raise Refused("batch_not_list", f"batch is {_shown(batch)}; expected a list of events")
    return _body_key(fields), len(batch)


def parse_webhook(body: bytes) -> int | None:
    """Return how many events a list or a batch has, None when the body is one event.

    Raises:
        Refused: it is not JSON, or one event that is not valid.
    """
    if body.lstrip()[:1] == b"[":
        return len(_list(body))
    fields = _object(body)
    if "batch" in fields and "type" not in fields:
        return _parse_envelope_slowly(body)[1]
    _parse_slowly(body, "")
    return None


def count_json(body: bytes) -> int:
    """Return how many events there are in arbitrary JSON.

    The elements of an array, one for any other single value, or one per line that is not blank.

    Raises:
        Refused: it is none of these.
    """
    if body.lstrip()[:1] == b"[":
        try:
            return len(_decode_list(body))
        except (msgspec.DecodeError, RecursionError):
            pass  # NDJSON may begin with a list too; the next attempt says what is wrong.
    try:
        return len(_decode_lines(body))
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed(error) from error


def parse_self_metrics(body: bytes) -> list[str]:
    """Return the names of an SDK's self-metrics.

    Raises:
        Refused: it is not JSON of that form.
    """
    try:
        return [metric.metric for metric in _decode_series(body).series]
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed(error) from error


def _object(body: bytes) -> dict[str, object]:
    try:
        value = _decode_any(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed(error) from error
    if not isinstance(value, dict):
        raise Refused("not_an_object", f"the body is {_shown(value)}; expected a JSON object")
    return value


def _list(body: bytes) -> list[msgspec.Raw]:
    try:
        return _decode_list(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed(error) from error


def _body_key(fields: Mapping[str, object]) -> str | None:
    key = fields.get("writeKey")
    if key is not None and not isinstance(key, str):
        raise Refused("write_key_not_string", f"writeKey is {_shown(key)}; expected a string")
    return key


def _malformed(error: Exception) -> Refused:
    if isinstance(error, RecursionError):
        return Refused("too_deep", "the JSON is nested too deeply to be read (collect.depth_max)")
    return Refused("malformed_json", f"the body is not valid JSON: {error}")


def _shown(value: object) -> str:
    """Return the value as JSON, cut; never a whole event in an answer."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "..."
