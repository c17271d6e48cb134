"""Runs the app: store, loader, API and web files in one process.

One process, because the embedded store allows no second one; granian's embedded server needs no
children, so killing the process leaves nothing behind.
"""

import asyncio
import gc
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from tailrace.app.access import Access, Hosts, LocalToken
from tailrace.app.application import make_app, with_border
from tailrace.app.askers import Asking
from tailrace.app.backfilling import Backfilling
from tailrace.app.delivery_gauges import DeliveryGauges
from tailrace.app.joining import Joining
from tailrace.app.live import Live
from tailrace.app.loading import Loading
from tailrace.app.numbers import Numbers
from tailrace.app.openid import OpenId
from tailrace.app.parts import Parts
from tailrace.app.pulse import Pulse
from tailrace.app.signing import Signing
from tailrace.app.tails import LogReader
from tailrace.app.web import WebFiles
from tailrace.app.workers import Workers
from tailrace.config import Config
from tailrace.control import Follower
from tailrace.control.accounts import Accounts
from tailrace.control.changes import Changes
from tailrace.control.credentials import Credentials
from tailrace.control.database import open_engine
from tailrace.control.delivery_alerts import DeliveryAlerts
from tailrace.control.destinations import Destinations
from tailrace.control.invites import Invites
from tailrace.control.keys import WriteKeys
from tailrace.control.members import Members
from tailrace.control.openid import OpenIdMembers
from tailrace.control.saved_queries import SavedQueries
from tailrace.control.sessions import Sessions
from tailrace.control.settings import WorkspaceSettings
from tailrace.control.sources import Sources
from tailrace.control.tokens import Tokens
from tailrace.control.vault import Vault, open_vault
from tailrace.control.workspace_file import WorkspaceFiles
from tailrace.deliver.alerts import AlertTesting
from tailrace.deliver.backfill_engine import jobs_of
from tailrace.deliver.checking import Checking
from tailrace.deliver.trying import Trying
from tailrace.destinations import Catalog, load_catalog
from tailrace.errors import ConfigError
from tailrace.log import open_log
from tailrace.ports import require_free_port
from tailrace.query import Questions
from tailrace.store import Loader, Store, open_store

_logger = logging.getLogger(__name__)

STOP_S_MAX = 5.0
_CONNECTIONS_MAX = 1_024
_HEAD_BYTES_MAX = 65_536
_READING_THREADS = 3
_DECIDING_THREADS = 2
_HASHING_THREADS = 2
_HASHING_WAITING_MAX = 16
_APPLYING_WAITING_MAX = 8
_PATIENCE_S = 1.0
_WAITING_MAX = 64


def run_app(config: Config, stop: threading.Event) -> None:
    """Run the app until `stop` is set; then end the streams, the loader and the store in order.

    Raises:
        ConfigError: the port or the store is taken, or the settings are wrong.
        Exception: what ended the loader, where that was a defect.
    """
    require_free_port(config.app.host, config.app.port, section="app")
    with ExitStack() as stack:
        parts, loading = _open(config, stack)
        app = with_border(make_app(parts), parts)
        loading.start()
        # What is loaded by now stays for good: later collections need not look at it.
        gc.collect()
        gc.freeze()
        asyncio.run(_serve(config, app, parts, stop=stop, failed=loading.failed))
    loading.raise_failure()


def _open(config: Config, stack: ExitStack) -> tuple[Parts, Loading]:
    """Open everything; the stack closes it in reverse order, the store last."""
    run_dir = config.data_dir / "run"
    store = open_store(config)
    stack.callback(store.close)
    reading_log, loading_log = open_log(config), open_log(config)
    stack.callback(reading_log.close)
    stack.callback(loading_log.close)
    pulse = Pulse()
    live = Live(streams_max=config.app.live_streams_max)

    def on_loaded(block: Any) -> None:
        pulse.count(block)
        live.offer(block)

    log = LogReader(reading_log)
    asking = Asking(
        Workers("query", threads=config.query.concurrency_max, waiting_max=_WAITING_MAX),
        store,
        per_asker_max=config.query.concurrency_per_asker_max,
    )
    stack.callback(asking.close)
    reading = Workers("reading", threads=_READING_THREADS, waiting_max=_WAITING_MAX)
    stack.callback(reading.close)
    deciding = Workers("deciding", threads=_DECIDING_THREADS, waiting_max=_WAITING_MAX)
    stack.callback(deciding.close)
    hashing = Workers("hashing", threads=_HASHING_THREADS, waiting_max=_HASHING_WAITING_MAX)
    stack.callback(hashing.close)
    applying = Workers("applying", threads=1, waiting_max=_APPLYING_WAITING_MAX)
    stack.callback(applying.close)
    following = Follower(config)
    following.start()
    stack.callback(following.stop)
    changes = Changes(open_engine(config))
    stack.callback(changes.close)
    vault = open_vault(config)
    sources = Sources(config, changes, vault)
    local_token = LocalToken(run_dir)
    local_token.write()
    stack.callback(local_token.remove)
    live.start()
    stack.callback(live.close)
    loading = Loading(Loader(config, loading_log, store, on_loaded=on_loaded))
    stack.callback(loading.stop)
    _forget_old_sessions(config)
    sessions = Sessions(changes, age_s_max=config.app.session_age_s_max)
    accounts = Accounts(changes, sessions)
    credentials = Credentials(changes, sessions, owner_hashes=config.api_token_hashes)
    access = Access(
        token_hashes=config.api_token_hashes,
        local_token=local_token.value,
        credentials=credentials,
        workers=deciding,
        clock=time.monotonic,
    )
    signing = Signing(
        token_hashes=config.api_token_hashes,
        accounts=accounts,
        credentials=credentials,
        sessions=sessions,
        deciding=deciding,
        hashing=hashing,
        clock=time.monotonic,
    )
    write_keys = WriteKeys(changes, sources)
    catalog = _catalog()
    destinations = Destinations(config, changes, vault, catalog)
    delivery_alerts = DeliveryAlerts(changes, vault, catalog)
    settings = WorkspaceSettings(changes)
    members = Members(changes, sources)
    invites = Invites(changes, members, sessions)
    joining = Joining(invites=invites, deciding=deciding, hashing=hashing, clock=time.monotonic)
    questions = Questions(store, limits=config.query)
    backfills = jobs_of(config)
    backfilling = Backfilling(backfills, questions, log)
    backfilling.start()
    stack.callback(backfilling.stop)
    parts = Parts(
        config=config,
        log=log,
        store=store,
        questions=questions,
        access=access,
        signing=signing,
        joining=joining,
        accounts=accounts,
        sessions=sessions,
        hosts=Hosts(config.app),
        live=live,
        pulse=pulse,
        numbers=Numbers(log, store, pulse),
        web=WebFiles(),
        asking=asking,
        reading=reading,
        deciding=deciding,
        hashing=hashing,
        following=following,
        sources=sources,
        write_keys=write_keys,
        destinations=destinations,
        trying=Trying(config, catalog, vault),
        checking=Checking(config, catalog, vault),
        delivery_alerts=delivery_alerts,
        alert_testing=AlertTesting(config, catalog, vault),
        delivery_gauges=DeliveryGauges(config, following, log),
        backfills=backfills,
        saved_queries=SavedQueries(changes),
        members=members,
        invites=invites,
        openid=_openid(config, vault),
        openid_members=OpenIdMembers(config.oidc, changes, sessions),
        tokens=Tokens(changes),
        settings=settings,
        workspace_files=WorkspaceFiles(
            config,
            changes,
            vault,
            catalog,
            sources=sources,
            write_keys=write_keys,
            destinations=destinations,
            members=members,
            settings=settings,
        ),
        applying=applying,
        changes=changes,
        loader_problem=loading.problem,
    )
    return parts, loading


