"""The reference names every address, code, metric and limit that there is."""

from pathlib import Path

import msgspec
from prometheus_client.metrics import MetricWrapperBase

from tailrace.collect import metrics, routes
from tailrace.collect.refusals import REASONS
from tailrace.config import CollectConfig

TEXT = (Path(__file__).parents[3] / "docs" / "tracking-api.md").read_text()


def test_every_code_is_in_the_reference_with_its_status() -> None:
    lines = TEXT.splitlines()

    missing = [
        code
        for code, status in REASONS.items()
        if not any(f"`{code}`" in line and f"| {status} |" in line for line in lines)
    ]

    assert missing == []


def test_every_metric_is_in_the_reference() -> None:
    names = []
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            [family] = metric.describe()
            names.append(family.name + ("_total" if family.type == "counter" else ""))

    assert len(names) > 5
    assert [name for name in names if f"`{name}`" not in TEXT] == []


def test_every_path_is_in_the_reference() -> None:
    paths = [*routes.POSTS, routes.SELF_METRICS, routes.PIXEL, routes.WEBHOOK, routes.JSON]
    paths += [routes.BUNDLES, routes.SOURCE_CONFIG, "/healthz", "/readyz", "/metrics"]

    assert [path for path in paths if path not in TEXT] == []


def test_every_limit_is_in_the_reference() -> None:
    not_limits = {"host", "port", "workers"}
    names = {field.name for field in msgspec.structs.fields(CollectConfig)} - not_limits

    assert [name for name in sorted(names) if f"collect.{name}" not in TEXT] == []
