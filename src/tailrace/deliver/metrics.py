"""What Prometheus learns of deliveries."""

from typing import Final

from prometheus_client import Counter, Histogram

from tailrace.destinations.sending import Delivered, Outcome, Rejected

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


def count(destination: str, outcome: Outcome) -> None:
    """Count one outcome."""
    if isinstance(outcome, Delivered):
        word = "delivered"
    else:
        word = "rejected" if isinstance(outcome, Rejected) else "retry"
    OUTCOMES.labels(destination, word).inc()
