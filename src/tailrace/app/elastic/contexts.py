"""What a client reads page by page: scrolls, and points in time.

Each is kept in memory for as long as its client said, at most an hour, and for whoever opened it.
Events are never changed here, so a context is the instant at which it was opened: what was received
later does not show.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from tailrace.app.elastic.errors import ElasticError, bad_request
from tailrace.app.elastic.requests import seconds_of
from tailrace.app.elastic.shapes import Search

CONTEXTS_MAX: Final = 1_000
CONTEXTS_PER_ACTOR_MAX: Final = 100
KEEP_ALIVE_S_MAX: Final = 3_600.0

Kind = Literal["scroll", "pit"]


@dataclass(frozen=True, kw_only=True)
class Context:
    """One of them; a scroll has the search for its next page."""

    id: str
    kind: Kind
    actor: str
    opened_ms: int
    ends_at: float
    search: Search | None = None
    index_matches: bool = True


class Contexts:
    """All of one app server; used on one event loop."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._contexts: dict[str, Context] = {}

    def open(
        self,
        kind: Kind,
        *,
        actor: str,
        keep_alive: str,
        search: Search | None = None,
        index_matches: bool = True,
    ) -> Context:
        """Open one.

        Raises:
            ElasticError: there are too many, or it would be kept for too long.
        """
        keep_s = _keep_s(keep_alive)
        self._forget_ended()
        own = sum(1 for context in self._contexts.values() if context.actor == actor)
        if own >= CONTEXTS_PER_ACTOR_MAX or len(self._contexts) >= CONTEXTS_MAX:
            raise ElasticError(
                429,
                "too_many_scroll_contexts_exception",
                f"Trying to create too many scroll contexts. Must be less than or equal to: "
                f"[{CONTEXTS_PER_ACTOR_MAX}]; close those that are done",
                retry_after_s=10,
            )
        now = self._clock()
        context = Context(
            id=f"{kind}_{secrets.token_urlsafe(24)}",
            kind=kind,
            actor=actor,
            opened_ms=int(now * 1000),
            ends_at=now + keep_s,
            search=search,
            index_matches=index_matches,
        )
        self._contexts[context.id] = context
        return context

    def find(
        self, kind: Kind, context_id: object, *, actor: str, keep_alive: str | None
    ) -> Context:
        """Return one, kept for longer if that is asked.

        Raises:
            ElasticError: there is none, or it is somebody else's.
        """
        self._forget_ended()
        context = self._contexts.get(context_id) if isinstance(context_id, str) else None
        if context is None or context.kind != kind or context.actor != actor:
            raise missing(context_id)
        if keep_alive is not None:
            ends_at = max(context.ends_at, self._clock() + _keep_s(keep_alive))
            context = replace(context, ends_at=ends_at)
            self._contexts[context.id] = context
        return context

    def go_on(self, context: Context, *, search: Search) -> None:
        """Note how far a scroll is, if it is still open."""
        kept = self._contexts.get(context.id)
        if kept is not None:
            self._contexts[context.id] = replace(kept, search=search)

    def close(self, context_ids: list[str] | None, *, kind: Kind, actor: str) -> int:
        """Close some, or all of somebody; return how many there were."""
        own = [
            context.id
            for context in self._contexts.values()
            if context.actor == actor and context.kind == kind
        ]
        closed = own if context_ids is None else [one for one in own if one in set(context_ids)]
        for context_id in closed:
            del self._contexts[context_id]
        return len(closed)

    def _forget_ended(self) -> None:
        now = self._clock()
        for context in [one for one in self._contexts.values() if one.ends_at <= now]:
            del self._contexts[context.id]


def missing(context_id: object) -> ElasticError:
    """Return what is said of a context that is not there."""
    reason = f"No search context found for id [{str(context_id)[:100]}]"
    return ElasticError(404, "search_context_missing_exception", reason)


def _keep_s(keep_alive: str) -> float:
    keep_s = seconds_of(keep_alive, name="keep_alive")
    if not 0 < keep_s <= KEEP_ALIVE_S_MAX:
        raise bad_request(
            f"Keep alive for request ({keep_alive[:20]}) is too large. It must be less than or "
            f"equal to ({KEEP_ALIVE_S_MAX / 3600:g}h)."
        )
    return keep_s
