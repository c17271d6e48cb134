"""What refine reports to Prometheus; each line is explained in docs/refine.md."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

EVENTS: Final = Counter("tailrace_refine_events", "Events by outcome.", ["outcome"])
INVALID_EVENTS: Final = Counter("tailrace_refine_invalid_events", "Invalid events.", ["reason"])
UNREADABLE_TIMES: Final = Counter(
    "tailrace_refine_unreadable_times", "Times of events that no format explains."
)
UNREADABLE_RECORDS: Final = Counter(
    "tailrace_refine_unreadable_records", "Raw records that are no call at all."
)
STEP_SECONDS: Final = Histogram(
    "tailrace_refine_step_seconds",
    "From the end of lingering to the commit of one step.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
STEP_FAILURES: Final = Counter(
    "tailrace_refine_step_failures", "Steps that committed nothing and were tried again."
)
LAG_SECONDS: Final = Gauge(
    "tailrace_refine_lag_seconds",
    "Age of the newest event of the last step when it was committed.",
    multiprocess_mode="livemostrecent",
)
DEDUP_IDS: Final = Gauge(
    "tailrace_refine_dedup_ids",
    "Message ids remembered.",
    ["place"],
    multiprocess_mode="livemostrecent",
)
DEDUP_RUNS: Final = Gauge(
    "tailrace_refine_dedup_runs",
    "Files of remembered message ids.",
    multiprocess_mode="livemostrecent",
)
DEDUP_DAMAGED: Final = Counter(
    "tailrace_refine_dedup_damaged", "Files of message ids that were damaged and rebuilt."
)
DEDUP_LOST_RECORDS: Final = Counter(
    "tailrace_refine_dedup_lost_records",
    "Blocks whose message ids are unknown, as neither the index nor the events log has them.",
)
