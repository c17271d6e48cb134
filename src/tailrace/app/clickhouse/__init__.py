"""ClickHouse's own HTTP interface below `/ch/`, for the tools that speak it.

Clients send a statement and get its rows in the format that they ask for, as from a ClickHouse
server. The password is an API token. Nothing passes to the engine as it came: `query.sqlclients`
checks and rewrites each statement and runs it on read-only connections, within the limits of every
question. A store on a ClickHouse server is asked in the same way, never with a client's own words.
"""

from tailrace.app.clickhouse.face import ClickHouseFace, is_clickhouse_path

__all__ = ["ClickHouseFace", "is_clickhouse_path"]
