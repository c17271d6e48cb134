"""Tells people when a destination is in trouble, and when it is well again.

Looks every few seconds at the files of destinations. What begins and ends is told once by one
message to each place of an alert, however many destinations it is about, and again after
`repeat_every_h`. What nobody takes is tried again for a day.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tailrace.config import Config
from tailrace.control.document import DocumentAlert, DocumentNotify, Workspace
from tailrace.control.vault import Vault
from tailrace.deliver.alert_conditions import (
    DISABLED,
    STARTING,
    DeadLetterBound,
    Stand,
    bound_of,
    conditions_of,
    reasons,
    seen_of,
    stand_of,
)
from tailrace.deliver.alert_sending import AlertSender, Told, message, moment
from tailrace.deliver.alert_state import (
    AlertFile,
    Firing,
    Key,
    Message,
    Seen,
    Step,
    alerts_path,
)
from tailrace.deliver.backoff import backoff_s
from tailrace.destinations import Catalog
from tailrace.destinations.sending import Delivered, Outcome, Rejected
from tailrace.errors import ConfigError, LimitError, SettingsError, TailraceError, TransientError
from tailrace.log import EVENTS, Log

LOOK_EVERY_S: Final = 3.0
SEND_S_MAX: Final = 15.0
GIVEN_UP_S: Final = 86_400.0
CLOSED_AGAIN_S: Final = 300.0
DETAIL_CHARACTERS_MAX: Final = 500
AT_ONCE_MAX: Final = 4
NO_LONGER: Final = "is no longer watched"
DEFECT_AGAIN_S: Final = 30.0

_logger = logging.getLogger(__name__)


class AlertTested(msgspec.Struct, frozen=True, kw_only=True):
    """How a test message was taken in one place."""

    notify: str
    type: str
    is_good: bool
    detail: str


class _Tried(NamedTuple):
    """How a message was taken; without `again_s` it will never be."""

    is_good: bool
    problem: str = ""
    again_s: float | None = None


class Alerting:
    """Watches destinations for all alerts; used on one event loop."""

    def __init__(
        self,
        config: Config,
        catalog: Catalog,
        vault: Vault | None,
        *,
        log: Log,
        path_of: Callable[[str], Path],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log = log
        self._path_of = path_of
        self._clock = clock
        self._path = alerts_path(config)
        self._file: AlertFile | None = None
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="alerts")
        self._sender = AlertSender(config, catalog, vault, threads=self._threads)

    async def run(self, workspace: Callable[[], Workspace]) -> None:
        """Watch until cancelled; what goes wrong here holds up nothing else."""
        while True:
            try:
                await self.look(workspace())
                await self.tell(workspace())
            except TailraceError as error:
                _logger.warning("delivery alerts: %s", error)
            except Exception:
                # A defect here must not end the deliveries beside it.
                _logger.exception("delivery alerts have a defect")
                await asyncio.sleep(DEFECT_AGAIN_S)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, workspace: Workspace) -> None:
        """Find out what began and what ended, and note the messages about it."""
        if not workspace.delivery_alerts and self._file is None and not self._path.exists():
            return
        await asyncio.get_running_loop().run_in_executor(self._threads, self._look, workspace)

    async def tell(self, workspace: Workspace) -> None:
        """Send what is due."""
        if self._file is None:
            return
        run = asyncio.get_running_loop().run_in_executor
        due = await run(self._threads, lambda: self._opened().due(now=self._clock()))
        alerts = {alert.slug: alert for alert in workspace.delivery_alerts}
        async with asyncio.TaskGroup() as tasks:
            for each in due:
                if each.alert in alerts:
                    tasks.create_task(self._tell(alerts[each.alert], each))

    async def close(self) -> None:
        """Close the file and all connections."""
        await self._sender.close()
        if self._file is not None:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._file.close)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _opened(self) -> AlertFile:
        if self._file is None:
            self._file = AlertFile(self._path)
        return self._file

    def _look(self, workspace: Workspace) -> None:
        file, now = self._opened(), self._clock()
        alerts = workspace.delivery_alerts
        file.forget_others({alert.slug: {each.slug for each in alert.notify} for alert in alerts})
        stands = self._stands(workspace, now=now)
        seen_before, firing = file.seen(), file.firing()
        seen = {
            slug: seen_of(stand, seen_before.get(slug), now=now) for slug, stand in stands.items()
        }
        slugs = {each.slug for each in workspace.destinations}
        step = Step(
            seen={slug: each for slug, each in seen.items() if seen_before.get(slug) != each},
            unseen=[slug for slug in seen_before if slug not in slugs],
        )
        for alert in alerts:
            watched = slugs if alert.destinations is None else slugs & {*alert.destinations}
            _compare(alert, watched, stands, seen, firing, step, now=now)
        if step:
            file.commit(step, now=now)

    def _stands(self, workspace: Workspace, *, now: float) -> dict[str, Stand]:
        """Return how what is watched stands; what cannot be read is left out."""
        bounds: dict[str, set[DeadLetterBound]] = {}
        for alert in workspace.delivery_alerts:
            bound = bound_of(conditions_of(alert.when))
            for slug in alert.destinations or [each.slug for each in workspace.destinations]:
                bounds.setdefault(slug, set()).update({bound} if bound is not None else ())
        if not bounds:
            return {}
        extents = self._log.extents(EVENTS)
        stands: dict[str, Stand] = {}
        for each in workspace.destinations:
            if each.slug not in bounds:
                continue
            try:
                stands[each.slug] = stand_of(
                    self._path_of(each.slug),
                    is_enabled=each.enabled,
                    version=each.version,
                    extents=extents,
                    bounds=sorted(bounds[each.slug]),
                    now=now,
                )
            except TailraceError as error:
                _logger.warning("delivery alerts: destination %s: %s", each.slug, error)
        return stands

    async def _tell(self, alert: DocumentAlert, each: Message) -> None:
        notify = next(place for place in alert.notify if place.slug == each.notify)
        tried = await _tried(self._sender, alert, notify, each.body, attempts=each.attempts)
        now, file = self._clock(), self._opened()
        run = asyncio.get_running_loop().run_in_executor
        if tried.is_good:
            await run(self._threads, lambda: file.sent(each, at=now))
            return
        problem = f"{notify.slug}: {tried.problem}"
        _logger.warning("delivery alert %s: %s", alert.slug, problem)
        is_over = tried.again_s is None or now - each.made_at > GIVEN_UP_S
        due_at = None if is_over else now + (tried.again_s or 0.0)
        await run(self._threads, lambda: file.failed(each, problem=problem, due_at=due_at))


class AlertTesting:
    """Sends test messages, a few at once; used on one event loop."""

    def __init__(self, config: Config, catalog: Catalog, vault: Vault | None) -> None:
        self._config = config
        self._catalog = catalog
        self._vault = vault
        self._running = 0

    async def send(self, alert: DocumentAlert) -> list[AlertTested]:
        """Send a test message to each place; return how each took it.

        Raises:
            LimitError: as many tests as may run are running.
        """
        if self._running >= AT_ONCE_MAX:
            raise LimitError(f"{AT_ONCE_MAX} test messages are on their way: wait for them")
        self._running += 1
        threads = ThreadPoolExecutor(1, thread_name_prefix="alert-test")
        sender = AlertSender(self._config, self._catalog, self._vault, threads=threads)
        body = message(alert, "test", [], now=time.time())
        try:
            tried = await asyncio.gather(
                *(_tried(sender, alert, notify, body, attempts=0) for notify in alert.notify)
            )
        finally:
            self._running -= 1
            await sender.close()
            threads.shutdown(wait=False, cancel_futures=True)
        return [
            AlertTested(
                notify=notify.slug, type=notify.type, is_good=each.is_good, detail=each.problem
            )
            for notify, each in zip(alert.notify, tried, strict=True)
        ]


def _compare(
    alert: DocumentAlert,
    watched: Iterable[str],
    stands: Mapping[str, Stand],
    seen: Mapping[str, Seen],
    firing: Mapping[Key, Firing],
    step: Step,
    *,
    now: float,
) -> None:
    """Add to the step what began, lasts too long to be silent about, and ended for an alert."""
    when = conditions_of(alert.when)
    begun: list[Told] = []
    again: list[Told] = []
    ended: list[Told] = []
    repeat_s = None if alert.repeat_every_h is None else alert.repeat_every_h * 3_600.0
    for slug in sorted(watched):
        key, stand = (alert.slug, slug), stands.get(slug)
        known = firing.get(key)
        if stand is None or (stand.state == STARTING and seen[slug].state == STARTING):
            continue
        why = "; ".join(reasons(when, stand, seen[slug], now=now))
        if why and known is None:
            step.firing[key] = Firing(now, why, now)
            begun.append(_told(slug, step.firing[key]))
        elif known is not None and not why:
            step.resolved.append(key)
            reason = "is disabled" if stand.state == DISABLED else known.reason
            ended.append(_told(slug, known._replace(reason=reason)))
        elif known is not None and repeat_s is not None and now - known.told_at >= repeat_s:
            step.firing[key] = Firing(known.since, why, now)
            again.append(_told(slug, step.firing[key]))
    for (of_alert, slug), known in firing.items():
        if of_alert == alert.slug and slug not in watched:
            step.resolved.append((of_alert, slug))
            ended.append(_told(slug, known._replace(reason=NO_LONGER)))
    for state, told, is_repeat in (
        ("firing", begun, False),
        ("firing", again, True),
        ("resolved", ended, False),
    ):
        if told:
            body = message(alert, state, told, now=now, is_repeat=is_repeat)
            step.messages += [(alert.slug, notify.slug, body) for notify in alert.notify]


def _told(slug: str, firing: Firing) -> Told:
    return Told(slug=slug, since=moment(firing.since), reason=firing.reason)


async def _tried(
    sender: AlertSender,
    alert: DocumentAlert,
    notify: DocumentNotify,
    body: bytes,
    *,
    attempts: int,
) -> _Tried:
    """Return how a message was taken, without secrets."""
    hide = sender.hiding(alert)
    try:
        async with asyncio.timeout(SEND_S_MAX):
            outcome: Outcome = await sender.send(alert, notify, body)
    except (SettingsError, ConfigError) as error:
        return _Tried(False, hide(str(error))[:DETAIL_CHARACTERS_MAX], CLOSED_AGAIN_S)
    except TransientError as error:
        return _Tried(False, hide(str(error))[:DETAIL_CHARACTERS_MAX], backoff_s(attempts))
    except TimeoutError:
        return _Tried(False, f"no answer within {SEND_S_MAX:g} s", backoff_s(attempts))
    if isinstance(outcome, Delivered):
        return _Tried(True)
    problem = hide(f"{outcome.reason}: {outcome.detail}")[:DETAIL_CHARACTERS_MAX]
    if isinstance(outcome, Rejected):
        return _Tried(False, problem)
    return _Tried(
        False, problem, backoff_s(attempts) if outcome.after_s is None else outcome.after_s
    )
