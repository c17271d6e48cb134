"""Creating once, however often it is asked for: what was made under a key of the client's."""

import hashlib
from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import delete

from tailrace.control.changes import Change
from tailrace.control.models import IdempotencyRow
from tailrace.errors import ChangeError

KEPT: Final = timedelta(hours=24)


class Once(NamedTuple):
    """The client's key, and the hash of what it asked for."""

    key: str
    request: str


def once_of(key: str, *, path: str, body: bytes) -> Once:
    """Return what stands for a request with a key."""
    return Once(key, hashlib.sha256(path.encode() + b"\0" + body).hexdigest())


def made_before(change: Change, once: Once | None) -> str | None:
    """Return what an earlier request with that key made; None for the first.

    Raises:
        ChangeError: that request asked for something else.
    """
    if once is None:
        return None
    row = change.session.get(IdempotencyRow, once.key)
    if row is None or row.created_at < change.at - KEPT:
        return None
    if row.request != once.request:
        raise ChangeError(
            f"the Idempotency-Key '{once.key}' was used for another request within "
            f"{KEPT.total_seconds() / 3600:.0f} hours: send a new one",
            reason="key-reused",
            field="Idempotency-Key",
        )
    return row.made


def remember(change: Change, once: Once | None, *, made: str) -> None:
    """Note what the request made, in the same change; forget what is old."""
    session = change.session
    session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < change.at - KEPT))
    if once is not None:
        session.add(
            IdempotencyRow(key=once.key, request=once.request, made=made, created_at=change.at)
        )
