"""Every earlier revision of the control database is brought up to date with all that it held."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from postgres import Cluster, running_cluster
from tailrace.config import Config, ControlConfig, Secret
from tailrace.control import ensure_workspace, read_workspace
from tailrace.control.database import open_engine
from tailrace.control.link import open_link
from tailrace.control.prepare import alembic_config, migrate
from tailrace.control.start import REVISION
from tailrace.control.vault import open_vault, webhook_place

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
SECRET = Secret("planted-webhook-secret")
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def rows_of_0001(sealed: str, key_id: str) -> Rows:
    """Return what an installation of revision 0001 held, table by table."""
    source: dict[str, Any] = {
        "kind": "web",
        "enabled": True,
        "ip": "truncate",
        "requests_per_s_max": None,
        "json": {"event": "what"},
        "webhook_secret_sealed": None,
        "version": 3,
        "created_at": AT,
        "updated_at": AT,
        "deleted_at": None,
    }
    document = {
        "workspace": "ws_old",
        "version": 7,
        "secret_key_id": key_id,
        "sources": [
            {"slug": "gone", "is_deleted": True},
            {
                "slug": "web",
                "name": "Läden",
                "ip": "truncate",
                "json": {"event": "what"},
                "webhook_secret": sealed,
                "keys": [["key-of-web", None]],
            },
        ],
    }
    key = {"disabled_at": None, "expires_at": None, "last_used_at": AT, "created_at": AT}
    return {
        "workspace": [
            {
                "id": "ws_old",
                "version": 7,
                "document": json.dumps(document),
                "secret_key_id": key_id,
                "created_at": AT,
            }
        ],
        "sources": [
            {**source, "slug": "web", "name": "Läden", "webhook_secret_sealed": sealed},
            {**source, "slug": "gone", "name": "", "deleted_at": AT},
        ],
        "write_keys": [
            {**key, "id": 1, "source_slug": "web", "key": "key-of-web", "label": "first"},
            {
                **key,
                "id": 2,
                "source_slug": "gone",
                "key": "key-of-gone",
                "label": "",
                "disabled_at": AT,
            },
        ],
        "audit_log": [
            {
                "id": 1,
                "at": AT,
                "actor": "owner",
                "action": "source.create",
                "resource": "sources/web",
                "before": None,
                "after": {"name": "Läden"},
            }
        ],
        "idempotency_keys": [
            {"key": "k-1", "request": "0" * 64, "made": "web", "created_at": AT},
        ],
    }


def rows_of_0002(sealed: str, key_id: str) -> Rows:
    """Return what an installation of revision 0002 held: people and destinations too."""
    older = rows_of_0001(sealed, key_id)
    [workspace] = older["workspace"]
    version = {
        "version": 1,
        "name": "Hook",
        "enabled": True,
        "sources": ["web"],
        "settings": {"url": "https://hook.test"},
        "secrets_sealed": {},
    }
    return {
        **older,
        "workspace": [{**workspace, "settings": {"name": "Läden"}, "settings_version": 2}],
        "destinations": [
            {
                **version,
                "slug": "hook",
                "type": "webhook",
                "created_at": AT,
                "updated_at": AT,
                "deleted_at": None,
            }
        ],
        "destination_versions": [{**version, "destination_slug": "hook", "at": AT, "actor": "ann"}],
        "members": [
            {
                "id": "m1",
                "email": "ann@x.test",
                "name": "Ann",
                "role": "owner",
                "sources": None,
                "password_hash": None,
                "oidc_issuer": None,
                "oidc_subject": None,
                "version": 1,
                "created_at": AT,
                "updated_at": AT,
                "signed_in_at": None,
            }
        ],
        "invites": [
            {
                "id": 1,
                "email": "bob@x.test",
                "role": "viewer",
                "sources": None,
                "member_id": None,
                "token_hash": "1" * 64,
                "created_by": "ann",
                "created_at": AT,
                "expires_at": AT,
                "used_at": None,
                "revoked_at": None,
            }
        ],
        "api_tokens": [
            {
                "id": "t1",
                "name": "nightly",
                "token_hash": "2" * 64,
                "hint": "trt_x",
                "permissions": ["events:read"],
                "member_id": "m1",
                "created_by": "ann",
                "created_at": AT,
                "expires_at": None,
                "last_used_at": None,
                "revoked_at": None,
            }
        ],
        "sessions": [
            {
                "hash": "3" * 64,
                "member_id": "m1",
                "token_id": None,
                "opened_with": None,
                "address": "127.0.0.1",
                "user_agent": "",
                "created_at": AT,
                "seen_at": AT,
                "ends_at": AT,
            }
        ],
    }


def rows_of_0003(sealed: str, key_id: str) -> Rows:
    """Return what an installation of revision 0003 held: filters and subscriptions too."""
    older = rows_of_0002(sealed, key_id)
    routing = {
        "filters": [{"if": "all", "actions": [{"type": "DROP"}], "title": "", "enabled": False}],
        "subscriptions": [
            {
                "slug": "s",
                "action": "send",
                "name": "",
                "enabled": True,
                "trigger": "all",
                "mapping": {},
            }
        ],
    }
    return {
        **older,
        **{
            name: [{**row, **routing} for row in older[name]]
            for name in ("destinations", "destination_versions")
        },
    }


def rows_of_0004(sealed: str, key_id: str) -> Rows:
    """Return what an installation of revision 0004 held: rules of delivery too."""
    older = rows_of_0003(sealed, key_id)
    rules = {"delivery": {"events_per_s_max": 5.0, "consent_categories": ["ads"]}}
    return {
        **older,
        **{
            name: [{**row, **rules} for row in older[name]]
            for name in ("destinations", "destination_versions")
        },
    }


def rows_of_0005(sealed: str, key_id: str) -> Rows:
    """Return what an installation of revision 0005 held: a delivery alert too."""
    return {
        **rows_of_0004(sealed, key_id),
        "delivery_alerts": [
            {
                "slug": "on-call",
                "name": "On call",
                "enabled": True,
                "destinations": ["hook"],
                "conditions": {"down_for_s": 60},
                "repeat_every_h": 4.0,
                "notify": [{"slug": "slack", "type": "slack", "origin": "https://hooks.slack.com"}],
                "secrets_sealed": {},
                "version": 2,
                "created_at": AT,
                "updated_at": AT,
            }
        ],
    }


ROWS_OF = {
    "0001": rows_of_0001,
    "0002": rows_of_0002,
    "0003": rows_of_0003,
    "0004": rows_of_0004,
    "0005": rows_of_0005,
}
"""What each earlier revision may have held; a new revision needs its predecessor's here."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    dsn = None
    if request.param == "postgresql":
        dsn = Secret(request.getfixturevalue("cluster").new_database())
    return Config(data_dir=tmp_path, control=ControlConfig(dsn=dsn, secret_key=Secret(KEY)))


