"""Events from arbitrary JSON: a source's mapping says where the name, the ids and the time are."""

from msgspec import Raw

from tailrace.config import JsonMapping
from tailrace.refine.fields import UNREADABLE, Fields, read_object, text_of


def map_fields(text: bytes, mapping: JsonMapping) -> Fields:
    """Return the track event that an object stands for; the whole object becomes `properties`.

    A path that leads to no text and no number leaves its field out.

    Raises:
        msgspec.DecodeError: the text is not a JSON object.
    """
    values = read_object(text)
    return Fields(
        type="track",
        event=_text_at(values, mapping.event) or mapping.event_default,
        user_id=_text_at(values, mapping.user_id),
        anonymous_id=_text_at(values, mapping.anonymous_id),
        message_id=_text_at(values, mapping.message_id),
        timestamp=_text_at(values, mapping.timestamp),
        properties=Raw(text.strip()),
    )


def _text_at(values: dict[str, Raw], path: str) -> str | None:
    *parents, last = path.split(".")
    for key in parents:
        raw = values.get(key)
        if raw is None:
            return None
        try:
            values = read_object(raw)
        except UNREADABLE:
            return None
    return text_of(values.get(last), numbers=True)
