"""Who an event is of, as SQL on the events table."""

from typing import Annotated, Final, Literal

from msgspec import Meta

Actor = Annotated[
    Literal["person", "group", "device"],
    Meta(
        description="Who counts as one: a person (a user with the anonymous visits before they "
        "were known), a group (account), or a device (anonymous id)."
    ),
]

_ACTORS: Final[dict[str, str]] = {
    "person": "actor",
    "group": "if(group_id = '', 0, cityHash64(group_id))",
    "device": "if(anonymous_id = '', 0, cityHash64(anonymous_id))",
}


def actor_sql(actor: Actor) -> str:
    """Return SQL for who an event of `events_data` is of, a UInt64; 0 where it is of nobody."""
    return _ACTORS[actor]
