"""Makes the control database, or brings it up to date: tables, workspace, first source and owner.

Run by `start` as `python -m tailrace.control.prepare`, so that no part keeps Alembic in memory.
"""

import logging
import secrets
import sys
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.orm import Session

from tailrace.config import FIRST_SLUGS, Config, Source, decode_config
from tailrace.control.changes import Change, Changes, add_workspace, put_document, utc_now
from tailrace.control.database import answering, open_engine
from tailrace.control.document import collisions, decode_document
from tailrace.control.models import MemberRow, SourceRow, WorkspaceRow, WriteKeyRow
from tailrace.control.sealed import reseal
from tailrace.control.start import USAGE_STATUS
from tailrace.control.vault import Vault, key_path, make_vault, open_vault
from tailrace.errors import ConfigError, TailraceError

ACTOR: Final = "start"
MIGRATION_LOCK: Final = 0x7461_696C
_logger = logging.getLogger("tailrace.control.prepare")


def prepare(config: Config) -> None:
    """Make or update everything that parts rely on; changes nothing where all is in place.

    Raises:
        ConfigError: the settings do not fit the database.
        TransientError: it does not answer.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(config, is_made=True)
    try:
        with answering():
            migrate(engine)
        _prepare_workspace(engine, config)
    finally:
        engine.dispose()


def migrate(engine: Engine, *, revision: str = "head") -> None:
    """Bring the tables to a revision, in one transaction; others wait for it."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK}
            )
        command.upgrade(alembic_config(connection), revision)


def alembic_config(connection: Connection | None = None) -> AlembicConfig:
    """Return Alembic's settings, which are in no file."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def _prepare_workspace(engine: Engine, config: Config) -> None:
    with answering(), Session(engine) as session, session.begin():
        if engine.dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        row = session.scalars(select(WorkspaceRow).with_for_update()).one_or_none()
        if row is None:
            vault = open_vault(config) or make_vault(config)
            row = add_workspace(session, secret_key_id=vault.key_id)
            _add_first_source(session, row, config)
            _add_first_owner(session, row, config)
        else:
            _seal_with_first_key(session, row, _vault_of(row, config))
            if _add_first_owner(session, row, config):
                row.version += 1
                put_document(session, row, now=utc_now())
        found = collisions(
            decode_document(row.document, where="the control database"),
            config.sources,
            file=config.file,
        )
        if found:
            raise ConfigError("\n".join(found))
    _add_given_key(Changes(engine), config)


def _add_first_source(session: Session, workspace: WorkspaceRow, config: Config) -> None:
    if config.first_source is None:
        return
    change = Change(session, workspace, actor=ACTOR)
    add_source(change, config.first_source, label="first")
    put_document(session, workspace, now=change.at)


def _add_first_owner(session: Session, workspace: WorkspaceRow, config: Config) -> bool:
    """Make the first member where nobody is one; tell whether that was so."""
    owner = config.first_owner
    if owner is None or session.scalars(select(MemberRow.id).limit(1)).first() is not None:
        return False
    change = Change(session, workspace, actor=ACTOR)
    row = MemberRow(
        id="mem_" + secrets.token_hex(12),
        email=owner.email,
        name="",
        role="owner",
        sources=None,
        password_hash=owner.password_hash.reveal() if owner.password_hash is not None else None,
        version=1,
        created_at=change.at,
        updated_at=change.at,
    )
    session.add(row)
    change.note("member.create", f"members/{row.id}", after={"email": row.email, "role": row.role})
    return True


def add_source(change: Change, source: Source, *, label: str) -> SourceRow:
    """Return the new row of a source that has no secret, with its write keys."""
    row = SourceRow(
        slug=source.slug,
        name=source.name,
        kind=source.kind,
        enabled=source.enabled,
        ip=source.ip,
        requests_per_s_max=source.requests_per_s_max,
        json={},
        version=1,
        created_at=change.at,
        updated_at=change.at,
        write_keys=[
            WriteKeyRow(key=key, label=label, created_at=change.at) for key in source.write_keys
        ],
    )
    change.session.add(row)
    change.note("source.create", f"sources/{source.slug}", after={"name": source.name})
    return row


def _vault_of(row: WorkspaceRow, config: Config) -> Vault:
    """Return the vault of this installation, which must have the workspace's key.

    Raises:
        ConfigError: it has not.
    """
    vault = open_vault(config)
    if vault is None or row.secret_key_id not in vault.key_ids:
        has = f"has only {', '.join(vault.key_ids)}" if vault is not None else "has none"
        raise ConfigError(
            f"the control database's secrets are sealed with the key {row.secret_key_id}, and this "
            f"installation {has}: give that key in TAILRACE_SECRET_KEY or {key_path(config)}"
        )
    return vault


def _seal_with_first_key(session: Session, workspace: WorkspaceRow, vault: Vault) -> None:
    """Seal every secret with the first key, after a new one was put before the old."""
    if workspace.secret_key_id == vault.key_id:
        return
    change = Change(session, workspace, actor=ACTOR)
    before, workspace.secret_key_id = workspace.secret_key_id, vault.key_id
    resealed = reseal(session, vault)
    change.note(
        "secret-key.rotate",
        "workspace",
        before={"secret_key_id": before},
        after={"secret_key_id": vault.key_id, "resealed": resealed},
    )
    workspace.version += 1
    put_document(session, workspace, now=change.at)
    _logger.warning("%d secrets are now sealed with the key %s", resealed, vault.key_id)


def _add_given_key(changes: Changes, config: Config) -> None:
    """Add the environment's write key to the first source where nobody has it yet."""
    given = config.given_write_key
    if not given or config.first_source is None:
        return
    with changes.change(actor=ACTOR) as change:
        known = change.session.scalars(
            select(WriteKeyRow).where(WriteKeyRow.key == given)
        ).one_or_none()
        if known is not None:
            return
        first = change.session.scalars(
            select(SourceRow).where(SourceRow.slug.in_(FIRST_SLUGS), SourceRow.deleted_at.is_(None))
        ).first()
        if first is None:
            _logger.warning("TAILRACE_WRITE_KEY is not used: the first source was deleted")
            return
        first.write_keys.append(
            WriteKeyRow(key=given, label="TAILRACE_WRITE_KEY", created_at=change.at)
        )
        change.note("write-key.create", f"sources/{first.slug}", after={"label": "environment"})


def main() -> None:
    """Prepare for the settings on standard input; ends with status 2 where they are wrong."""
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s")
    try:
        prepare(decode_config(sys.stdin.buffer.read()))
    except TailraceError as error:
        sys.stdout.write(f"{error}\n")
        sys.exit(USAGE_STATUS if isinstance(error, ConfigError) else 1)


if __name__ == "__main__":
    main()
