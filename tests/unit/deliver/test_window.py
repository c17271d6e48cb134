"""How much is held of a destination: enough for its largest batch, and no less than usual."""

from tailrace.deliver.window import window_of
from tailrace.destinations.api import Batching


def test_a_destination_of_small_batches_holds_as_much_as_any() -> None:
    small = Batching(events_max=500, bytes_max=5_000_000)

    assert window_of([None, small], events=20_000, size=64_000_000) == (20_000, 64_000_000)


def test_the_largest_batch_can_become_full() -> None:
    small = Batching(events_max=500, bytes_max=5_000_000)
    large = Batching(events_max=300_000, bytes_max=128_000_000)

    events, size = window_of([small, large], events=20_000, size=64_000_000)

    assert events >= 300_000
    assert size > 3 * 128_000_000
