"""API tokens, settings of the workspace and the audit log's filters, over SQLite and PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from migrated import put_tables
from postgres import Cluster, running_cluster
from tailrace.config import Config, ControlConfig, Secret, Source, token_hash
from tailrace.control import read_workspace
from tailrace.control import tokens as tokens_module
from tailrace.control.audit import AuditEntry, WantedEntries, audit_page
from tailrace.control.changes import Changes, utc_now
from tailrace.control.database import open_engine
from tailrace.control.models import ApiTokenRow, MemberRow, SessionRow, WorkspaceRow
from tailrace.control.permissions import PERMISSIONS, PERMISSIONS_OF, Permission, Principal, Role
from tailrace.control.prepare import prepare
from tailrace.control.settings import Settings, SettingsChange, WorkspaceSettings, read_settings
from tailrace.control.tokens import TokenDraft, TokenMade, Tokens, cursor_of
from tailrace.errors import ChangeError

OWNER = Principal(actor="owner", role="owner", permissions=PERMISSIONS)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


class Control:
    """A prepared workspace, and what changes it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.changes = Changes(open_engine(config))
        self.tokens = Tokens(self.changes)
        self.settings = WorkspaceSettings(self.changes)

    def member(self, name: str, role: Role) -> Principal:
        """Return a new member, as a request of theirs comes."""
        row = MemberRow(
            id=f"mem_{name}",
            email=f"{name}@example.com",
            name=name,
            role=role,
            version=1,
            created_at=utc_now(),
            updated_at=utc_now(),
        )
        with self.changes.change(actor="test") as change:
            change.session.add(row)
        return Principal(
            actor=f"{name}@example.com",
            role=role,
            permissions=PERMISSIONS_OF[role],
            member_id=f"mem_{name}",
        )

    def make(self, principal: Principal, *permissions: Permission, **fields: object) -> TokenMade:
        draft = msgspec.convert(
            {"name": "script", "permissions": permissions or ["account"], **fields}, TokenDraft
        )
        return self.tokens.create(draft, principal=principal)

    def names(self, principal: Principal) -> list[str]:
        return [state.name for state in self.tokens.page(principal, after="", limit=100)]

    def entries(self, wanted: WantedEntries) -> list[AuditEntry]:
        return audit_page(self.changes, wanted, before_id=None, limit=100)


@pytest.fixture(params=["sqlite", "postgresql"])
def control(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Control]:
    dsn = None
    if request.param == "postgresql":
        dsn = Secret(request.getfixturevalue("cluster").migrated_database())
    config = Config(
        data_dir=tmp_path / "data",
        control=ControlConfig(dsn=dsn),
        first_source=Source(slug="default", write_keys=("first-write-key",)),
    )
    put_tables(config)
    prepare(config)
    control = Control(config)
    yield control
    control.changes.close()


def by_token(made: TokenMade, principal: Principal) -> Principal:
    """Return who makes a request with the token of a principal."""
    return Principal(
        actor=f"token {made.name} ({made.created_by})",
        role=principal.role,
        permissions=principal.permissions & frozenset(PERMISSIONS),
        member_id=principal.member_id,
        token_id=made.id,
    )


# --- Tokens -------------------------------------------------------------------------------------


def test_a_token_is_kept_by_its_hash_only(control: Control) -> None:
    ada = control.member("ada", "editor")

    made = control.make(ada, "events:read", "account", name="export", expires_in_days=2)

    with control.changes.read() as session:
        [row] = session.scalars(select(ApiTokenRow))
    assert made.token.startswith("trt_")
    assert len(made.token) == 47
    assert row.token_hash == token_hash(made.token)
    assert made.hint == made.token[:8]
    assert made.permissions == ["account", "events:read"]
    assert (made.created_by, made.member_id) == ("ada@example.com", "mem_ada")
    assert made.expires_at == made.created_at + timedelta(days=2)
    secret = made.token[8:]
    assert secret not in repr(control.tokens.page(ada, after="", limit=9))
    assert secret not in repr(control.entries(WantedEntries()))
    assert secret not in repr([row.hint, row.token_hash, row.name, row.id])


