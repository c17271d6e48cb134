"""`up` and the parts it starts: `collect`, `work`, `serve`."""

import logging
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from tailrace import lifeline
from tailrace.addresses import is_wildcard, url_by_name, url_of
from tailrace.cli.common import ConfigFile, DataDir, load, options_of
from tailrace.config import Config, FirstRun, prepare_first_run
from tailrace.control import ensure_workspace, read_first_owner, read_workspace
from tailrace.errors import ConfigError, TransientError
from tailrace.ports import require_free_port
from tailrace.readiness import is_ready
from tailrace.supervise import Supervisor, run_dir

READY_S_MAX = 60.0
SOURCES_SHOWN_MAX = 5


Only = Annotated[
    Literal["refine", "deliver"] | None,
    typer.Option("--only", help="Do one half of the work, where the other runs elsewhere."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: tailrace up --data-dir /var/lib/tailrace")(up)
    app.command(epilog="Example: tailrace collect --data-dir /var/lib/tailrace")(collect)
    app.command(epilog="Example: tailrace work --data-dir /var/lib/tailrace")(work)
    app.command(epilog="Example: tailrace serve --data-dir /var/lib/tailrace")(serve)


def up(data_dir: DataDir = None, config_file: ConfigFile = None) -> None:
    """Run everything on this machine: collection, refining, storing, web app and API."""
    log_to_stderr()
    config = load(data_dir, config_file)
    config, first_run = prepare_first_run(config, environ=os.environ)
    _refuse_second(config)
    require_free_port(config.collect.host, config.collect.port, section="collect")
    require_free_port(config.app.host, config.app.port, section="app")
    ensure_workspace(config)
    stop = lifeline.stop_on_signals()
    supervisor = Supervisor(config, options=options_of(data_dir, config_file))
    console = Console(stderr=False, highlight=False)
    supervisor.start()
    ready = threading.Thread(
        target=_announce, args=(console, config, first_run, stop), name="announce", daemon=True
    )
    ready.start()
    supervisor.run(stop)
    console.print("Stopped. Everything that was accepted is on disk.")


def collect(data_dir: DataDir = None, config_file: ConfigFile = None) -> None:
    """Run one collector: the tracking API on the collection port."""
    log_to_stderr()
    config = _prepared(data_dir, config_file)
    stop = lifeline.stop_on_signals()
    from tailrace.collect import run_collector

    run_collector(config, stop=stop)


def work(data_dir: DataDir = None, config_file: ConfigFile = None, only: Only = None) -> None:
    """Run the worker: it refines what was collected, and delivers to destinations."""
    log_to_stderr()
    config = _prepared(data_dir, config_file)
    stop = lifeline.stop_on_signals()
    if only == "deliver":
        from tailrace.deliver import run_deliveries

        run_deliveries(config, stop)
        return
    from tailrace.work import run_refiner, run_worker

    if only == "refine":
        run_refiner(config, stop)
    else:
        run_worker(config, stop)


def serve(data_dir: DataDir = None, config_file: ConfigFile = None) -> None:
    """Run the store, the API and the web app."""
    log_to_stderr()
    config = _prepared(data_dir, config_file)
    stop = lifeline.stop_on_signals()
    from tailrace.app import run_app

    run_app(config, stop)


def _prepared(data_dir: Path | None, config_file: Path | None) -> Config:
    """Return the settings of one part; what the first start makes is there afterwards."""
    config, _ = prepare_first_run(load(data_dir, config_file), environ=os.environ)
    ensure_workspace(config)
    return config


def log_to_stderr() -> None:
    """Send log lines of our own to standard error; others from warnings up."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("tailrace").setLevel(logging.INFO)


def _refuse_second(config: Config) -> None:
    """Hold a lock on the data directory for as long as this process lives.

    Raises:
        ConfigError: another `tailrace up` runs there.
    """
    import fcntl

    directory = run_dir(config)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(directory / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigError(
            f"Tailrace already runs on {config.data_dir}: stop it first, or name another "
            "directory with --data-dir."
        ) from error


def _announce(console: Console, config: Config, first_run: FirstRun, stop: threading.Event) -> None:
    """Show what is being waited for, then the addresses, the key and the login."""
    waiting = {
        "collection": url_of(config.collect.host, config.collect.port),
        "web app": url_of(config.app.host, config.app.port),
    }
    deadline = time.monotonic() + READY_S_MAX
    with console.status("Starting...") as status:
        while waiting and not stop.is_set():
            status.update("Starting: waiting for the " + " and the ".join(waiting))
            for name, url in list(waiting.items()):
                if is_ready(url):
                    del waiting[name]
            if time.monotonic() > deadline:
                console.print(f"Still waiting for the {' and the '.join(waiting)}; see above.")
                deadline += READY_S_MAX
            stop.wait(0.1)
    if stop.is_set():
        return
    app_url = url_of(config.app.host, config.app.port)
    name = socket.gethostname()
    console.print("[bold green]Tailrace is running.[/]")
    shown = shown_address(config.app.host, config.app.port, name=name)
    console.print(f"  Web app and API   {shown}", soft_wrap=True)
    shown = shown_address(config.collect.host, config.collect.port, name=name)
    console.print(f"  Send events to    {shown}", soft_wrap=True)
    for key, slug in _shown_keys(config):
        console.print(f"  Write key         {key}   (source {slug})")
    console.print(f"  Sign in as        {escape(_login(config, first_run))}", soft_wrap=True)
    if first_run.api_token is not None:
        token = first_run.api_token.reveal()
        console.print(f"  API token         {token}   (shown once: keep it)", soft_wrap=True)
        console.print(f"  Sign in at        {app_url}/#token={token}", soft_wrap=True)
    else:
        console.print("  API token         shown at the first start; `tailrace token` makes a new")
    console.print(f"  Data              {config.data_dir.resolve()}", soft_wrap=True)
    console.print("Try it:  tailrace demo   (in another terminal)   Stop:  Ctrl-C")


def _login(config: Config, first_run: FirstRun) -> str:
    """Return who may sign in by password: with it where this start made it, else how to get one."""
    try:
        owner = read_first_owner(config)
    except TransientError:
        owner = None
    if owner is None:
        return "any member; `tailrace password` sets a new password"
    # In a workspace that others made before, the password of this start is nobody's.
    is_new = (owner.email, owner.password_hash) == (
        first_run.owner_email,
        first_run.owner_password_hash,
    )
    if is_new and first_run.owner_password is not None:
        password = first_run.owner_password.reveal()
        return f"{owner.email}   password {password}   (shown once: keep it)"
    if owner.password_hash is None:
        return f"{owner.email}   (has no password yet: `tailrace password` sets one)"
    return f"{owner.email}   (`tailrace password` sets a new password)"


def shown_address(host: str, port: int, *, name: str) -> str:
    """Return an address as `up` prints it: with the machine's `name` where all may reach it."""
    url = url_by_name(host, port, name=name)
    if not is_wildcard(host):
        return url
    return f"{url}   (on every network; {url_of(host, port)} on this machine)"


def _shown_keys(config: Config) -> list[tuple[str, str]]:
    """Return a write key and the name of some sources that take events."""
    sources = [each for each in read_workspace(config).sources if each.enabled and each.write_keys]
    return [(source.write_keys[0], source.slug) for source in sources[:SOURCES_SHOWN_MAX]]
