"""How events become rows of a warehouse: its tables, columns, names and types.

`names` turns what people call things into identifiers, `layout` an event into rows, `values` a
value into what a column takes, and `shaping` the rows of a table into columns, with what does not
fit apart. Nothing of it knows a database: `postgres` and `clickhouse` load what it makes, by the
`action` that both have.

What holds for both: an event has the same rows whenever it is laid out again, with the same ids;
nothing of it is lost, as what no column takes becomes a row of `discards`.
"""

from tailrace.destinations.warehouse.action import Loaded, load_action, outcomes_of
from tailrace.destinations.warehouse.layout import DISCARDS, Discard, Layout, Load, loads_of
from tailrace.destinations.warehouse.names import schema_name, snake_case
from tailrace.destinations.warehouse.shaping import (
    COLUMNS_MAX,
    EVENT_TABLES_MAX,
    Shaped,
    new_columns,
    shaped,
    widened,
)
from tailrace.destinations.warehouse.values import Column, Kind

__all__ = [
    "COLUMNS_MAX",
    "DISCARDS",
    "EVENT_TABLES_MAX",
    "Column",
    "Discard",
    "Kind",
    "Layout",
    "Load",
    "Loaded",
    "Shaped",
    "load_action",
    "loads_of",
    "new_columns",
    "outcomes_of",
    "schema_name",
    "shaped",
    "snake_case",
    "widened",
]
