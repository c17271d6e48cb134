"""What was found out lately about sessions and API tokens, so that not every request asks."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from tailrace.app.workers import Workers
from tailrace.control.permissions import Principal
from tailrace.errors import TransientError

FRESH_S = 1.5
"""How long an answer counts without asking again: less than the 2 s that a change may take."""
AWAY_S_MAX = 15 * 60.0
"""How long it counts while the control database does not answer."""
KNOWN_MAX = 2_000
_PATIENCE_S = 1.0
_ASK_AGAIN_S = 2.0


class _Found(NamedTuple):
    principal: Principal
    at: float
    round: int


class Known:
    """Who stands behind credentials, by their hash; used on one event loop."""

    def __init__(self, workers: Workers, *, clock: Callable[[], float]) -> None:
        self._workers = workers
        self._clock = clock
        self._found: OrderedDict[str, _Found] = OrderedDict()
        self._round = 0
        self._away_at: float | None = None

    def forget(self) -> None:
        """Ask again for everybody: something was changed that an answer may depend on."""
        self._round += 1

    def drop(self, digest: str) -> None:
        """Know nothing about these credentials any more."""
        self._found.pop(digest, None)

    async def who(self, digest: str, ask: Callable[[str], Principal | None]) -> Principal | None:
        """Return who has the credentials; None where they are not valid.

        While the control database is away it is who had them when it last answered.

        Raises:
            TransientError: it is away, and nothing is known of them.
        """
        found = self._found.get(digest)
        now = self._clock()
        if found is not None and found.round == self._round and now - found.at < FRESH_S:
            return found.principal
        if found is None or now - found.at > AWAY_S_MAX:
            return await self._ask(digest, ask)
        if self._away_at is not None and now - self._away_at < _ASK_AGAIN_S:
            return found.principal
        try:
            # A database that hangs must not hold up those who are known.
            return await asyncio.wait_for(self._ask(digest, ask), _PATIENCE_S)
        except (TransientError, TimeoutError):
            self._away_at = self._clock()
            return found.principal

    async def _ask(self, digest: str, ask: Callable[[str], Principal | None]) -> Principal | None:
        asked_at, in_round = self._clock(), self._round
        principal = await self._workers.run(ask, digest)
        self._away_at = None
        if principal is None:
            self.drop(digest)
            return None
        self._found[digest] = _Found(principal, asked_at, in_round)
        self._found.move_to_end(digest)
        while len(self._found) > KNOWN_MAX:
            self._found.popitem(last=False)
        return principal
