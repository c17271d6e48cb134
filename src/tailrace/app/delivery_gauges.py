"""How destinations stand, for Prometheus: read from their files when somebody asks."""

import functools
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tailrace.app.numbers import Kept
from tailrace.app.tails import LogReader
from tailrace.config import Config
from tailrace.control import Follower
from tailrace.deliver.engine import state_path
from tailrace.deliver.looking import STATES, Gauges, gauges
from tailrace.errors import TailraceError
from tailrace.log import EVENTS

_KEPT_S: Final = 5.0
_logger = logging.getLogger(__name__)


class DeliveryGauges(Collector):
    """The gauges of all destinations; asked for again after some seconds at the soonest."""

    def __init__(
        self,
        config: Config,
        following: Follower,
        log: LogReader,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._following = following
        self._log = log
        self._clock = clock
        self._found = Kept(lambda: dict(self._ask()), age_s_max=_KEPT_S)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def render(self) -> bytes:
        """Return the gauges in Prometheus' text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Name nothing beforehand, so that nothing is asked before somebody wants it."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the gauges."""
        found = self._found.get()
        behind, oldest, waiting, dead = (
            GaugeMetricFamily(f"tailrace_deliver_{name}", about, labels=["destination"])
            for name, about in (
                ("behind_records", "Records of refined events that a destination is behind."),
                ("oldest_seconds", "Age of the oldest event on its way; 0 without any."),
                ("waiting", "Events that wait out of line to be tried again."),
                ("dead_letters", "Events that were given up and are kept."),
            )
        )
        paces = {
            name: GaugeMetricFamily(f"tailrace_deliver_{name}", about, labels=["destination"])
            for name, about in (
                ("backlog_events", "Events without an outcome yet, by the ledger."),
                ("backlog_bytes", "Their size as JSON, estimated."),
                ("events_per_second", "Events delivered per second, over the last minute."),
                ("requests_now", "Requests on their way."),
                ("requests_at_once", "How many requests may be on their way at once now."),
            )
        }
        state = GaugeMetricFamily(
            "tailrace_deliver_state",
            "1 for the state that a destination is in, 0 for the others.",
            labels=["destination", "state"],
        )
        for slug, one in found.items():
            behind.add_metric([slug], one.behind_records)
            age_s = 0.0 if one.oldest_at is None else self._clock() - one.oldest_at
            oldest.add_metric([slug], max(0.0, age_s))
            waiting.add_metric([slug], one.waiting)
            dead.add_metric([slug], one.dead_letters)
            if one.pace is not None:
                for name, value in (
                    ("backlog_events", one.pace.backlog_events),
                    ("backlog_bytes", one.pace.backlog_bytes),
                    ("events_per_second", one.pace.events_per_s_60s),
                    ("requests_now", one.pace.requests_now),
                    ("requests_at_once", one.pace.requests_at_once),
                ):
                    paces[name].add_metric([slug], value)
            for word in STATES:
                state.add_metric([slug, word], float(word == one.state))
        return behind, oldest, waiting, dead, *paces.values(), state

    def _ask(self) -> Iterator[tuple[str, Gauges]]:
        try:
            extents = self._log.extents(EVENTS)
            refined = functools.cache(self._log.refined_since)
        except TailraceError as error:
            _logger.warning("no gauges of destinations: %s", error)
            return
        for each in self._following.workspace.destinations:
            path = state_path(self._config, each.slug)
            try:
                found = gauges(
                    path,
                    is_enabled=each.enabled,
                    version=each.version,
                    extents=extents,
                    refined=refined,
                )
            except TailraceError as error:
                _logger.warning("no gauges of destination %s: %s", each.slug, error)
            else:
                yield each.slug, found
