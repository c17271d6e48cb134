"""What following the control database counts; docs/operations.md says what to watch."""

from prometheus_client import Counter, Gauge

REACHABLE = Gauge(
    "tailrace_control_reachable",
    "1 while the control database answers; the lowest of all processes.",
    multiprocess_mode="livemin",
)
ANSWERED_AT = Gauge(
    "tailrace_control_answered_at_seconds",
    "When the control database last answered, in seconds since 1970; the oldest of all processes.",
    multiprocess_mode="livemin",
)
VERSION = Gauge(
    "tailrace_control_version",
    "Version of the workspace that is in force; the lowest of all processes.",
    multiprocess_mode="livemin",
)
CHANGES = Counter(
    "tailrace_control_changes", "Versions of the workspace that processes have put into force."
)
