"""What a watcher of the live stream wants, and one event as it is compared with that."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import get_type_hints

import msgspec
from msgspec import Raw

from tailrace.event import SetAside


class LiveEvent(msgspec.Struct, frozen=True):
    """The fields of a block's line that the search answer shows too, as they stand there."""

    message_id: str
    type: str
    event: str
    name: str
    user_id: str
    anonymous_id: str
    group_id: str
    previous_id: str
    source: str
    timestamp: str
    original_timestamp: str | None
    sent_at: str | None
    received_at: str
    properties: Raw
    traits: Raw
    context: Raw
    integrations: Raw
    ip: str
    browser: str
    os: str
    device: str
    is_bot: bool
    campaign_name: str
    campaign_source: str
    campaign_medium: str
    campaign_term: str
    campaign_content: str
    library: str


_decode = msgspec.json.Decoder(LiveEvent).decode
_decode_document = msgspec.json.Decoder(dict[str, object]).decode
_TEXTS = tuple(name for name, kind in get_type_hints(LiveEvent).items() if kind is str)
_OBJECTS = ("properties", "traits", "context", "integrations")


class Seen:
    """One line of a block; what is asked of it is worked out once for all watchers."""

    def __init__(self, line: bytes) -> None:
        self._line = line

    @cached_property
    def event(self) -> LiveEvent:
        """The line's fields."""
        return _decode(self._line)

    @cached_property
    def text(self) -> str:
        """Everything that free text is looked for in, in lower case."""
        event = self.event
        parts = [str(getattr(event, name)) for name in _TEXTS]
        parts += [str(getattr(event, name), "utf-8") for name in _OBJECTS]
        return "\n".join(parts).lower()

    @cached_property
    def document(self) -> Mapping[str, object]:
        """The line as an object, for questions."""
        return _decode_document(self._line)

    @cached_property
    def _row(self) -> bytes:
        return msgspec.json.encode(self.event)

    def row(self) -> bytes:
        """Return the event as JSON."""
        return self._row


class Wish(msgspec.Struct, frozen=True):
    """What a stream shows; an empty wish shows everything."""

    source: str = ""
    type: str = ""
    text: str = ""
    question: Callable[[Mapping[str, object]], bool] | None = None

    @property
    def is_choosy(self) -> bool:
        """Whether it does not simply show everything."""
        return bool(self.source or self.type or self.text or self.question)

    def matches(self, seen: Seen) -> bool:
        """Tell whether to show an event."""
        event = seen.event
        return (
            (not self.source or event.source == self.source)
            and (not self.type or event.type == self.type)
            and (not self.text or _needle(self.text) in seen.text)
            and (self.question is None or self.question(seen.document))
        )

    def matches_aside(self, aside: SetAside) -> bool:
        """Tell whether to show an event that was set aside; questions do not apply to those."""
        if (self.source and aside.source != self.source) or (self.type and aside.type != self.type):
            return False
        if not self.text:
            return True
        texts = (aside.message_id, aside.event, aside.reason, aside.detail, aside.original)
        return self.text.lower() in "\n".join(texts).lower()


def _needle(text: str) -> str:
    """Return the text as it would stand inside JSON; plain texts stay as they are."""
    return msgspec.json.encode(text.lower())[1:-1].decode()
