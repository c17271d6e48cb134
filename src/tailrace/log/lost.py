"""Ranges of records that an operator has set aside: readers go on after them.

They lie in `<partition>/damaged/lost.json`, beside what was kept of the damaged bytes.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tailrace.log.layout import DAMAGED, make_directory, sync_directory


class LostRange(msgspec.Struct, frozen=True, kw_only=True):
    """Records [offset_from, offset_until) are gone; `at` is seconds since 1970 UTC."""

    offset_from: int
    offset_until: int
    path: str
    problem: str
    at: float


_decode = msgspec.json.Decoder(list[LostRange]).decode


def read_lost(directory: Path) -> list[LostRange]:
    """Return the partition's lost ranges, in the order in which they were set aside."""
    try:
        return _decode((directory / DAMAGED / "lost.json").read_bytes())
    except FileNotFoundError:
        return []


def add_lost(directory: Path, lost: LostRange) -> None:
    """Record a range; it is durable on return."""
    ranges = [*read_lost(directory), lost]
    make_directory(directory / DAMAGED)
    temporary = directory / DAMAGED / "lost.json.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(ranges), indent=1))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(directory / DAMAGED / "lost.json")
    sync_directory(directory / DAMAGED)


def after_lost(directory: Path, offset: int) -> int | None:
    """Return the first offset that is not lost from `offset` on; None when `offset` is not lost."""
    ranges = read_lost(directory)
    reached = offset
    while True:
        beyond = max(
            (
                lost.offset_until
                for lost in ranges
                if lost.offset_from <= reached < lost.offset_until
            ),
            default=None,
        )
        if beyond is None:
            return reached if reached > offset else None
        reached = beyond


def lost_within(ranges: Iterable[LostRange], *, first: int, next_: int) -> int:
    """Return how many offsets of [first, next_) lie in the ranges, which may overlap."""
    lost, reached = 0, first
    for one in sorted(ranges, key=lambda one: one.offset_from):
        start, until = max(one.offset_from, reached), min(one.offset_until, next_)
        if until > start:
            lost += until - start
            reached = until
    return lost
