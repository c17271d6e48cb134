import re
from pathlib import Path

from prometheus_client import REGISTRY

import tailrace.refine

DOCS = (Path(__file__).parents[3] / "docs" / "refine.md").read_text()
SOURCES = Path(tailrace.refine.__file__).parent


def test_every_metric_is_in_the_reference() -> None:
    names = {metric.name for metric in REGISTRY.collect()}

    for name in names:
        if name.startswith("tailrace_refine_"):
            assert f"`{name}" in DOCS


def test_every_reason_is_in_the_reference() -> None:
    text = "".join(path.read_text() for path in sorted(SOURCES.glob("*.py")))
    reasons = set(re.findall(r'Problem\(\s*"([a-z_]+)"', text))
    reasons |= set(re.findall(r'reason = "([a-z_]+)"', text))
    for kind, names in (
        ("object", re.findall(r'_not_object\("(\w+)"', text)),
        ("string", re.findall(r'_not_text\(draft, "(\w+)"', text)),
    ):
        reasons |= {f"{name}_not_{kind}" for name in names}

    assert len(reasons - {"duplicate"}) >= 15
    for reason in reasons - {"duplicate"}:
        assert f"| `{reason}` |" in DOCS
