"""What every part does before it follows: see to it that the workspace exists and is up to date.

Making and migrating it takes SQLAlchemy and Alembic; a short-lived child process imports them, and
only when there is something to do.
"""

import logging
import subprocess
import sys
import time
from typing import Final

from tailrace.config import Config, encode_config
from tailrace.control.document import Document, Workspace, decode_document, workspace_of
from tailrace.control.link import Owner, SqliteLink, database_path, open_link
from tailrace.control.snapshot import read_snapshot, snapshot_path
from tailrace.control.vault import key_path, open_vault
from tailrace.errors import ConfigError, TransientError

REVISION: Final = "0006"
"""The newest revision of the tables; that of the newest file in `migrations/versions`."""
PREPARE_S_MAX: Final = 120.0
USAGE_STATUS: Final = 2

_logger = logging.getLogger(__name__)


def ensure_workspace(config: Config) -> None:
    """Make the control database and its workspace, or bring them up to date, where needed.

    Does nothing while the database is away and a snapshot allows to start without it. A SQLite
    file that is gone counts as away: making a new one would forget every source.

    Raises:
        ConfigError: the settings do not fit the database.
        TailraceError: it is away and there is no snapshot, or it could not be made.
    """
    try:
        if _is_prepared(config):
            return
        if _is_lost(config):
            _logger.warning(
                "%s is gone; the sources of %s are in force. Restore the file from a backup, or "
                "remove the snapshot too to begin anew",
                database_path(config),
                snapshot_path(config),
            )
            return
    except TransientError:
        if read_snapshot(config) is not None:
            return
        raise
    done = subprocess.run(
        [sys.executable, "-m", "tailrace.control.prepare"],
        input=encode_config(config),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PREPARE_S_MAX,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    if done.returncode:
        kind = ConfigError if done.returncode == USAGE_STATUS else TransientError
        raise kind(said.strip())
    if said:
        _logger.warning("%s", said.strip())


def read_workspace(config: Config) -> Workspace:
    """Return the workspace as it is now, from the database or else the snapshot.

    Raises:
        TailraceError: neither has one.
    """
    return workspace_of(
        _document(config), open_vault(config), file_sources=config.sources, now=time.time()
    )


def read_first_owner(config: Config) -> Owner | None:
    """Return the member who has been an owner for longest; None where nobody is a member yet.

    Raises:
        TransientError: the database is away.
    """
    link = open_link(config)
    try:
        return link.first_owner()
    finally:
        link.close()


def check_database(config: Config) -> Document:
    """Return what the control database itself holds, never the snapshot.

    Raises:
        TransientError: it is away, or has no workspace yet.
        ConfigError: it is lost, was made by another release, or its secrets are sealed with
            another key.
    """
    if _is_lost(config):
        raise ConfigError(f"{database_path(config)} is gone: restore it from a backup")
    link = open_link(config)
    try:
        revision = link.revision()
        if revision != REVISION:
            raise ConfigError(
                f"the control database has the tables {revision or 'none'}, this release needs "
                f"{REVISION}: start `tailrace up` to bring them up to date"
            )
        text = link.document()
    finally:
        link.close()
    assert text is not None, "a document was asked for without a condition"  # noqa: S101
    document = decode_document(text, where="the control database")
    vault = open_vault(config)
    if vault is None or document.secret_key_id not in vault.key_ids:
        raise ConfigError(
            "the secrets in the control database are sealed with another key: give back "
            f"{key_path(config)} or TAILRACE_SECRET_KEY as it was"
        )
    return document


def _is_lost(config: Config) -> bool:
    is_sqlite = isinstance(open_link(config), SqliteLink)
    return is_sqlite and not database_path(config).exists() and read_snapshot(config) is not None


def _document(config: Config) -> Document:
    link = open_link(config)
    try:
        text = link.document()
        assert text is not None, "a document was asked for without a condition"  # noqa: S101
        return decode_document(text, where="the control database")
    except TransientError:
        kept = read_snapshot(config)
        if kept is None:
            raise
        return kept
    finally:
        link.close()


def _is_prepared(config: Config) -> bool:
    """Tell whether tables, workspace, keys, owner and the given write key are in place."""
    link = open_link(config)
    try:
        if link.revision() != REVISION:
            return False
        text = link.document()
        if config.first_owner is not None and link.first_owner() is None:
            return False
    except TransientError:
        # The tables without a workspace: another process is making it just now.
        if link.revision() != REVISION:
            raise
        return False
    finally:
        link.close()
    assert text is not None, "a document was asked for without a condition"  # noqa: S101
    document = decode_document(text, where="the control database")
    vault = open_vault(config)
    if vault is None or vault.key_id != document.secret_key_id:
        return False
    given = config.given_write_key
    keys = {key.key for source in document.sources for key in source.keys}
    return not given or given in keys or config.first_source is None