def test_a_token_may_do_no_more_than_who_makes_it(control: Control) -> None:
    ada = control.member("ada", "viewer")

    with pytest.raises(ChangeError, match=r"not have audit:read, sources:write;") as caught:
        control.make(ada, "sources:write", "events:read", "audit:read")

    assert (caught.value.reason, caught.value.field) == ("not-allowed", "permissions")
    assert control.names(OWNER) == []


def test_a_permission_named_twice_is_refused(control: Control) -> None:
    with pytest.raises(ChangeError, match="twice") as caught:
        control.make(OWNER, "events:read", "events:read")

    assert caught.value.field == "permissions"


def test_one_sees_ones_own_tokens_and_an_admin_all(control: Control) -> None:
    ada, bob = control.member("ada", "editor"), control.member("bob", "viewer")
    root = control.member("root", "admin")
    control.make(ada, name="of ada")
    control.make(bob, name="of bob")
    control.make(OWNER, name="of the owner")

    assert control.names(ada) == ["of ada"]
    assert control.names(bob) == ["of bob"]
    assert control.names(root) == ["of the owner", "of bob", "of ada"]


def test_tokens_come_in_pages_the_newest_first(control: Control) -> None:
    for number in range(5):
        control.make(OWNER, name=f"t{number}")

    first = control.tokens.page(OWNER, after="", limit=2)
    second = control.tokens.page(OWNER, after=cursor_of(first[-1]), limit=2)
    third = control.tokens.page(OWNER, after=cursor_of(second[-1]), limit=2)

    names = [state.name for state in (*first, *second, *third)]
    assert names == ["t4", "t3", "t2", "t1", "t0"]


def test_tokens_of_one_moment_are_on_one_page_each(control: Control) -> None:
    made = [control.make(OWNER, name=f"t{number}") for number in range(4)]
    with control.changes.change(actor="test") as change:
        for row in change.session.scalars(select(ApiTokenRow)):
            row.created_at = made[0].created_at

    found, after = [], ""
    while page := control.tokens.page(OWNER, after=after, limit=1):
        found += [state.name for state in page]
        after = cursor_of(page[-1])

    assert sorted(found) == ["t0", "t1", "t2", "t3"]


def test_a_revoked_token_stays_in_the_list_and_its_sessions_end(control: Control) -> None:
    ada = control.member("ada", "editor")
    made, other = control.make(ada, name="one"), control.make(ada, name="two")
    with control.changes.change(actor="test") as change:
        for token in (made, other):
            change.session.add(_session(token.id))

    control.tokens.revoke(made.id, principal=ada)

    states = {s.name: s.state for s in control.tokens.page(ada, after="", limit=9)}
    assert states == {"one": "revoked", "two": "active"}
    with control.changes.read() as session:
        assert [row.token_id for row in session.scalars(select(SessionRow))] == [other.id]


def _session(token_id: str) -> SessionRow:
    return SessionRow(
        hash=token_hash(token_id),
        token_id=token_id,
        address="192.0.2.7",
        user_agent="",
        created_at=utc_now(),
        seen_at=utc_now(),
        ends_at=utc_now() + timedelta(hours=1),
    )


def test_revoking_again_changes_nothing(control: Control) -> None:
    made = control.make(OWNER)
    control.tokens.revoke(made.id, principal=OWNER)
    before = read_workspace(control.config).version

    control.tokens.revoke(made.id, principal=OWNER)

    assert read_workspace(control.config).version == before
    assert len(control.entries(WantedEntries(action="token.revoke"))) == 1


