"""One real request to a destination, to see whether it works: shown, and never counted.

The same code sends it as sends events, with what goes out and comes back recorded. Every secret of
the settings is replaced before any of it is shown.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal, NamedTuple
from uuid import uuid4

import msgspec

from tailrace.config import Config
from tailrace.control.document import DocumentDestination
from tailrace.control.vault import Vault
from tailrace.deliver.blocks import Entry
from tailrace.deliver.exchanges import Asked, TriedRequest, TriedResponse, begin_sending
from tailrace.deliver.guard import Guard
from tailrace.deliver.hiding import Hiding
from tailrace.deliver.payload import instant, line_of, lines_of, minute_of
from tailrace.deliver.plans import Plan, Target, plans_of, refusal, subscriptions_of
from tailrace.deliver.targets import secrets_of, target_of
from tailrace.deliver.tools import DestinationTools, GuardedHttp
from tailrace.destinations import Catalog, Destination
from tailrace.destinations.sending import Delivered, Outcome, Rejected
from tailrace.errors import ChangeError, ConfigError, LimitError, SettingsError, TransientError
from tailrace.event import Block
from tailrace.mappings import MappingFailedError

AT_ONCE_MAX: Final = 4
TRY_S_MAX: Final = 90.0
BODY_CHARACTERS_MAX: Final = 65_536
TYPES: Final = ("track", "identify", "page", "screen", "group", "alias")
_GIVEN: Final = "test"

_logger = logging.getLogger(__name__)


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a test event; `request` is null where none was made."""

    outcome: Literal["delivered", "rejected", "retry", "suspended"]
    reason: str
    detail: str
    subscription: str
    event: dict[str, Any]
    request: TriedRequest | None
    response: TriedResponse | None
    took_ms: float


class _Result(NamedTuple):
    """An outcome in words."""

    outcome: Literal["delivered", "rejected", "retry", "suspended"]
    reason: str
    detail: str


class Trying:
    """Sends test events, a few at once; used on one event loop."""

    def __init__(self, config: Config, catalog: Catalog, vault: Vault | None) -> None:
        self._config = config
        self._catalog = catalog
        self._vault = vault
        self._guard = Guard(config.deliver.private_networks)
        self._tls: ssl.SSLContext | None = None
        self._running = 0

    def type_of(self, destination: DocumentDestination) -> Destination | None:
        """Return the type of a destination, None where this release does not know it."""
        return self._catalog.types.get(destination.type)

    def hiding(self, destination: DocumentDestination) -> Hiding:
        """Return what hides the secrets of a destination, as far as they can be opened."""
        try:
            target = target_of(
                destination, catalog=self._catalog, vault=self._vault, config=self._config
            )
        except (SettingsError, ConfigError):
            return Hiding(())
        return Hiding(secrets_of(target))

    def names(self, destination: DocumentDestination) -> dict[str, str]:
        """Return what the subscriptions of a destination are called, by their slugs."""
        kind = self._catalog.types.get(destination.type)
        if kind is None:
            return {}
        actions = {action.slug: action.name for action in kind.actions}
        return {
            each["slug"]: each.get("name") or actions.get(each["action"], "")
            for each in subscriptions_of(kind, destination.subscriptions)
        }

    async def send(
        self,
        destination: DocumentDestination,
        *,
        given: Mapping[str, object] | None,
        subscription: str,
        blocks: Callable[[], Iterable[Block]],
    ) -> Tried:
        """Send an event to a subscription, the first one when it is "".

        Without a `given` event it is the newest one of `blocks`, newest first, that the destination
        would get, with a new messageId, else a made one.

        Raises:
            ChangeError: the event is none, or there is no such subscription.
            LimitError: as many tests as may run are running.
        """
        if self._running >= AT_ONCE_MAX:
            raise LimitError(f"{AT_ONCE_MAX} test events are on their way: wait for them")
        self._running += 1
        try:
            return await self._send(destination, given, subscription, blocks)
        finally:
            self._running -= 1

    async def _send(
        self,
        destination: DocumentDestination,
        given: Mapping[str, object] | None,
        subscription: str,
        blocks: Callable[[], Iterable[Block]],
    ) -> Tried:
        names = self.names(destination)
        if subscription and subscription not in names:
            raise ChangeError(
                f"there is no subscription '{subscription}'; there are "
                f"{', '.join(names) or 'none'}",
                reason="invalid",
                field="subscription",
            )
        entry = given_event(given) if given is not None else None
        try:
            target = target_of(
                destination, catalog=self._catalog, vault=self._vault, config=self._config
            )
            plans = {plan.slug: plan for plan in plans_of(target)}
        except (SettingsError, ConfigError) as error:
            result = _Result("suspended", "settings", str(error))
            return _tried(result, subscription, entry or _made(), None, [], 0.0)
        plan = plans.get(subscription) or next(iter(plans.values()), None)
        if plan is None:
            result = _Result("suspended", "settings", f"{target.type.name} sends nothing yet")
            return _tried(result, "", entry or _made(), None, [], 0.0)
        if entry is None:
            entry = await asyncio.to_thread(_newest, target, plan, blocks) or _made()
        return await self._sent(target, plan, entry)

    async def _sent(self, target: Target, plan: Plan, entry: Entry) -> Tried:
        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        threads = ThreadPoolExecutor(1, thread_name_prefix="test-event")
        http = GuardedHttp(self._guard, tls=self._tls)
        tools = DestinationTools(
            http, threads=threads, file_directories=self._config.deliver.file_directories
        )
        begun = time.monotonic()
        sending = begin_sending(1)
        try:
            result = await _answered(target, plan, entry, tools)
        finally:
            took_ms = (time.monotonic() - begun) * 1_000
            await tools.close()
            threads.shutdown(wait=False, cancel_futures=True)
        return _tried(result, plan.slug, entry, sending.last, secrets_of(target), took_ms)


