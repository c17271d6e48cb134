"""Times as destinations get them."""

import pytest

from tailrace.deliver.payload import instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05.678Z",
        "2026-01-02T03:04:05.678",
        "2026-01-02T03:04:05.678901Z",
        "2026-01-02T03:04:05.678901",
    ],
)
def test_a_time_has_milliseconds(text: str) -> None:
    assert instant(text) == "2026-01-02T03:04:05.678Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05.6Z", "2026-01-02T03:04:05.600Z"),
        ("2026-01-02T03:04:05.67Z", "2026-01-02T03:04:05.670Z"),
        ("2026-01-02T03:04:05.678", "2026-01-02T03:04:05.678Z"),
    ],
)
def test_a_time_that_is_less_exact_is_filled_up(text: str, expected: str) -> None:
    assert instant(text) == expected
