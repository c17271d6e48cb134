"""What Prometheus learns of deliveries."""

import collections
from collections.abc import Mapping, Sequence
from typing import Final

from prometheus_client import Counter, Histogram

from tailrace.destinations.sending import Delivered, Outcome, Rejected, Retry

OUTCOMES: Final = Counter(
    "tailrace_deliver_outcomes_total",
    "Payloads handed to destinations, by what they answered: delivered, rejected or retry.",
    ("destination", "outcome"),
)
REQUEST_SECONDS: Final = Histogram(
    "tailrace_deliver_request_seconds",
    "How long one request to a destination took, in seconds.",
    ("destination",),
    buckets=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
)
DELIVERED_AFTER_SECONDS: Final = Histogram(
    "tailrace_deliver_delivered_after_seconds",
    "From an event's receipt to its delivery, in seconds; measured for one event of each request.",
    ("destination",),
    buckets=(0.3, 1.0, 3.0, 10.0, 60.0, 600.0, 3_600.0, 86_400.0),
)
_WORDS: Final[Mapping[type[Outcome], str]] = {
    Delivered: "delivered",
    Rejected: "rejected",
    Retry: "retry",
}


def count(destination: str, outcomes: Sequence[Outcome]) -> None:
    """Count the outcomes of a request, each kind at once: looking a label up takes a while."""
    for kind, events in collections.Counter(map(type, outcomes)).items():
        OUTCOMES.labels(destination, _WORDS[kind]).inc(events)