async def _answered(target: Target, plan: Plan, entry: Entry, tools: DestinationTools) -> _Result:
    try:
        async with asyncio.timeout(TRY_S_MAX):
            outcomes = await plan.action.send([plan.build(entry)], target.settings, tools)
    except MappingFailedError as error:
        return _Result("rejected", "mapping", str(error))
    except SettingsError as error:
        return _Result("suspended", "settings", str(error))
    except TransientError as error:
        return _Result("retry", "no-answer", str(error))
    except TimeoutError:
        return _Result("retry", "no-answer", f"no answer within {TRY_S_MAX:g} s")
    # A destination may be anybody's code; what is wrong with it is what the test is to show.
    except Exception as error:
        _logger.exception("destination %s: its code has a defect", target.slug)
        return _Result("retry", "defect", f"{type(error).__name__}: {error}"[:500])
    return _told(outcomes[0])


def _told(outcome: Outcome) -> _Result:
    if isinstance(outcome, Delivered):
        return _Result("delivered", "", "")
    word: Literal["rejected", "retry"] = "rejected" if isinstance(outcome, Rejected) else "retry"
    return _Result(word, outcome.reason, outcome.detail)


def _tried(
    result: _Result,
    subscription: str,
    entry: Entry,
    asked: Asked | None,
    secrets: Iterable[str],
    took_ms: float,
) -> Tried:
    hide = Hiding(secrets)
    return Tried(
        outcome=result.outcome,
        reason=hide(result.reason),
        detail=hide(result.detail),
        subscription=subscription,
        event=entry.event,
        request=asked.told_request(hide, characters_max=BODY_CHARACTERS_MAX) if asked else None,
        response=asked.told_response(hide, characters_max=BODY_CHARACTERS_MAX) if asked else None,
        took_ms=round(took_ms, 1),
    )


def _newest(target: Target, plan: Plan, blocks: Callable[[], Iterable[Block]]) -> Entry | None:
    """Return the newest event that the destination would get, under a new messageId."""
    for block in blocks():
        for line in reversed(list(lines_of(block.events))):
            entry = Entry(line, minute_of(line.received_at))
            if not refusal(target, entry) and not _is_filtered(plan, entry):
                line.message_id = _new_id()
                return Entry(line, entry.minute)
    return None


def _is_filtered(plan: Plan, entry: Entry) -> bool:
    sight, refused = plan.screen.seen(entry)
    return bool(refused or plan.refusal(sight))


def _made() -> Entry:
    """Return an event of nobody."""
    return given_event(
        {
            "type": "track",
            "event": "Tailrace Test",
            "userId": "tailrace-test",
            "properties": {"test": True},
        }
    )


def given_event(event: Mapping[str, object]) -> Entry:
    """Return an event that people wrote; what it must have and has not is made.

    Raises:
        ChangeError: it is no event.
    """
    from datetime import UTC, datetime

    now = instant(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"))
    whole = {
        "messageId": _new_id(),
        "timestamp": now,
        "context": {},
        "integrations": {},
        **event,
        "receivedAt": now,
    }
    if whole.get("type") not in TYPES:
        raise ChangeError(
            f"event.type is {str(whole.get('type'))[:50]!r}; expected one of {', '.join(TYPES)}",
            reason="invalid",
            field="event.type",
        )
    body = msgspec.json.encode(whole)
    try:
        line = line_of(body, source=_GIVEN)
    except msgspec.ValidationError as error:
        raise ChangeError(f"event: {error}", reason="invalid", field="event") from error
    return Entry.of(msgspec.json.encode(whole), line.source, minute_of(now))


def _new_id() -> str:
    return f"test-{uuid4()}"
