"""`doctor`: is everything in order on this machine, and what to do where it is not?"""

import shutil
import stat
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from tailrace.addresses import url_of
from tailrace.cli.common import AsJson, ConfigFile, DataDir, fail, load, print_json
from tailrace.config import STATE_NAME, Config
from tailrace.control import check_database
from tailrace.errors import ConfigError, TailraceError, TransientError
from tailrace.log import EVENTS, RAW, Damage, SqliteLog, open_log

FREE_BYTES_MIN = 1_073_741_824
ADVICE = {
    "suspended": "Correct its settings; what it has not had stays in the log until then.",
    "down": "See whether the tool answers; what it has not had stays in the log until then.",
}


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at: `state` is ok, warning or failed; `advice` says what to do."""

    topic: str
    state: str
    summary: str
    advice: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: tailrace doctor --set-aside")(doctor)


def doctor(
    set_aside: Annotated[
        bool,
        typer.Option(
            "--set-aside", help="Move damaged parts of the log aside, so that it goes on."
        ),
    ] = False,
    data_dir: DataDir = None,
    config_file: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check settings, files, disk, every record of the log, and the running parts.

    Reads the whole log. Status 1 when something failed.
    """
    config = load(data_dir, config_file)
    findings = [_first_run(config), *_disk(config), *_control(config)]
    findings += [*_types(), *_destinations(config), *_backfills(config), *_ports(config)]
    if config.log_dir.exists():
        log = open_log(config)
        try:
            for stream in (RAW, EVENTS):
                findings += _stream(log, stream, set_aside=set_aside)
        finally:
            log.close()
    if as_json:
        print_json(findings)
    else:
        _show(findings)
    failed = sum(finding.state == "failed" for finding in findings)
    if failed:
        fail(f"{failed} of {len(findings)} checks failed.", status=1)


