"""Times in the query string, read as those of questions are."""

from datetime import datetime

from tailrace.app.problems import PARAMETER, ProblemError
from tailrace.errors import QueryError
from tailrace.query.times import from_ms, instant_of


def moment(text: str, *, name: str, now: datetime) -> datetime:
    """Return the instant that the parameter `name` means; now when it is empty.

    Raises:
        ProblemError: it is neither a time nor a duration.
    """
    if not text:
        return now
    try:
        return from_ms(instant_of(text, name=name, now=now))
    except QueryError as error:
        raise ProblemError(PARAMETER, str(error)) from error
