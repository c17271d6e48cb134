"""Which events that a destination gave up, or that wait for it, are asked for."""

from datetime import UTC, datetime
from typing import Annotated, Final

from litestar.di import Provide
from litestar.params import QueryParameter

from tailrace.app.moments import moment
from tailrace.app.routes.parameters import SourceName
from tailrace.deliver.state import Wanted

_NO_NUL: Final = r"^[^\x00]*$"
_Reason = Annotated[
    str, QueryParameter(max_length=200, pattern=_NO_NUL, description="Only of this reason.")
]
_Subscription = Annotated[
    str, QueryParameter(max_length=100, pattern=_NO_NUL, description="Only of this one.")
]
_Text = Annotated[
    str,
    QueryParameter(
        max_length=100,
        pattern=_NO_NUL,
        description="Part of the event's name, its messageId or what the tool said.",
    ),
]
_Status = Annotated[
    int | None, QueryParameter(ge=0, le=999, description="Only of this HTTP status; 0 for none.")
]
_Type = Annotated[
    str, QueryParameter(max_length=20, pattern=_NO_NUL, description="Only this type of event.")
]
_Name = Annotated[
    str, QueryParameter(max_length=500, pattern=_NO_NUL, description="Only events of this name.")
]
_From = Annotated[
    str,
    QueryParameter(
        max_length=64, description="Last tried since: a time, or a duration before now."
    ),
]
_To = Annotated[
    str, QueryParameter(max_length=64, description="Last tried before: a time, or a duration.")
]


def wanted_letters(
    reason: _Reason = "",
    subscription: _Subscription = "",
    text: _Text = "",
    status: _Status = None,
    source: SourceName = "",
    type: _Type = "",  # noqa: A002 - it is the name of the parameter
    name: _Name = "",
    since: _From = "",
    until: _To = "",
) -> Wanted:
    """Return what the parameters ask for.

    Raises:
        ProblemError: a time is none.
    """
    return Wanted(
        reason,
        subscription,
        text,
        status=status,
        source=source,
        type=type,
        name=name,
        since=maybe_moment(since, name="since"),
        until=maybe_moment(until, name="until"),
    )


GIVE_WANTED: Final = Provide(wanted_letters, sync_to_thread=False)
"""Gives a route the argument `wanted`."""


def maybe_moment(text: str, *, name: str) -> float | None:
    """Return a time in seconds since 1970, None where none was given."""
    return moment(text, name=name, now=datetime.now(UTC)).timestamp() if text else None
