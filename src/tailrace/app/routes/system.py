"""The state of the system: status, health, metrics."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from litestar import MediaType, Response, get
from litestar.openapi.datastructures import ResponseSpec

from tailrace import __version__, metrics
from tailrace.addresses import name_in, url_by_name
from tailrace.app.asking import Ask, needs
from tailrace.app.numbers import Lags
from tailrace.app.parts import Given, Parts
from tailrace.app.routes.errors import READING
from tailrace.errors import TailraceError
from tailrace.log.contract import RAW

_logger = logging.getLogger(__name__)

# Longer than a restarted worker needs to begin.
_STILL_S_MAX = 10.0


class StoreStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the events take in the store."""

    rows: int
    parts: int
    bytes: int
    bytes_per_event: float


class LogStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the log takes on disk."""

    raw_bytes: int
    events_bytes: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How the system is doing now; `problems` are sentences, empty while all is well."""

    version: str
    collect_url: str
    app_url: str
    now: datetime
    has_events: bool
    events: int
    events_per_s: float
    freshness_s: float | None
    last_event_at: datetime | None
    refine_lag_records: int
    store_lag_records: int
    store: StoreStatus
    log: LogStatus
    live_streams: int
    problems: list[str]


class Readiness(msgspec.Struct, frozen=True):
    """Whether requests can be answered, and what says so."""

    ready: bool
    checks: dict[str, str]


@get("/status", tags=["system"], responses=READING, opt=needs("system:read"))
async def show_status(request: Ask, parts: Given) -> Status:
    """Return the system's figures."""
    name = name_in(request.headers.get("host", ""))
    stats = await parts.reading.run(parts.numbers.stats)
    lags = await parts.reading.run(parts.numbers.lags)
    beat = parts.pulse.beat()
    problems = (_refine_problem(lags), parts.loader_problem(), parts.following.problem)
    return Status(
        version=__version__,
        collect_url=url_by_name(parts.config.collect.host, parts.config.collect.port, name=name),
        app_url=url_by_name(parts.config.app.host, parts.config.app.port, name=name),
        now=datetime.now(UTC),
        has_events=stats.rows > 0,
        events=stats.rows,
        events_per_s=beat.events_per_s,
        freshness_s=beat.freshness_s,
        last_event_at=beat.last_event_at or stats.received_at_newest,
        refine_lag_records=lags.refine_lag_records,
        store_lag_records=lags.store_lag_records,
        store=StoreStatus(
            rows=stats.rows,
            parts=stats.parts,
            bytes=stats.bytes,
            bytes_per_event=round(stats.bytes_per_event, 1),
        ),
        log=LogStatus(raw_bytes=lags.raw_bytes, events_bytes=lags.events_bytes),
        live_streams=parts.live.streams,
        problems=[problem for problem in problems if problem],
    )


def _refine_problem(lags: Lags) -> str:
    if lags.refine_still_s < _STILL_S_MAX:
        return ""
    return (
        f"refine has read nothing for {lags.refine_still_s:.0f} s while "
        f"{lags.refine_lag_records} records wait: is the worker running? Its log and "
        "'tailrace doctor' tell more."
    )


@get("/healthz", tags=["system"], security=[{}], summary="Show health")
async def healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok"}


@get(
    "/readyz",
    tags=["system"],
    security=[{}],
    summary="Show readiness",
    responses={503: ResponseSpec(Readiness, description="Something does not work.")},
)
async def readyz(parts: Given) -> Response[Readiness]:
    """Tell whether log, store and loader work; 503 when one does not.

    Without the control database the last known sources stay in force, so that is no reason.
    """
    checks = await parts.reading.run(_checks, parts)
    ready = all(check == "ok" for name, check in checks.items() if name != "control")
    return Response(Readiness(ready, checks), status_code=200 if ready else 503)


def _checks(parts: Parts) -> dict[str, str]:
    return {
        "log": _check("log", lambda: parts.log.extents(RAW)),
        "store": _check("store", parts.numbers.stats),
        "loader": "failing; see the status or the app's log" if parts.loader_problem() else "ok",
        "control": (
            "away; the last known sources are in force" if parts.following.problem else "ok"
        ),
    }


def _check(name: str, ask: Callable[[], object]) -> str:
    """Return `ok`, or that it fails; anybody may see this, so the reason goes to the log."""
    try:
        ask()
    except TailraceError as error:
        _logger.warning("not ready: the %s does not answer: %s", name, error)
        return "failing; see the app's log"
    return "ok"


@get("/metrics", tags=["system"], security=[{}], media_type=MediaType.TEXT)
async def show_metrics(parts: Given) -> Response[bytes]:
    """Return the metrics for Prometheus."""
    text = await parts.reading.run(lambda: metrics.render() + parts.delivery_gauges.render())
    return Response(text, media_type=metrics.CONTENT_TYPE)
