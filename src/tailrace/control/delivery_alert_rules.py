"""What a delivery alert looks at and where it tells, for those who watch deliveries.

They follow the workspace's document alone: nothing here needs the database.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

_SECONDS_MAX: Final = 30 * 86_400

Seconds = Annotated[int, Meta(ge=1, le=_SECONDS_MAX)]
DeadLetters = Annotated[int, Meta(ge=0, le=10_000)]


class AlertConditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a destination is trouble, each null where it is none; one is enough."""

    down_for_s: Annotated[Seconds, Meta(description="It takes nothing for so long.")] | None = None
    suspended_for_s: Annotated[Seconds, Meta(description="It is suspended for so long.")] | None = (
        None
    )
    oldest_older_than_s: (
        Annotated[Seconds, Meta(description="The oldest event on its way is older.")] | None
    ) = None
    dead_letters_more_than: (
        Annotated[DeadLetters, Meta(description="It gave up more events.")] | None
    ) = None
    dead_letters_within_s: Annotated[
        Seconds, Meta(description="How recent dead letters are that count.")
    ] = 3_600


def url_setting(kind: str) -> str:
    """Return which setting of the destination's type holds the address."""
    return "webhook_url" if kind == "slack" else "url"
