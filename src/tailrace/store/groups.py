"""Groups of records that go into the store as one insert, fixed before they are inserted.

Many small inserts cost several times as much as one large one. But the token that keeps an insert
from being repeated names its records, so after a crash the same records must be inserted together
again: which they are is written down first, durably, in the store itself.

What may have been inserted beyond the committed position, when loading starts again: either the
group written down for that position or, where there is none, the one record there; then the group
written down for what follows, and so on. Everything after that is free to be grouped anew.
"""

from collections.abc import Callable
from typing import NamedTuple

from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.event import Block
from tailrace.log.contract import Record
from tailrace.store.connect import Pool
from tailrace.store.errors import as_tailrace_error
from tailrace.store.sql import statement


class Part(NamedTuple):
    """A record, its block, and what tells it from one at the same place of an earlier log."""

    record: Record
    block: Block
    mark: str


class Groups:
    """The groups that were written down and whose records are not committed yet."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._uncertain: dict[int, dict[tuple[int, str], int]] = {}
        self._settled: set[int] = set()

    def doubt(self) -> None:
        """Assume nothing about what was inserted beyond the committed positions."""
        self._uncertain.clear()
        self._settled.clear()

    def settle(self, partition: int) -> None:
        """Note that everything inserted of the partition is committed."""
        self._uncertain.pop(partition, None)
        self._settled.add(partition)

    def take(self, parts: list[Part], read_on: Callable[[], None]) -> list[Part]:
        """Return the records to insert next, together; `parts` are those of one partition.

        `parts` begins at the committed position the first time; what is taken is removed from it.
        `read_on` adds to them when a group written down goes beyond them. A new group is written
        down here.

        Raises:
            TransientError: the store is away or failing, or `read_on` cannot read.
        """
        partition, first = parts[0].record.partition, parts[0].record.offset
        is_uncertain = partition not in self._settled and partition not in self._uncertain
        if is_uncertain:
            self._uncertain[partition] = self._read(partition, first)
        until = self._uncertain.get(partition, {}).get((first, parts[0].mark))
        if until is not None:
            while parts[-1].record.offset + 1 < until:
                read_on()
            size = sum(part.record.offset < until for part in parts)
        elif is_uncertain:
            size = 1
        else:
            size = len(parts)
            if size > 1 or partition not in self._settled:
                self._write(parts)
        # Whatever else is inserted before the next commit follows this, and is written down.
        self._settled.discard(partition)
        self._uncertain.setdefault(partition, {})
        taken = parts[:size]
        del parts[:size]
        return taken

    def _read(self, partition: int, position: int) -> dict[tuple[int, str], int]:
        parameters = {"partition": partition, "position": position}
        with self._pool.client() as client:
            try:
                rows = client.query(statement("find_load_groups"), parameters=parameters)
                # Those before the position have done their service.
                client.command(statement("delete_load_groups"), parameters=parameters)
            except ClickHouseError as error:
                raise as_tailrace_error(error, doing="reading the groups") from error
        return {(int(first), str(mark)): int(next_) for first, mark, next_ in rows.result_rows}

    def _write(self, parts: list[Part]) -> None:
        """Write down that these are inserted together.

        An error leaves open whether it was written: the loader doubts and begins again.
        """
        first = parts[0]
        parameters = {
            "partition": first.record.partition,
            "first": first.record.offset,
            "mark": first.mark,
            "next": parts[-1].record.offset + 1,
        }
        with self._pool.client() as client:
            try:
                client.command(statement("add_load_group"), parameters=parameters)
            except ClickHouseError as error:
                raise as_tailrace_error(error, doing="writing down a group") from error
