"""Saved queries as they are kept: whose they are, checked, versioned, audited, and as a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from migrated import put_tables
from tailrace.config import Config
from tailrace.control.audit import WantedEntries, audit_page
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.destinations import Destinations
from tailrace.control.keys import WriteKeys
from tailrace.control.members import Members
from tailrace.control.models import MemberRow
from tailrace.control.permissions import PERMISSIONS, PERMISSIONS_OF, Principal, Role
from tailrace.control.prepare import prepare
from tailrace.control.saved_queries import SavedQueries
from tailrace.control.saved_query_shapes import (
    BODY_BYTES_MAX,
    SavedQuery,
    SavedQueryChange,
    SavedQueryDraft,
)
from tailrace.control.settings import WorkspaceSettings
from tailrace.control.sources import Sources
from tailrace.control.vault import open_vault
from tailrace.control.workspace_file import Asked, Outcome, WorkspaceFileError, WorkspaceFiles
from tailrace.destinations import load_catalog
from tailrace.errors import ChangeError

OWNER = Principal(actor="owner", role="owner", permissions=PERMISSIONS)
ORDERS = {"query": "event:Order*", "since": "7d"}


class Control:
    """A prepared workspace, and what changes its saved queries."""

    def __init__(self, directory: Path) -> None:
        config = Config(data_dir=directory)
        put_tables(config)
        prepare(config)
        vault, catalog = open_vault(config), load_catalog()
        self.changes = Changes(open_engine(config))
        self.queries = SavedQueries(self.changes)
        sources = Sources(config, self.changes, vault)
        self.files = WorkspaceFiles(
            config,
            self.changes,
            vault,
            catalog,
            sources=sources,
            write_keys=WriteKeys(self.changes, sources),
            destinations=Destinations(config, self.changes, vault, catalog),
            members=Members(self.changes, sources),
            settings=WorkspaceSettings(self.changes),
        )
        self.ann = self._member("ann", "viewer")
        self.bob = self._member("bob", "viewer")
        self.eve = self._member("eve", "admin")

    def make(self, slug: str = "orders", by: Principal = OWNER, **fields: Any) -> SavedQuery:
        given = {"slug": slug, "kind": "lucene", "body": ORDERS, **fields}
        return self.queries.create(msgspec.convert(given, SavedQueryDraft), by=by)

    def change(self, by: Principal, slug: str = "orders", **fields: Any) -> SavedQuery:
        wanted = msgspec.convert(fields, SavedQueryChange)
        return self.queries.change(slug, wanted, version=None, by=by)

    def slugs(self, by: Principal) -> list[str]:
        return [query.slug for query in self.queries.page(by=by, kind=None, after="", limit=100)]

    def apply(self, text: str, **asked: Any) -> Outcome:
        return self.files.apply(Asked(text=text, **asked), by=OWNER)

    def _member(self, name: str, role: Role) -> Principal:
        with self.changes.change(actor="owner") as change:
            change.session.add(
                MemberRow(
                    id=name,
                    email=f"{name}@x.test",
                    name=name,
                    role=role,
                    version=1,
                    created_at=change.at,
                    updated_at=change.at,
                )
            )
        return Principal(
            actor=f"{name}@x.test",
            role=role,
            permissions=PERMISSIONS_OF[role],
            member_id=name,
        )


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    made = Control(tmp_path / "data")
    yield made
    made.changes.close()


def test_a_private_query_is_there_for_whoever_saved_it_alone(control: Control) -> None:
    made = control.make(by=control.ann)

    assert made.is_own
    assert control.slugs(control.ann) == ["orders"]
    assert control.slugs(control.bob) == []
    assert control.slugs(OWNER) == []
    for other in (control.bob, control.eve, OWNER):
        with pytest.raises(ChangeError, match="there is no saved query 'orders'"):
            control.queries.get("orders", by=other)
        with pytest.raises(ChangeError, match="there is no saved query 'orders'"):
            control.change(other, name="mine now")


def test_a_shared_query_is_read_by_all_and_changed_by_its_owner_and_admins(
    control: Control,
) -> None:
    control.make(by=control.ann, is_shared=True)

    seen = control.queries.get("orders", by=control.bob)
    with pytest.raises(ChangeError, match=r"is ann@x\.test's") as refused:
        control.change(control.bob, name="Bob's")
    by_admin = control.change(control.eve, name="Eve's")

    assert (seen.is_own, seen.created_by) == (False, "ann@x.test")
    assert refused.value.reason == "not-allowed"
    assert (by_admin.name, by_admin.version) == ("Eve's", 2)
    with pytest.raises(ChangeError, match="alone may stop sharing it"):
        control.change(control.eve, is_shared=False)
    assert not control.change(control.ann, is_shared=False).is_shared
    control.queries.delete("orders", version=3, by=control.ann)
    assert control.slugs(control.ann) == []


def test_a_change_names_the_version_that_it_is_of(control: Control) -> None:
    control.make()
    control.change(OWNER, name="Orders")

    with pytest.raises(ChangeError, match="was changed since version 1") as refused:
        control.queries.change("orders", SavedQueryChange(name="x"), version=1, by=OWNER)

    assert refused.value.reason == "outdated"
    assert control.change(OWNER, name="Orders").version == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "lucene", "body": {}}, "body.query"),
        ({"kind": "kql", "body": {"query": 5}}, "body.query"),
        ({"kind": "sql", "body": {"query": "SELECT 1"}}, "body.sql"),
        ({"kind": "insight", "body": {"insight": ""}}, "body.insight"),
        ({"body": {"query": "x" * BODY_BYTES_MAX}}, "body"),
        ({"body": {"query": "", "note": ["\x00"]}}, "body"),
    ],
)
def test_a_body_that_its_kind_cannot_have_is_refused_with_its_field(
    control: Control, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(ChangeError) as refused:
        control.make(**fields)

    assert (refused.value.reason, refused.value.field) == ("invalid", field)


def test_a_slug_is_one_queries_whoever_sees_it(control: Control) -> None:
    control.make(by=control.ann)

    with pytest.raises(ChangeError, match="choose another") as refused:
        control.make(by=control.bob)

    assert (refused.value.reason, refused.value.field) == ("conflict", "slug")


def test_the_audit_log_tells_what_is_shared_and_not_what_is_private(control: Control) -> None:
    control.make(by=control.ann)
    control.change(control.ann, is_shared=True)

    entries = audit_page(
        control.changes, WantedEntries(resource="saved-queries/orders"), before_id=None, limit=9
    )

    told = [(entry.action, entry.after) for entry in entries]
    private = {"name": "", "kind": "lucene", "is_shared": False}
    shared = {**private, "is_shared": True, "description": "", "body": ORDERS}
    assert told == [("saved-query.update", shared), ("saved-query.create", private)]


def test_queries_of_a_member_who_left_are_the_first_owners(control: Control) -> None:
    control.make(by=control.ann, is_shared=True)

    with control.changes.change(actor="owner") as change:
        change.session.delete(change.session.get(MemberRow, "ann"))

    assert control.queries.get("orders", by=OWNER).is_own


def test_shared_queries_travel_in_the_workspace_file(control: Control, tmp_path: Path) -> None:
    body = {"sql": "SELECT count() FROM events", "parameters": {"n": [1, 2.5, None, "yes"]}}
    control.make(is_shared=True, name="Orders", description="two\nlines")
    control.make("counted", is_shared=True, kind="sql", body=body)
    control.make("secret-plan", by=control.ann)

    text = control.files.export()
    other = Control(tmp_path / "other")
    outcome = other.apply(text)

    assert "secret-plan" not in text
    assert [change.resource for change in outcome.changes] == [
        "saved-queries/counted",
        "saved-queries/orders",
    ]
    assert other.files.export() == text
    assert other.apply(text).changes == []
    assert other.queries.get("counted", by=other.ann).body == body
    other.changes.close()


def test_a_file_changes_and_prunes_shared_queries(control: Control) -> None:
    control.make(is_shared=True)
    control.make("old", by=control.ann, is_shared=True)
    control.make("private", by=control.ann)
    text = (
        "version: 1\nsaved_queries:\n  orders:\n    kind: kql\n    body: {query: 'event: Order*'}\n"
    )

    outcome = control.apply(text, prune=True)

    assert [(each.action, each.resource, each.field) for each in outcome.changes] == [
        ("update", "saved-queries/orders", "kind"),
        ("update", "saved-queries/orders", "body"),
        ("delete", "saved-queries/old", UNSET),
    ]
    assert control.slugs(control.ann) == ["orders", "private"]


def test_a_body_that_is_wrong_in_a_file_is_told_with_its_line(control: Control) -> None:
    text = "version: 1\nsaved_queries:\n  orders:\n    kind: sql\n    body: {query: x}\n"

    with pytest.raises(WorkspaceFileError) as refused:
        control.apply(text)

    assert "body.sql must be there" in str(refused.value.lines)
