"""What the store tells Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

EVENTS = Counter("tailrace_store_events_total", "Events loaded into the store.")
SET_ASIDE = Counter(
    "tailrace_store_set_aside_total", "Duplicate and invalid events loaded beside them."
)
REDUCED = Counter(
    "tailrace_store_reduced_events_total",
    "Events that were stored without JSON which ClickHouse could not read.",
)
BLOCKS = Counter("tailrace_store_blocks_total", "Blocks loaded: one record of the events log each.")
INSERTS = Counter(
    "tailrace_store_inserts_total", "Inserts, each of one block or of several that had gathered."
)
ERRORS = Counter("tailrace_store_errors_total", "Steps of loading that failed and were retried.")
INSERT_SECONDS = Histogram(
    "tailrace_store_insert_seconds",
    "Time that one insert took.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
FRESHNESS_SECONDS = Histogram(
    "tailrace_store_freshness_seconds",
    "Age of a block's oldest event when it became queryable, since it was received.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
)
LAG_RECORDS = Gauge(
    "tailrace_store_lag_records",
    "Records of the events log that are not loaded yet.",
    multiprocess_mode="livesum",
)
FAILING_SINCE = Gauge(
    "tailrace_store_failing_since_seconds",
    "When loading began to fail, in seconds since 1970; 0 while it works.",
    multiprocess_mode="livemax",
)
ROWS = Gauge("tailrace_store_rows", "Events stored.", multiprocess_mode="livemax")
PARTS = Gauge("tailrace_store_parts", "Active parts of the table.", multiprocess_mode="livemax")
PARTS_PER_PARTITION = Gauge(
    "tailrace_store_parts_per_partition_max",
    "Active parts of the fullest partition; inserts are delayed above parts_to_delay_insert.",
    multiprocess_mode="livemax",
)
BYTES = Gauge(
    "tailrace_store_bytes", "Bytes of the table on disk, with indexes.", multiprocess_mode="livemax"
)
MERGES = Gauge("tailrace_store_merges", "Merges that run now.", multiprocess_mode="livemax")
MUTATIONS = Gauge(
    "tailrace_store_mutations", "Mutations that are not done.", multiprocess_mode="livemax"
)
