"""What the collector counts; docs/tracking-api.md lists it.

Labels are bounded: source slugs from the configuration, and the reasons of `refusals.REASONS`. No
write key and no path is ever a label.
"""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter(
    "tailrace_collect_requests",
    "Requests whose events were made durable and answered 200.",
    ["source"],
)
EVENTS = Counter(
    "tailrace_collect_events", "Events made durable, before deduplication and checks.", ["source"]
)
BODY_BYTES = Counter(
    "tailrace_collect_body_bytes", "Bytes of bodies made durable, after decompression.", ["source"]
)
REFUSED = Counter(
    "tailrace_collect_refused",
    "Requests refused, by reason; the source is empty where none was found.",
    ["source", "reason"],
)
APPEND_SECONDS = Histogram(
    "tailrace_collect_append_seconds",
    "Time that one append to the raw log took, fsync included.",
    buckets=(
        0.0005,
        0.001,
        0.002,
        0.004,
        0.008,
        0.016,
        0.032,
        0.064,
        0.125,
        0.25,
        0.5,
        1,
        2,
        5,
        10,
    ),
)
GROUP_REQUESTS = Histogram(
    "tailrace_collect_group_requests",
    "Requests that shared one append.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048),
)
QUEUE_BYTES = Gauge(
    "tailrace_collect_queue_bytes",
    "Bytes of bodies that wait for their append or are in it.",
    multiprocess_mode="livesum",
)
READY = Gauge(
    "tailrace_collect_ready",
    "1 while the raw log takes records, else 0; the lowest of all collectors.",
    multiprocess_mode="livemin",
)
SDK_METRICS = Counter(
    "tailrace_collect_sdk_metrics",
    "Self-metrics that SDKs sent to /v1/m, by kind: invoke, error or other.",
    ["kind"],
)