def _first_run(config: Config) -> Finding:
    path = config.data_dir / STATE_NAME
    if not path.exists():
        return Finding(
            "data directory",
            "warning",
            f"{config.data_dir.resolve()} has no {STATE_NAME}: nothing ever ran there",
            "Run `tailrace up`, or name the right directory with --data-dir.",
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding(
            "data directory",
            "failed",
            f"{path} may be read by others (mode {mode:o})",
            f"Run: chmod 600 {path}",
        )
    return Finding("data directory", "ok", f"{config.data_dir.resolve()}, owner only")


def _disk(config: Config) -> list[Finding]:
    if not config.data_dir.exists():
        return []
    free = shutil.disk_usage(config.data_dir).free
    text = f"{free / 1e9:.1f} GB free where the data lies"
    if free < FREE_BYTES_MIN:
        return [
            Finding(
                "disk",
                "warning",
                text,
                "Give space free: with a full disk, collection answers 503 and senders keep their "
                "events.",
            )
        ]
    return [Finding("disk", "ok", text)]


def _control(config: Config) -> list[Finding]:
    if not (config.data_dir / STATE_NAME).exists():
        return []
    topic = "control database"
    try:
        document = check_database(config)
    except TransientError as error:
        advice = "Parts that run go on with the last known sources; nothing can be changed."
        return [Finding(topic, "failed", str(error), advice)]
    except ConfigError as error:
        return [Finding(topic, "failed", str(error))]
    sources = [source for source in document.sources if source.keys]
    return [Finding(topic, "ok", f"answers; sources with a write key: {len(sources)}")]


def _types() -> list[Finding]:
    """Look at the packages that offer types of destinations."""
    from tailrace.destinations import load_catalog

    topic = "destination types"
    catalog = load_catalog()
    others = sorted({*catalog.packages.values()})
    summary = f"{len(catalog.types)}" + (f", some of {', '.join(others)}" if others else "")
    advice = (
        "Its destinations take nothing until then: install a release of the package that fits, "
        "or remove it, and restart."
    )
    return [
        Finding(topic, "ok", summary),
        *(Finding(topic, "failed", problem, advice) for problem in catalog.problems),
    ]


def _destinations(config: Config) -> list[Finding]:
    """Look at the file of each destination that has one, and at what it says of itself."""
    from tailrace.deliver.looking import inspect

    try:
        known = {each.slug: each for each in check_database(config).destinations}
    except (TransientError, ConfigError):
        # Said already; the files are looked at all the same.
        known = {}
    findings = []
    for path in sorted((config.data_dir / "deliver").glob("*.sqlite")):
        topic = f"destination {path.stem}"
        try:
            found = inspect(path)
        except TailraceError as error:
            advice = (
                "Its events are not delivered until the file is well. Restore it from a backup; or "
                "disable the destination and move the file aside, then it begins anew with the "
                "next event and its books are lost."
            )
            findings.append(Finding(topic, "failed", str(error), advice))
            continue
        destination = known.get(path.stem)
        if destination is not None and not destination.enabled:
            findings.append(Finding(topic, "ok", "disabled; its position stands still"))
        elif found.state in ADVICE:
            summary = f"{found.state}: {found.problem}"
            findings.append(Finding(topic, "warning", summary, ADVICE[found.state]))
        else:
            counts = f"waiting: {found.waiting:,}, dead letters: {found.dead_letters:,}"
            findings.append(Finding(topic, "ok", f"{found.state}; {counts}"))
    return findings


def _backfills(config: Config) -> list[Finding]:
    """Look at the file of backfills, and at those of the ones that have not ended."""
    from tailrace.deliver.backfill_engine import backfill_path, jobs_of
    from tailrace.deliver.backfill_jobs import OPEN
    from tailrace.deliver.looking import inspect

    jobs = jobs_of(config)
    if not jobs.path.exists():
        return []
    try:
        jobs.require_whole()
        found = jobs.in_states(OPEN)
    except TailraceError as error:
        advice = (
            "No backfill goes on until the file is well. Restore it from a backup; or stop "
            "Tailrace, move deliver/backfills aside, and start other backfills for the rest."
        )
        return [Finding("backfills", "failed", str(error), advice)]
    findings = [Finding("backfills", "ok", f"not ended: {len(found):,}")]
    for job in found:
        path = backfill_path(config, job.destination, job.id)
        topic = f"backfill {job.id} of {job.destination}"
        try:
            state = inspect(path).state if path.exists() else ""
        except TailraceError as error:
            advice = "It cannot go on: cancel it, and start another one for the rest."
            findings.append(Finding(topic, "failed", str(error), advice))
            continue
        if job.state == "running" and state in ADVICE:
            findings.append(Finding(topic, "warning", state, ADVICE[state]))
    return findings


def _ports(config: Config) -> list[Finding]:
    return [
        _port("collection", url_of(config.collect.host, config.collect.port)),
        _port("web app and API", url_of(config.app.host, config.app.port)),
    ]


def _port(name: str, url: str) -> Finding:
    import httpx

    try:
        response = httpx.get(f"{url}/readyz", timeout=5.0)
    except httpx.TransportError:
        return Finding(name, "warning", f"{url} does not answer", "Start it with `tailrace up`.")
    if response.status_code == 200:
        return Finding(name, "ok", f"{url} is ready")
    return Finding(name, "failed", f"{url} answers {response.status_code}: {response.text[:500]}")


def _stream(log: SqliteLog, stream: str, *, set_aside: bool) -> list[Finding]:
    damages = log.check(stream)
    extents = log.extents(stream)
    if not damages:
        size = sum(extent.bytes for extent in extents.values())
        records = f"{log.records(stream):,} records in {len(extents)} partition(s)"
        summary = f"{records}, {size / 1e6:,.1f} MB: intact"
        return [Finding(f"log: {stream}", "ok", summary)]
    return [_damage(log, stream, damage, set_aside=set_aside) for damage in damages]


def _damage(log: SqliteLog, stream: str, damage: Damage, *, set_aside: bool) -> Finding:
    records = (
        f"records {damage.offset_from} to {damage.offset_until - 1}"
        if damage.offset_from >= 0
        else "an unknown number of records"
    )
    what = f"partition {damage.partition}, {records}: {damage.problem} ({damage.path})"
    if not set_aside:
        return Finding(
            f"log: {stream}",
            "failed",
            what,
            "The rest can be read. To move the damage aside, so that reading goes on after it, "
            "run: tailrace doctor --set-aside",
        )
    try:
        log.set_aside(stream, partition=damage.partition, offset=max(0, damage.offset_from))
    except TailraceError as error:
        return Finding(f"log: {stream}", "failed", f"{what}; it could not be set aside: {error}")
    return Finding(f"log: {stream}", "warning", f"{what}; set aside")


def _show(findings: list[Finding]) -> None:
    console = Console(highlight=False)
    marks = {
        "ok": "[green]ok[/]     ",
        "warning": "[yellow]warning[/]",
        "failed": "[red]failed[/] ",
    }
    for finding in findings:
        console.print(f"{marks[finding.state]}  [bold]{finding.topic}[/]: {finding.summary}")
        if finding.advice:
            console.print(f"         {finding.advice}")
