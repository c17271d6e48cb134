"""What the steps of refine work on: an event between its arrival and its block."""

from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Raw

from tailrace.config import Source
from tailrace.event import Call
from tailrace.refine.context import Context
from tailrace.refine.fields import Fields
from tailrace.refine.user_agent import UserAgent

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EMPTY_OBJECT: Final = Raw(b"{}")
UNKNOWN_AGENT: Final = UserAgent()
NOTHING_KNOWN: Final = Context()
# Name, source, medium, term, content.
CampaignTexts = tuple[str, str, str, str, str]
NO_CAMPAIGN: Final[CampaignTexts] = ("", "", "", "", "")


class Origin(msgspec.Struct):
    """What the events of one raw record share.

    `sent_at`, `context` and `integrations` are the envelope's, empty where it has none;
    `merge_bytes_left` is how much the envelope may still add to the call's events. `is_corrected`
    marks the calls of a Segment webhook: their times were corrected before. `minute` is that of
    `received_at`, as the ledger counts it.
    """

    call: Call
    source: Source
    partition: int
    offset: int
    received_at: datetime
    minute: int
    is_corrected: bool = False
    sent_at: datetime | None = None
    context: bytes = b""
    integrations: bytes = b""
    merge_bytes_left: int = 0


class Draft(msgspec.Struct, gc=False):
    """One event on its way; each step fills in its part.

    `text` is the event's JSON as it is read, `sent` as it was sent: they differ only where it had
    to be repaired first (`refine.repair`). `odd` names the fields of a wrong JSON type, with that
    type; it is None for nearly every event.
    """

    origin: Origin
    index: int
    text: bytes
    sent: bytes
    fields: Fields
    odd: dict[str, str] | None = None
    type: str = ""
    message_id: str = ""
    id_hash: bytes = b""
    timestamp: datetime = EPOCH
    original_timestamp: datetime | None = None
    sent_at: datetime | None = None
    properties: Raw = EMPTY_OBJECT
    traits: Raw = EMPTY_OBJECT
    context: Raw = EMPTY_OBJECT
    integrations: Raw = EMPTY_OBJECT
    known: Context = NOTHING_KNOWN
    ip: str = ""
    agent: UserAgent = UNKNOWN_AGENT
    campaign: CampaignTexts = NO_CAMPAIGN
    library: str = ""
