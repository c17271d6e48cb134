"""What answers for records mean for each of them, and errors that pass.

Source: AWS service models of Kinesis and Firehose (errors of calls and of records).
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Final, TypeVar

from tailrace.destinations import api
from tailrace.errors import SettingsError, TransientError

K = TypeVar("K", bound=Hashable)

DETAIL_CHARACTERS_MAX: Final = 500
_NOT_IMPLEMENTED: Final = 501
_RETRIED: Final = frozenset({408, 429})
_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "TooManyRequestsException",
    }
)
_FAILED: Final = frozenset(
    {
        "IDPCommunicationError",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "OperationAborted",
        "PriorRequestNotComplete",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)


def outcomes_of(entries: Sequence[Mapping[str, Any]], *, count: int) -> list[api.Outcome]:
    """Return what became of each record, from the answer for them; `count` is how many were sent.

    Raises:
        TransientError: the answer is not for as many.
    """
    if len(entries) != count:
        raise TransientError(f"the answer is for {len(entries)} records; {count} were sent")
    return [_outcome(entry) for entry in entries]


async def in_groups(
    groups: Mapping[K, Sequence[int]],
    send: Callable[[K, Sequence[int]], Awaitable[Sequence[api.Outcome]]],
) -> list[api.Outcome]:
    """Return the outcomes of payloads that are sent group by group, in the order of the payloads.

    An error is raised only while nothing was taken; later it means that the rest is to be tried
    again, so that nothing which was taken is sent twice.
    """
    outcomes: dict[int, api.Outcome] = {}
    has_sent = False
    for key, indexes in groups.items():
        try:
            found = await send(key, indexes)
        except (TransientError, SettingsError) as error:
            if not has_sent:
                raise
            found = [api.Retry("no-answer", str(error))] * len(indexes)
        has_sent = has_sent or any(isinstance(each, api.Delivered) for each in found)
        outcomes.update(zip(indexes, found, strict=True))
    return [outcomes[index] for index in range(len(outcomes))]


def _outcome(entry: Mapping[str, Any]) -> api.Outcome:
    code = str(entry.get("ErrorCode") or "")
    if not code:
        return api.Delivered(200)
    detail = f"{code}: {entry.get('ErrorMessage') or ''}"[:DETAIL_CHARACTERS_MAX]
    if code.startswith(("InvalidArgument", "Validation")):
        return api.Rejected("invalid", detail, 400)
    if code in _THROTTLED or "Throttl" in code:
        return api.Retry("throttled", detail, 429)
    return api.Retry("record-failed", detail, 503 if code in _FAILED else 500)


def is_transient(code: str, status: int) -> bool:
    """Tell whether an error of a call passes by itself."""
    if code in _THROTTLED or code in _FAILED or "Throttl" in code or status in _RETRIED:
        return True
    return status >= 500 and status != _NOT_IMPLEMENTED
