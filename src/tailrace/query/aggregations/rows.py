"""The statement beneath an aggregation: rows of events with the keys of their buckets.

The innermost SELECT reads what is asked for of the table; each bucket aggregation on the way is one
SELECT around it, which adds columns with its keys and leaves out what is in none of its buckets. An
event in several buckets becomes several rows.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

from tailrace.query.asked import HOURLY_COLUMNS, INSTANT, TABLE, Asked
from tailrace.query.bind import Binder
from tailrace.query.compile import compile_tree
from tailrace.query.tree import Tree

KEPT_MAX: Final = 5_000
_BETWEEN: Final = "\x1f"
Key = str | int | float
_KNOWN_BY_HOUR: Final = frozenset(
    {INSTANT, *HOURLY_COLUMNS, *(f"({name} != '')" for name in HOURLY_COLUMNS)}
)


class Rows:
    """The rows of one statement."""

    def __init__(
        self,
        asked: Asked,
        *,
        now: datetime,
        where: str | None = None,
        zone: tzinfo = UTC,
        has_words: bool = False,
    ) -> None:
        """Prepare to read the events asked for, or those of another condition.

        For `zone` and `has_words` see `compile_tree`.
        """
        self._scopes = asked.scopes() if where is None else []
        self.binder = Binder()
        self.binder.parameters = dict(asked.binder.parameters)
        self._now = now
        self._zone = zone
        self._has_words = has_words
        self.keys: list[str] = []
        self._where = asked.where if where is None else where
        self._columns: dict[str, str] = {}
        self._layers: list[Callable[[str], str]] = []

    def add(self, sql: str) -> str:
        """Return the name of a column with the value of an expression on the table."""
        return self._columns.setdefault(sql, f"b{len(self._columns)}")

    def condition(self, tree: Tree) -> str:
        """Return the name of a column that tells whether an event matches."""
        compiled = compile_tree(
            tree, self.binder, now=self._now, zone=self._zone, has_words=self._has_words
        )
        return self.add(f"toUInt8({compiled})")

    def layer(self, columns: Sequence[str] = (), *, where: str = "", end: str = "") -> None:
        """Put a SELECT around, with more columns, fewer rows or an end such as LIMIT."""

        def around(inner: str) -> str:
            selected = ", ".join(["*", *columns])
            narrowed = f" WHERE {where}" if where else ""
            return f"SELECT {selected} FROM ({inner}){narrowed}{end}"

        self._layers.append(around)

    def key(self, sql: str, *, where: str = "") -> str:
        """Add a column that is a key of buckets; return its name."""
        name = f"k{len(self.keys)}"
        self.keys.append(name)
        self.layer([f"{sql} AS {name}"], where=where)
        return name

    def keep(self, paths: Sequence[tuple[Key, ...]]) -> None:
        """Leave out what is not in these buckets; each is the keys on the way to it.

        Where they are very many, something more may be left in, which nobody asks for then.
        """
        names = self.keys[: len(paths[0])] if paths else []
        if len(paths) <= KEPT_MAX:
            written = f"concat({', '.join(_texts(names))})" if len(names) > 1 else _text(names[0])
            wanted = [_BETWEEN.join(map(_written, path)) for path in paths]
            self.layer(where=f"{written} IN {self.binder.texts(wanted)}")
            return
        for place, name in enumerate(names):
            wanted = sorted({_written(path[place]) for path in paths})
            if len(wanted) <= KEPT_MAX:
                self.layer(where=f"{_text(name)} IN {self.binder.texts(wanted)}")

    @property
    def may_be_counted_by_hour(self) -> bool:
        """Whether nothing is read but what the table's projection by hour knows."""
        has_hours = any(instant != INSTANT for instant, _ in self._scopes)
        return has_hours and self._columns.keys() <= _KNOWN_BY_HOUR

    def sql(self) -> str:
        """Return the statement; what it needs has been added."""
        columns = ", ".join(f"{sql} AS {name}" for sql, name in self._columns.items())
        return self._around(f"SELECT {columns or '1 AS nothing'} FROM {TABLE} WHERE {self._where}")

    def counted_by_hour(self) -> str:
        """Return the same with one row for all events of an hour that are alike.

        The column `events` has how many they are. What is not a whole hour is counted by itself.
        """
        parts = []
        for instant, where in self._scopes:
            columns = [
                f"{instant if sql == INSTANT else sql} AS {name}"
                for sql, name in self._columns.items()
            ]
            grouped = f" GROUP BY {', '.join(self._columns.values())}" if columns else ""
            selected = ", ".join([*columns, "count() AS events"])
            parts.append(f"SELECT {selected} FROM {TABLE} WHERE {where}{grouped}")
        return self._around(" UNION ALL ".join(parts))

    def _around(self, sql: str) -> str:
        for around in self._layers:
            sql = around(sql)
        return sql


def _texts(names: Sequence[str]) -> list[str]:
    parts = [_text(names[0])]
    for name in names[1:]:
        parts += [f"'{_BETWEEN}'", _text(name)]
    return parts


def _text(name: str) -> str:
    return f"toString({name})"


def _written(key: Key) -> str:
    """Return a key as the engine writes it."""
    if isinstance(key, float) and key.is_integer() and abs(key) < 1e15:
        return str(int(key))
    return str(key)
