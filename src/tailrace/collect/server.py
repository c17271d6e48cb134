"""Runs one collector under granian's embedded server: one process, no children.

Several processes may share the port: the socket is bound with SO_REUSEPORT and the kernel spreads
new connections over them. Killing one leaves no orphan, and its neighbours go on.
"""

import asyncio
import gc
import logging
import resource
import threading

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from tailrace.collect.app import Collector, make_app
from tailrace.config import CollectConfig, Config
from tailrace.control import Follower
from tailrace.errors import TailraceError
from tailrace.log.contract import Log

STOP_S_MAX = 9.5
APPEND_WHILE_STOPPING_S_MAX = 4.0
BACKLOG = 1_024
HEAD_BYTES_MAX = 131_072
FILES_BESIDE_CONNECTIONS = 256

logger = logging.getLogger(__name__)


def run_collector(config: Config, *, stop: threading.Event) -> None:
    """Run a collector over the log of the data directory until `stop` is set.

    Raises:
        TailraceError: the log or the port cannot be had, or the log's writer broke.
    """
    from tailrace.log import open_log

    log = open_log(config)
    app = make_app(config, log)
    following = Follower(
        config,
        on_change=lambda workspace: app.obey(workspace.sources),
        used_keys=app.used_keys,
    )
    app.obey(following.workspace.sources)
    app.sources_problem = lambda: following.problem
    following.start()
    try:
        _run(config, app, stop)
    finally:
        following.stop()
    # Not after a failure: the process ends, and with a dead disk closing might never return.
    log.close()


def serve_collect(config: Config, log: Log, *, stop: threading.Event) -> None:
    """Run a collector over any log until `stop` is set; then finish what is in flight.

    Its sources are those that settings and environment name.

    Raises:
        TailraceError: the port cannot be had, or the log's writer broke.
    """
    _run(config, make_app(config, log), stop)


def _run(config: Config, app: Collector, stop: threading.Event) -> None:
    _allow_connections(config.collect.connections_max)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(config, app, stop))


async def _serve(config: Config, app: Collector, stop: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    server = _server(config.collect, app)
    asked = asyncio.Event()
    app.on_failure = asked.set
    threading.Thread(target=_tell, args=(stop, loop, asked), name="stop-watch", daemon=True).start()
    _tune_collection()
    serving = loop.create_task(server.serve())
    asking = loop.create_task(asked.wait())
    try:
        await asyncio.wait((serving, asking), return_when=asyncio.FIRST_COMPLETED)
        server.stop()  # type: ignore[no-untyped-call]  # granian leaves this one untyped
        app.hurry(APPEND_WHILE_STOPPING_S_MAX)
        await asyncio.wait_for(serving, STOP_S_MAX)
    except TimeoutError as error:
        raise TailraceError(f"the collector did not stop within {STOP_S_MAX:g} s") from error
    finally:
        asking.cancel()
        stop.set()
    if app.failure is not None:
        raise TailraceError(f"the collector stopped: {app.failure}") from app.failure


def _server(config: CollectConfig, app: Collector) -> Server:
    return Server(
        app,
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=config.connections_max,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(config.header_timeout_s * 1_000),
            max_buffer_size=HEAD_BYTES_MAX,
        ),
        log_enabled=False,
    )


def _tell(stop: threading.Event, loop: asyncio.AbstractEventLoop, asked: asyncio.Event) -> None:
    stop.wait()
    if not loop.is_closed():
        loop.call_soon_threadsafe(asked.set)


def _allow_connections(connections_max: int) -> None:
    """Raise the limit of open files as far as the connections need it and the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections_max + FILES_BESIDE_CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < needed:
        granted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
        if granted < needed:
            logger.warning(
                "collect.connections_max is %d, but only %d files may be open (ulimit -n)",
                connections_max,
                granted,
            )


def _tune_collection() -> None:
    """Keep what was loaded at start out of every later garbage collection."""
    gc.collect()
    gc.freeze()