def filled(config: Config, revision: str) -> Rows:
    """Make the tables of a revision and fill them as its release would have."""
    vault = open_vault(config)
    assert vault is not None
    rows = ROWS_OF[revision](vault.seal(SECRET, place=webhook_place("web")), vault.key_id)
    engine = open_engine(config, is_made=True)
    migrate(engine, revision=revision)
    known = MetaData()
    with engine.begin() as connection:
        known.reflect(connection)
        assert set(rows) == set(known.tables) - {"alembic_version"}
        for table in known.sorted_tables:
            if table.name in rows:
                connection.execute(table.insert(), list(rows[table.name]))
    engine.dispose()
    return rows


def found(config: Config, rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Return the rows that are there now, with the columns that they had."""
    engine = open_engine(config)
    known = MetaData()
    there = {}
    with engine.connect() as connection:
        known.reflect(connection)
        for name, before in rows.items():
            table = known.tables[name]
            columns = [table.columns[column] for column in before[0]]
            selected = connection.execute(table.select().with_only_columns(*columns))
            there[name] = [dict(row) for row in selected.mappings()]
    engine.dispose()
    return there


def comparable(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return rows as texts, in an order of their own; SQLite keeps no zone."""
    texts = []
    for row in rows:
        plain = {
            name: value.replace(tzinfo=None).isoformat() if isinstance(value, datetime) else value
            for name, value in row.items()
        }
        texts.append(json.dumps(plain, sort_keys=True))
    return sorted(texts)


def earlier_revisions() -> list[str]:
    script = ScriptDirectory.from_config(alembic_config())
    return sorted(found.revision for found in script.walk_revisions() if found.revision != REVISION)


def test_every_earlier_revision_has_its_rows_here() -> None:
    assert earlier_revisions() == sorted(ROWS_OF)


@pytest.mark.parametrize("revision", earlier_revisions())
def test_an_upgrade_keeps_every_row(config: Config, revision: str) -> None:
    before = filled(config, revision)

    ensure_workspace(config)

    link = open_link(config)
    assert link.revision() == REVISION
    link.close()
    after = found(config, before)
    for name in set(before) - {"audit_log"}:
        assert comparable(after[name]) == comparable(before[name])
    assert set(comparable(before["audit_log"])) <= set(comparable(after["audit_log"]))


@pytest.mark.parametrize("revision", earlier_revisions())
def test_what_was_upgraded_is_followed_with_its_secrets(config: Config, revision: str) -> None:
    filled(config, revision)

    ensure_workspace(config)

    workspace = read_workspace(config)
    source = workspace.by_slug["web"]
    assert workspace.version == 7
    assert source.write_keys == ("key-of-web",)
    assert source.webhook_secret == SECRET
    assert (source.ip, source.json.event) == ("truncate", "what")


@pytest.mark.parametrize("revision", earlier_revisions())
def test_upgrading_again_changes_nothing(config: Config, revision: str) -> None:
    before = filled(config, revision)

    ensure_workspace(config)
    ensure_workspace(config)

    assert comparable(found(config, before)["sources"]) == comparable(before["sources"])
