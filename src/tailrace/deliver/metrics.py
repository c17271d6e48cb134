"""What Prometheus learns of deliveries."""

from typing import Final

from prometheus_client import Counter

from tailrace.destinations.sending import Delivered, Outcome, Rejected

OUTCOMES: Final = Counter(
    "tailrace_deliver_outcomes_total",
    "Payloads handed to destinations, by what they answered: delivered, rejected or retry.",
    ("destination", "outcome"),
)


def count(destination: str, outcome: Outcome) -> None:
    """Count one outcome."""
    if isinstance(outcome, Delivered):
        word = "delivered"
    else:
        word = "rejected" if isinstance(outcome, Rejected) else "retry"
    OUTCOMES.labels(destination, word).inc()
