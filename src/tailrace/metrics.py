"""Metrics of all processes of one machine, rendered for Prometheus.

`tailrace up` gives its children one directory for their numbers (`PROMETHEUS_MULTIPROC_DIR`), so
that either port answers for collectors, worker and app server together. A part that runs
alone answers for itself.
"""

import os
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import REGISTRY

CONTENT_TYPE = CONTENT_TYPE_LATEST
SHARED_DIR_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def render() -> bytes:
    """Return the metrics in Prometheus' text format."""
    if SHARED_DIR_VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def clear_shared(directory: Path) -> None:
    """Make the shared directory, without the numbers of an earlier run."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in directory.glob("*.db"):
        file.unlink(missing_ok=True)


def forget_process(pid: int) -> None:
    """Take a dead process out of the gauges; what it counted stays counted."""
    if SHARED_DIR_VARIABLE in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
