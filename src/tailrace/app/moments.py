"""Times as people give them: RFC 3339, or a duration before now."""

import re
from datetime import UTC, datetime, timedelta

from tailrace.app.problems import PARAMETER, ProblemError

_DURATION = re.compile(r"(\d{1,9})([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_OLDEST = datetime(1970, 1, 1, tzinfo=UTC)


def moment(text: str, *, name: str, now: datetime) -> datetime:
    """Return the instant that the parameter `name` means.

    Raises:
        ProblemError: it is neither a time nor a duration.
    """
    if text in ("", "now"):
        return now
    match = _DURATION.fullmatch(text)
    if match:
        seconds = int(match[1]) * _UNITS[match[2]]
        return max(_OLDEST, now - timedelta(seconds=min(seconds, now.timestamp())))
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ProblemError(
            PARAMETER,
            f"{name} is '{text[:50]}'; expected a time such as 2026-11-21T09:30:00Z or a duration "
            "before now such as 15m, 24h or 7d",
        ) from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
