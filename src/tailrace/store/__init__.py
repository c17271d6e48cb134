"""The analytics store: ClickHouse tables, the loader that fills them, clients to question them.

Tables (`sql/create_*.sql`): `events_data` holds one row per event and `events` is the view of it
that people question; `set_aside` holds what went no further, for `StoreConfig.set_aside_days`.

Invariants
- One record of the events log becomes one insert with a token made of its partition and offset, so
  reading a record again, after a crash too, never stores an event twice.
- An event that ClickHouse cannot read is stored without the JSON it stumbles over; its `original`
  stays whole and `problem` says why. No event is lost and none holds up its neighbours.
- One process opens an embedded store at a time.
"""

from tailrace.store.errors import StoreLockedError
from tailrace.store.loader import Loader
from tailrace.store.store import Store, StoreStats, open_store

__all__ = ["Loader", "Store", "StoreLockedError", "StoreStats", "open_store"]