def test_a_token_of_somebody_else_is_not_there_unless_one_may_see_it(control: Control) -> None:
    ada, bob = control.member("ada", "owner"), control.member("bob", "editor")
    made = control.make(ada)
    reader = Principal(
        actor="reader", role="editor", permissions=frozenset({"account", "tokens:read"})
    )

    for principal, reason in ((bob, "not-found"), (reader, "not-allowed")):
        with pytest.raises(ChangeError) as caught:
            control.tokens.revoke(made.id, principal=principal)
        assert caught.value.reason == reason
    assert control.tokens.page(ada, after="", limit=1)[0].state == "active"
    control.tokens.revoke(made.id, principal=control.member("root", "admin"))
    assert control.tokens.page(ada, after="", limit=1)[0].state == "revoked"


@pytest.mark.parametrize("token_id", ["tok_000000000000000000000000", "a\x00b", "", "x" * 500])
def test_what_is_no_token_cannot_be_revoked(control: Control, token_id: str) -> None:
    with pytest.raises(ChangeError, match="no token") as caught:
        control.tokens.revoke(token_id, principal=OWNER)

    assert caught.value.reason == "not-found"


def test_a_token_whose_time_is_over_is_expired(control: Control) -> None:
    made = control.make(OWNER, expires_in_days=1)
    with control.changes.change(actor="test") as change:
        change.session.get_one(ApiTokenRow, made.id).expires_at = utc_now()

    assert control.tokens.page(OWNER, after="", limit=1)[0].state == "expired"


def test_the_setting_bounds_how_long_new_tokens_are_good(control: Control) -> None:
    control.settings.change(SettingsChange(token_days_max=30), version=None, actor="owner")

    for days in (None, 31):
        with pytest.raises(ChangeError, match="token_days_max") as caught:
            control.make(OWNER, expires_in_days=days)
        assert (caught.value.reason, caught.value.field) == ("conflict", "expires_in_days")
    assert control.make(OWNER, expires_in_days=30).expires_at is not None


def test_a_token_made_with_a_token_ends_no_later_and_names_the_same_person(
    control: Control,
) -> None:
    ada = control.member("ada", "editor")
    short = by_token(control.make(ada, name="short", expires_in_days=2), ada)
    free = by_token(control.make(OWNER, name="free"), OWNER)

    for days in (None, 3):
        with pytest.raises(ChangeError, match="ends no later") as caught:
            control.make(short, expires_in_days=days)
        assert caught.value.field == "expires_in_days"
    assert control.make(short, expires_in_days=1).created_by == "ada@example.com"
    assert control.make(free).created_by == "owner"
    actors = {entry.actor for entry in control.entries(WantedEntries(action="token.create"))}
    assert "token short (ada@example.com)" in actors


def test_a_member_who_was_removed_meanwhile_makes_no_token(control: Control) -> None:
    ada = control.member("ada", "editor")
    with control.changes.change(actor="test") as change:
        change.session.delete(change.session.get_one(MemberRow, "mem_ada"))

    with pytest.raises(ChangeError, match="removed") as caught:
        control.make(ada)

    assert caught.value.reason == "not-allowed"


def test_there_are_so_many_active_tokens_at_most(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_module, "TOKENS_MAX", 4)
    monkeypatch.setattr(tokens_module, "MEMBER_TOKENS_MAX", 2)
    ada = control.member("ada", "editor")
    first = control.make(ada)
    control.make(ada)

    with pytest.raises(ChangeError, match="you have 2 active tokens"):
        control.make(ada)
    control.tokens.revoke(first.id, principal=ada)
    control.make(ada)
    for _ in range(2):
        control.make(OWNER)
    with pytest.raises(ChangeError, match="workspace has 4 active tokens"):
        control.make(OWNER)


# --- Settings -----------------------------------------------------------------------------------


def test_settings_that_nobody_changed_are_the_defaults(control: Control) -> None:
    found = control.settings.get()

    assert found == (Settings(), 1)
    assert msgspec.to_builtins(found.state) == {
        "name": "Tailrace",
        "session_hours_max": 168,
        "token_days_max": None,
    }


