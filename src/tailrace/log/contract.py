"""What a durable log promises; every implementation passes `tests/contract/test_log.py`.

A log holds *streams* (`raw`, `events`). A stream has *partitions*, numbered from 0 and found when
they appear; a partition is a sequence of *records* with offsets 0, 1, 2... A partition has one
writer at a time. A *consumer group* reads a stream and commits the offset that it reads next.

The atomic step: `Consumer.commit` makes "consumed up to here, emitted these, counted this" durable
together or not at all, so a crash at any moment repeats or loses nothing. The SQLite form keeps
the three in one file; Kafka keeps them in one transaction.

Every method may be called from any thread, but one object by one thread at a time.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

RAW = "raw"
EVENTS = "events"


class NewRecord(NamedTuple):
    """A record to append; `key`, the partition key, picks the partition where there are many."""

    key: bytes
    body: bytes


class Record(NamedTuple):
    """A record as read."""

    partition: int
    offset: int
    key: bytes
    body: bytes


class Count(NamedTuple):
    """So many events of a source, received in a minute, had this outcome.

    `minute` is whole minutes since 1970 UTC, taken from received_at; see `tailrace.ledger` for
    the outcomes.
    """

    source: str
    minute: int
    outcome: str
    events: int


class Extent(NamedTuple):
    """A partition's records lie in [first, next); `bytes` is what its files take on disk."""

    first: int
    next: int
    bytes: int


class Damage(NamedTuple):
    """One finding of `Log.check`: the file, what is wrong, and the records that are unreadable.

    The records are [offset_from, offset_until); both are -1 when the file tells nothing.
    """

    path: str
    problem: str
    partition: int
    offset_from: int
    offset_until: int


class Writer(Protocol):
    """The one writer of a partition."""

    partition: int

    def append(self, records: Sequence[NewRecord], counts: Sequence[Count] = ()) -> int:
        """Make the records and their counts durable together; return the first one's offset.

        On return the records survive the loss of power. An append of nothing is refused
        where the disk has no room for any.

        Raises:
            LogFullError: the disk or the size limit refuses; nothing was appended.
            TransientError: the disk failed; nothing may be assumed, the caller answers 503.
        """
        ...

    def close(self) -> None:
        """Give the partition free for another writer."""
        ...


class Consumer(Protocol):
    """One member of a consumer group, reading the partitions assigned to it in order."""

    group: str

    def poll(self, *, bytes_max: int, timeout_s: float) -> list[Record]:
        """Return the next records after those already polled, oldest first within a partition.

        Waits up to `timeout_s` for the first one without a busy loop; an empty list means that
        none came. Returns at least one record when there is one, however large it is. Records of
        several partitions may come together, each partition in order and without gap.

        Raises:
            CorruptionError: the next record of a partition is damaged.
        """
        ...

    def commit(
        self, *, emitted: Sequence[NewRecord] = (), counts: Sequence[Count] = ()
    ) -> list[int]:
        """Commit everything polled so far, with what it emitted and counted, in one atomic step.

        `emitted` goes to the stream that the consumer was opened with (`emits`). Returns the
        offsets that the emitted records were given.

        Raises:
            LogFullError: nothing was committed; `rewind` and try again later.
            TransientError: the group's partitions were given to another member; poll again.
        """
        ...

    def advance(self, positions: Mapping[int, int]) -> None:
        """Commit that the group needs no record before these offsets, whoever has read them.

        For a group that keeps what it has done elsewhere and reads without polling: retention
        goes by the positions of all groups.

        Raises:
            LogFullError: nothing was committed; try again later.
            TransientError: the disk failed.
        """
        ...

    def rewind(self) -> None:
        """Forget what was polled and not committed; the next poll reads it again."""
        ...

    def positions(self) -> Mapping[int, int]:
        """Return the next offset to read of each assigned partition, as committed."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class Log(Protocol):
    """A durable log of streams."""

    def writer(self, stream: str) -> Writer:
        """Return the writer of a free partition of the stream, creating one when all are taken."""
        ...

    def consumer(self, group: str, *, stream: str, emits: str | None = None) -> Consumer:
        """Join the group; a new group begins at each partition's oldest record.

        Raises:
            TransientError: the group has a member already and this form of the log takes one.
        """
        ...

    def read(
        self, stream: str, *, partition: int, offset: int, records_max: int, bytes_max: int
    ) -> list[Record]:
        """Return records from `offset` on, without a group; empty at the end of the partition.

        May return fewer than fit, but not none where there is one, however large it is.

        Raises:
            OffsetGoneError: retention has removed that offset.
            CorruptionError: the record at `offset` is damaged.
        """
        ...

    def extents(self, stream: str) -> Mapping[int, Extent]:
        """Return where each partition of the stream begins and ends."""
        ...

    def positions(self, group: str) -> Mapping[int, int]:
        """Return the group's committed positions by partition; empty for an unknown group."""
        ...

    def counts(self, *, minute_from: int, minute_until: int) -> list[Count]:
        """Return the counts of minutes in [minute_from, minute_until), summed over all commits.

        One `Count` per source, minute and outcome, in that order. Counts outlive the records that
        they were committed with.
        """
        ...

    def wait(self, stream: str, *, positions: Mapping[int, int], timeout_s: float) -> bool:
        """Wait until the stream has a record at or after `positions`; False when the time is up."""
        ...

    def enforce_retention(self) -> int:
        """Remove what is older or larger than the limits allow; return the bytes given free.

        A record that a group has not committed yet is never removed.
        """
        ...

    def check(self, stream: str) -> list[Damage]:
        """Read the whole stream and return what is damaged; for `tailrace doctor`."""
        ...

    def close(self) -> None:
        """Release files and sockets; writers and consumers of this object are closed too."""
        ...