def _openid(config: Config, vault: Vault | None) -> OpenId | None:
    """Return the provider by which people sign in, if the settings name one."""
    if not config.oidc.issuer:
        return None
    if vault is None:
        raise ConfigError("there is no secret key to seal a sign-in by OpenID with")
    return OpenId(config.oidc, vault)


def _forget_old_sessions(config: Config) -> None:
    """Remove the file in which earlier releases kept sessions; they are in the database now."""
    path = config.data_dir / "sessions.json"
    if path.exists():
        path.unlink()
        _logger.info("%s is no longer used and was removed: everybody signs in again", path)


def _catalog() -> Catalog:
    """Return the types of destinations; tell of packages that are broken."""
    catalog = load_catalog()
    for problem in catalog.problems:
        _logger.warning("%s: its destinations cannot be used", problem)
    return catalog


async def _serve(
    config: Config, app: Any, parts: Parts, *, stop: threading.Event, failed: threading.Event
) -> None:
    """Serve until told to stop or the loader has failed for good."""
    loop = asyncio.get_running_loop()
    server = Server(
        app,
        address=config.app.host,
        port=config.app.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        backpressure=_CONNECTIONS_MAX,
        http1_settings=HTTP1Settings(max_buffer_size=_HEAD_BYTES_MAX),
        log_enabled=False,
    )
    asked = asyncio.Event()
    serving = loop.create_task(server.serve())
    asking = loop.create_task(asked.wait())
    with _relayed((stop, failed), loop, asked):
        await asyncio.wait((serving, asking), return_when=asyncio.FIRST_COMPLETED)
        # The server waits for open answers, and a live stream has no end of its own.
        parts.live.close()
        server.stop()  # type: ignore[no-untyped-call]  # granian leaves this one untyped
        await _await_answers(serving, parts)
    asking.cancel()


async def _await_answers(serving: "asyncio.Task[None]", parts: Parts) -> None:
    """Wait for what is being answered; stop the questions that take long."""
    parts.asking.refuse()
    parts.reading.refuse()
    parts.deciding.refuse()
    parts.hashing.refuse()
    deadline = time.monotonic() + STOP_S_MAX
    patience_s = _PATIENCE_S
    while not serving.done() and time.monotonic() < deadline:
        await asyncio.wait((serving,), timeout=patience_s)
        if not serving.done():
            await asyncio.to_thread(_stop_questions, parts.store)
            patience_s = _PATIENCE_S / 4
    if serving.done():
        await serving
    else:
        _logger.warning("answers did not end within %.0f s and were cut off", STOP_S_MAX)


def _stop_questions(store: Store) -> None:
    """End the questions that run; those of an embedded store would hold this process up."""
    if not store.is_embedded:
        return
    with store.client(timeout_s=1.0) as client:
        client.command("KILL QUERY WHERE query_kind = 'Select' AND query_id != queryID() ASYNC")


@contextmanager
def _relayed(
    events: tuple[threading.Event, ...], loop: asyncio.AbstractEventLoop, asked: asyncio.Event
) -> Iterator[None]:
    """Set `asked` on the loop when one of the events is set."""
    ended = threading.Event()

    def relay() -> None:
        while not ended.is_set():
            if any(event.wait(0.1) for event in events):
                loop.call_soon_threadsafe(asked.set)
                return

    thread = threading.Thread(target=relay, name="stop-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
