"""Why a request is refused: one exception with everything that the answer and the metrics need.

Statuses follow what SDKs do with them. 400 is the only one on which every SDK stops for good: some
keep a batch for ever, or retry ten times, on any other 4xx. So whatever cannot get better by being
sent again is a 400, an unknown write key included. 429 and 503 are retried by all of them.
"""

import random
from typing import Final

from tailrace.errors import TailraceError

RETRY_AFTER_S_MAX: Final = 300

REASONS: Final[dict[str, int]] = {
    # The sender must change the request.
    "malformed_json": 400,
    "invalid_utf8": 400,
    "not_an_object": 400,
    "too_deep": 400,
    "body_too_large": 400,
    "event_too_large": 400,
    "malformed_gzip": 400,
    "unsupported_encoding": 400,
    "incomplete_body": 400,
    "batch_missing": 400,
    "batch_not_list": 400,
    "unknown_type": 400,
    "no_user_anon_id": 400,
    "id_required": 400,
    "id_not_string": 400,
    "event_not_defined": 400,
    "event_not_string": 400,
    "properties_not_object": 400,
    "traits_not_object": 400,
    "name_not_string": 400,
    "category_not_string": 400,
    "write_key_missing": 400,
    "write_key_not_string": 400,
    "unknown_source": 400,
    "source_disabled": 400,
    "malformed_pixel": 400,
    # The caller is not who the source expects.
    "signature_missing": 401,
    "signature_wrong": 401,
    # Nothing is there.
    "not_found": 404,
    "method_not_allowed": 405,
    # Sending the same again later will do.
    "body_timeout": 408,
    "rate_limited": 429,
    "queue_full": 503,
    "log_full": 503,
    "log_unavailable": 503,
    "log_stalled": 503,
    "stopping": 503,
    "not_built": 503,
}
"""Every code that an answer may carry, with its status; also the label set of the metric."""


class Refused(TailraceError):  # noqa: N818 - it is an answer, not a fault
    """The request is answered with `status` and `code`, and nothing was appended.

    `retry_after_s` is whole seconds, 0 when sending it again is of no use. `source` is the slug of
    the source that sent it, "" where none was found.
    """

    def __init__(self, code: str, message: str, *, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = REASONS[code]
        self.source = ""
        self.retry_after_s = min(retry_after_s, RETRY_AFTER_S_MAX)


def spread_s(at_least: int, at_most: int) -> int:
    """Return whole seconds between the two, at random, so that clients do not come back at once."""
    return random.randint(at_least, at_most)  # noqa: S311 - spreads load, guards nothing