def test_a_change_of_settings_is_kept_and_noted(control: Control) -> None:
    changed = control.settings.change(
        SettingsChange(name="Zürich ☂", token_days_max=90), version=1, actor="owner"
    )

    assert changed == (Settings(name="Zürich ☂", token_days_max=90), 2)
    assert control.settings.get() == changed
    with control.changes.read() as session:
        assert read_settings(session) == changed.state
    [entry] = control.entries(WantedEntries(resource="settings"))
    assert (entry.action, entry.actor) == ("settings.update", "owner")
    assert entry.before == {"name": "Tailrace", "session_hours_max": 168, "token_days_max": None}
    assert entry.after == {"name": "Zürich ☂", "session_hours_max": 168, "token_days_max": 90}


def test_a_change_that_changes_nothing_is_not_noted(control: Control) -> None:
    before = read_workspace(control.config).version

    same = control.settings.change(SettingsChange(name="Tailrace"), version=1, actor="owner")

    assert same.version == 1
    assert read_workspace(control.config).version == before


def test_settings_of_another_version_stay(control: Control) -> None:
    control.settings.change(SettingsChange(name="one"), version=1, actor="owner")

    with pytest.raises(ChangeError, match="they have version 2") as caught:
        control.settings.change(SettingsChange(name="two"), version=1, actor="owner")

    assert caught.value.reason == "outdated"
    assert control.settings.get().state.name == "one"


def test_settings_of_a_later_version_are_read_as_far_as_they_are_known(control: Control) -> None:
    with control.changes.change(actor="test") as change:
        change.session.scalars(select(WorkspaceRow)).one().settings = {"name": "x", "colour": "red"}

    assert control.settings.get().state == Settings(name="x")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "a" * 101},
        {"name": "a\n"},
        {"name": "a\x00"},
        {"name": None},
        {"session_hours_max": 0},
        {"session_hours_max": 8761},
        {"session_hours_max": None},
        {"session_hours_max": 1.5},
        {"token_days_max": 0},
        {"token_days_max": 3651},
        {"colour": "red"},
    ],
)
def test_a_setting_out_of_its_bounds_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match=next(iter(fields))):
        msgspec.convert(fields, SettingsChange)


# --- The audit log ------------------------------------------------------------------------------

DAY = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture
def noted(control: Control) -> Control:
    """Give a workspace with four changes, a day apart, beside the one of its first start."""
    noted = [
        ("ada", "source.create", "sources/web"),
        ("bob", "source.update", "sources/web"),
        ("ada", "write-key.create", "sources/web/write-keys/1"),
        ("ada", "sources.create", "elsewhere"),
    ]
    for days, (actor, action, resource) in enumerate(noted):
        with control.changes.change(actor=actor) as change:
            change.at = DAY + timedelta(days=days)
            change.note(action, resource)
    return control


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (WantedEntries(actor="bob"), [1]),
        (WantedEntries(actor="bo"), []),
        (WantedEntries(actor="ada", action="source.create"), [0]),
        (WantedEntries(action="source."), [0, 1]),
        (WantedEntries(action="source"), []),
        (WantedEntries(action="%."), []),
        (WantedEntries(resource="sources/web"), [0, 1, 2]),
        (WantedEntries(resource="sources/web", action="write-key."), [2]),
        (WantedEntries(since=DAY + timedelta(days=1), actor="ada"), [2, 3]),
        (WantedEntries(until=DAY + timedelta(days=1)), [0]),
        (WantedEntries(since=DAY, until=DAY + timedelta(days=2)), [0, 1]),
    ],
)
def test_the_audit_log_is_filtered(noted: Control, wanted: WantedEntries, found: list[int]) -> None:
    entries = [entry for entry in reversed(noted.entries(wanted)) if entry.actor != "start"]

    assert [(entry.at - DAY).days for entry in entries] == found
