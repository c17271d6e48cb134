"""What members and invites promise, over SQLite and PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select, update

from migrated import put_tables
from postgres import Cluster, running_cluster
from tailrace.config import Config, ControlConfig, Secret, Source, token_hash
from tailrace.control.changes import Changes, utc_now
from tailrace.control.database import open_engine
from tailrace.control.invites import (
    OPEN_MAX,
    InviteDraft,
    Invites,
    NewInvite,
    accept_invite_in,
    open_invite_for,
)
from tailrace.control.members import Members, by_email, by_oidc, link_oidc_in
from tailrace.control.models import ApiTokenRow, AuditRow, Base, InviteRow, MemberRow, SessionRow
from tailrace.control.people import MemberChange, MemberDraft, MemberState, WantedMembers
from tailrace.control.permissions import PERMISSIONS_OF, ROLES, Principal, Role
from tailrace.control.prepare import prepare
from tailrace.control.sessions import Sessions
from tailrace.control.shapes import SourceDraft
from tailrace.control.sources import Sources
from tailrace.control.start import read_workspace
from tailrace.errors import ChangeError

KEPT = "$argon2id$what-is-kept-of-a-password"
NOBODY = f"mem_{'0' * 24}"


def principal(role: Role, *, member_id: str | None = None, actor: str = "") -> Principal:
    return Principal(
        actor=actor or f"{role}@example.com",
        role=role,
        permissions=PERMISSIONS_OF[role],
        member_id=member_id,
    )


OWNER = principal("owner", actor="owner")
ADMIN = principal("admin")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


class Control:
    """A prepared workspace with the sources `shop`, `app` and, of the file, `filed`."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.changes = Changes(open_engine(config))
        self.sources = Sources(config, self.changes, None)
        self.members = Members(self.changes, self.sources)
        self.sessions = Sessions(self.changes)
        self.invites = Invites(self.changes, self.members, self.sessions)

    def member(self, email: str, role: Role = "viewer", **fields: object) -> MemberState:
        draft = MemberDraft(email=email, role=role, **fields)  # type: ignore[arg-type]
        return self.members.create(draft, by=OWNER).state

    def invite(self, email: str = "ada@example.com", role: Role = "viewer") -> NewInvite:
        return self.invites.create(InviteDraft(email=email, role=role), by=OWNER)

    def accept(self, token: str, *, name: str = "") -> str:
        return self.invites.accept(
            token, name=name, password_hash=KEPT, address="192.0.2.7", user_agent="test"
        )

    def emails(
        self, wanted: WantedMembers | None = None, *, after: str = "", limit: int = 100
    ) -> list[str]:
        found = self.members.page(wanted or WantedMembers(), after=after, limit=limit)
        return [state.email for state in found]

    def states(self) -> dict[str, str]:
        return {each.email: each.state for each in self.invites.page(before_id=None, limit=100)}

    def sign_in(self, *, member_id: str | None = None, token_id: str | None = None) -> None:
        with self.changes.unnoted() as session:
            self.sessions.open_in(
                session,
                member_id=member_id,
                token_id=token_id,
                address="192.0.2.7",
                user_agent="test",
            )

    def token(self, member_id: str) -> str:
        """Return the id of a new API token of the member."""
        token_id = f"tok_of_{member_id}"[:40]
        with self.changes.unnoted() as session:
            session.add(
                ApiTokenRow(
                    id=token_id,
                    name="script",
                    token_hash=token_hash(token_id),
                    hint="trt_1234",
                    permissions=["account"],
                    member_id=member_id,
                    created_by="x",
                    created_at=utc_now(),
                )
            )
        return token_id

    def expire(self, email: str) -> None:
        """Let the link of an e-mail run out."""
        with self.changes.unnoted() as session:
            past = utc_now() - timedelta(seconds=1)
            session.execute(
                update(InviteRow).where(InviteRow.email == email).values(expires_at=past)
            )

    def audit(self, *, after: int = 0) -> list[AuditRow]:
        with self.changes.read() as session:
            rows = session.scalars(
                select(AuditRow).where(AuditRow.id > after).order_by(AuditRow.id)
            )
            return list(rows)

    def count(self, row: type[Base]) -> int:
        with self.changes.read() as session:
            return len(session.scalars(select(row)).all())

    def is_good(self, token: str) -> bool:
        found = []
        with suppress(ChangeError):
            found.append(self.invites.show(token))
        return found != []


@pytest.fixture(params=["sqlite", "postgresql"])
def control(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Control]:
    dsn = None
    if request.param == "postgresql":
        dsn = Secret(request.getfixturevalue("cluster").migrated_database())
    config = Config(
        data_dir=tmp_path / "data",
        control=ControlConfig(dsn=dsn),
        given_write_key="first-write-key",
        first_source=Source(slug="shop", write_keys=("first-write-key",)),
        sources=(Source(slug="filed", write_keys=("filed-write-key",)),),
    )
    put_tables(config)
    prepare(config)
    control = Control(config)
    control.sources.create(SourceDraft(slug="app"), actor="owner")
    yield control
    control.changes.close()


def refused(attempt: Callable[[], object]) -> tuple[str, str]:
    """Return why an attempt was refused, and the field that was wrong."""
    with pytest.raises(ChangeError) as refusal:
        attempt()
    return refusal.value.reason, refusal.value.field


def at_once(attempts: list[Callable[[], object]]) -> list[str]:
    """Return what became of attempts at the same moment: `done`, or why not."""
    results: list[str] = []
    start = threading.Barrier(len(attempts))

    def run(attempt: Callable[[], object]) -> None:
        start.wait(10)
        try:
            attempt()
            results.append("done")
        except ChangeError as error:
            results.append(error.reason)

    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


# --- Members ------------------------------------------------------------------------------------


def test_a_member_comes_back_as_they_were_made(control: Control) -> None:
    made = control.members.create(
        MemberDraft(email=" Ada@Example.COM ", name="Ada", role="source-only", sources=["shop"]),
        by=OWNER,
    )

    assert control.members.get(made.state.id) == made
    assert made.version == 1
    assert made.state == MemberState(
        id=made.state.id,
        email="ada@example.com",
        name="Ada",
        role="source-only",
        sources=["shop"],
        has_password=False,
        oidc=False,
        created_at=made.state.created_at,
        updated_at=made.state.created_at,
        signed_in_at=None,
    )


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "@x",
        "ada@",
        "a@b@c",
        "a b@c",
        "a@b\x00",
        "a@b\nc",
        "a\u200bb@c",
        f"a@{'b' * 253}",
    ],
)
def test_what_is_no_email_is_refused(email: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="email"):
        msgspec.convert({"email": email, "role": "viewer"}, MemberDraft)


def test_an_email_that_grows_in_lower_case_is_refused(control: Control) -> None:
    draft = InviteDraft(email=f"{'İ' * 200}@example.com", role="viewer")

    assert refused(lambda: control.invites.create(draft, by=OWNER)) == ("invalid", "email")


def test_an_email_is_one_members_in_whatever_case(control: Control) -> None:
    control.member("ada@example.com")

    assert refused(lambda: control.member("ADA@example.com")) == ("conflict", "email")
    with control.changes.read() as session:
        found = by_email(session, " Ada@Example.com")
    assert found is not None


def test_members_come_in_pages_in_order_of_their_emails(control: Control) -> None:
    emails = ["b-b@x", "b.b@x", "bb@x", "a@x", "é@x", "z@x", "b_b@x"]
    for email in emails:
        control.member(email)

    pages: list[list[str]] = [control.emails(limit=2)]
    while pages[-1]:
        pages.append(control.emails(limit=2, after=pages[-1][-1]))

    assert [email for page in pages for email in page] == sorted(emails)


def test_members_are_chosen_by_role_and_text(control: Control) -> None:
    control.member("ada@example.com", "admin", name="Lovelace")
    control.member("bob_100%@example.com")

    assert control.emails(WantedMembers(role="admin")) == ["ada@example.com"]
    assert control.emails(WantedMembers(text="LOVE")) == ["ada@example.com"]
    assert control.emails(WantedMembers(text="0%")) == ["bob_100%@example.com"]
    assert control.emails(WantedMembers(role="admin", text="bob")) == []


@pytest.mark.parametrize("member_id", ["", "none", "\x00", "ü" * 100, NOBODY, NOBODY + "\n"])
def test_who_is_no_member_is_not_found(control: Control, member_id: str) -> None:
    for attempt in (
        lambda: control.members.get(member_id),
        lambda: control.members.change(member_id, MemberChange(), version=None, by=OWNER),
        lambda: control.members.delete(member_id, version=None, by=OWNER),
        lambda: control.members.sign_out(member_id, by=OWNER),
        lambda: control.invites.reset_link(member_id, by=OWNER),
    ):
        assert refused(attempt) == ("not-found", "")


def test_a_change_leaves_out_what_it_does_not_name(control: Control) -> None:
    ada = control.member("ada@example.com", "source-only", name="Ada", sources=["shop"])

    changed = control.members.change(ada.id, MemberChange(name="Lovelace"), version=1, by=ADMIN)

    assert changed.version == 2
    assert (changed.state.role, changed.state.sources) == ("source-only", ["shop"])
    assert (changed.state.name, control.members.get(ada.id)) == ("Lovelace", changed)


def test_a_change_to_what_is_there_already_is_none(control: Control) -> None:
    ada = control.member("ada@example.com", name="Ada")
    version = read_workspace(control.config).version

    same = control.members.change(
        ada.id, MemberChange(name="Ada", role="viewer"), version=1, by=ADMIN
    )

    assert same.version == 1
    assert read_workspace(control.config).version == version


def test_an_outdated_change_or_removal_is_refused(control: Control) -> None:
    ada = control.member("ada@example.com")
    control.members.change(ada.id, MemberChange(name="a"), version=1, by=ADMIN)

    for attempt in (
        lambda: control.members.change(ada.id, MemberChange(name="b"), version=1, by=ADMIN),
        lambda: control.members.delete(ada.id, version=1, by=ADMIN),
    ):
        assert refused(attempt)[0] == "outdated"
    assert control.members.get(ada.id).state.name == "a"


def test_of_many_changes_of_one_version_one_succeeds(control: Control) -> None:
    ada = control.member("ada@example.com")

    def attempt(number: int) -> Callable[[], object]:
        wanted = MemberChange(name=str(number))
        return lambda: control.members.change(ada.id, wanted, version=1, by=ADMIN)

    assert at_once([attempt(number) for number in range(4)]) == ["done", *["outdated"] * 3]


# --- Sources of the role source-only ------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "sources"),
    [
        ("source-only", None),
        ("source-only", ["none"]),
        ("source-only", ["shop", "gone"]),
        ("viewer", ["shop"]),
        ("owner", ["shop"]),
    ],
)
def test_sources_that_do_not_fit_the_role_are_refused(
    control: Control, role: Role, sources: list[str] | None
) -> None:
    control.sources.create(SourceDraft(slug="gone"), actor="owner")
    control.sources.delete("gone", version=None, actor="owner")
    invite = InviteDraft(email="a@x", role=role, sources=sources)
    draft = MemberDraft(email="a@x", role=role, sources=sources)
    other = control.member("b@x", "editor")
    change = MemberChange(role=role, sources=sources)

    for attempt in (
        lambda: control.invites.create(invite, by=OWNER),
        lambda: control.members.create(draft, by=OWNER),
        lambda: control.members.change(other.id, change, version=None, by=OWNER),
    ):
        assert refused(attempt) == ("invalid", "sources")
    assert control.members.get(other.id).state.role == "editor"


def test_sources_of_database_and_file_are_kept_once_in_order(control: Control) -> None:
    made = control.member("a@x", "source-only", sources=["shop", "filed", "app", "shop"])

    assert made.sources == ["app", "filed", "shop"]


def test_whoever_leaves_the_role_source_only_loses_its_sources(control: Control) -> None:
    ada = control.member("a@x", "source-only", sources=["shop"])

    left = control.members.change(ada.id, MemberChange(role="editor"), version=None, by=ADMIN)

    assert (left.state.role, left.state.sources) == ("editor", None)
    back = MemberChange(role="source-only")
    attempt = partial(control.members.change, ada.id, back, version=None, by=ADMIN)
    assert refused(attempt) == ("invalid", "sources")


def test_a_source_that_was_deleted_since_does_not_hinder_other_changes(control: Control) -> None:
    ada = control.member("a@x", "source-only", sources=["app", "shop"])
    control.sources.delete("app", version=None, actor="owner")

    changed = control.members.change(ada.id, MemberChange(name="Ada"), version=None, by=ADMIN)

    assert changed.state.sources == ["app", "shop"]


# --- Ranks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", ["owner", "admin"])
@pytest.mark.parametrize("role", ROLES)
def test_nobody_gives_a_role_above_their_own(control: Control, own: Role, role: Role) -> None:
    sources = ["shop"] if role == "source-only" else None
    by = principal(own)
    invite = InviteDraft(email="new@x", role=role, sources=sources)
    draft = MemberDraft(email="made@x", role=role, sources=sources)
    other = control.member("other@x", "editor")
    wanted = MemberChange(role=role, sources=sources)

    attempts: list[Callable[[], object]] = [
        lambda: control.invites.create(invite, by=by),
        lambda: control.members.create(draft, by=by),
        lambda: control.members.change(other.id, wanted, version=None, by=by),
    ]

    if ROLES.index(role) < ROLES.index(own):
        assert [refused(attempt) for attempt in attempts] == [("not-allowed", "role")] * 3
        assert control.emails() == ["other@x"]
    else:
        for attempt in attempts:
            attempt()
        assert control.members.get(other.id).state.role == role


@pytest.mark.parametrize("own", ["owner", "admin"])
@pytest.mark.parametrize("role", ROLES)
def test_nobody_decides_about_members_above_them(control: Control, own: Role, role: Role) -> None:
    by = principal(own)
    control.member("first@x", "owner")
    other = control.member("a@x", role, sources=["shop"] if role == "source-only" else None)
    control.invites.create(
        InviteDraft(email="b@x", role=role, sources=other.sources), by=principal("owner")
    )
    [invite] = control.invites.page(before_id=None, limit=9)

    attempts: list[Callable[[], object]] = [
        lambda: control.invites.create(InviteDraft(email="b@x", role="viewer"), by=by),
        lambda: control.members.change(other.id, MemberChange(name="x"), version=None, by=by),
        lambda: control.members.change(other.id, MemberChange(role="viewer"), version=None, by=by),
        lambda: control.members.sign_out(other.id, by=by),
        lambda: control.invites.reset_link(other.id, by=by),
        lambda: control.members.delete(other.id, version=None, by=by),
    ]

    if ROLES.index(role) < ROLES.index(own):
        attempts.append(lambda: control.invites.revoke(invite.id, by=by))
        assert {refused(attempt) for attempt in attempts} == {("not-allowed", "role")}
        assert control.members.get(other.id).state == other
        assert control.states() == {"b@x": "open"}
    else:
        for attempt in attempts:
            attempt()
        assert control.emails() == ["first@x"]


def test_a_token_gives_no_role_with_permissions_that_it_lacks(control: Control) -> None:
    """Else whoever holds it could invite themselves to what it may not do."""
    other = control.member("a@x", "viewer")
    by = Principal(
        actor="token provisioning (ada@x)",
        role="owner",
        permissions=frozenset({"members:read", "members:write"}),
        token_id="tok_x",
    )

    for attempt in (
        lambda: control.invites.create(InviteDraft(email="b@x", role="viewer"), by=by),
        lambda: control.invites.reset_link(other.id, by=by),
        lambda: control.members.change(other.id, MemberChange(role="admin"), version=None, by=by),
    ):
        assert refused(attempt) == ("not-allowed", "role")
    control.members.change(other.id, MemberChange(name="x"), version=None, by=by)
    control.members.delete(other.id, version=None, by=by)
    assert control.emails() == []


def test_the_last_owner_is_neither_removed_nor_demoted(control: Control) -> None:
    ada = control.member("ada@x", "owner")
    bob = control.member("bob@x", "owner")

    control.members.change(bob.id, MemberChange(role="admin"), version=None, by=OWNER)

    for attempt in (
        lambda: control.members.delete(ada.id, version=None, by=OWNER),
        lambda: control.members.change(ada.id, MemberChange(role="admin"), version=None, by=OWNER),
    ):
        assert refused(attempt)[0] == "conflict"
    assert control.members.get(ada.id).state.role == "owner"


def test_two_owners_who_remove_or_demote_each_other_at_once_leave_one(control: Control) -> None:
    ada = control.member("ada@x", "owner")
    bob = control.member("bob@x", "owner")
    by_ada = principal("owner", member_id=ada.id, actor="ada@x")
    by_bob = principal("owner", member_id=bob.id, actor="bob@x")

    results = at_once(
        [
            lambda: control.members.delete(bob.id, version=None, by=by_ada),
            lambda: control.members.change(
                ada.id, MemberChange(role="viewer"), version=None, by=by_bob
            ),
        ]
    )

    assert results == ["conflict", "done"]
    assert len(control.emails(WantedMembers(role="owner"))) == 1


def test_nobody_removes_themselves(control: Control) -> None:
    ada = control.member("ada@x", "admin")
    by = principal("admin", member_id=ada.id)

    reason, _ = refused(lambda: control.members.delete(ada.id, version=None, by=by))

    assert reason == "conflict"
    assert control.emails() == ["ada@x"]


# --- Removing and signing out -------------------------------------------------------------------


def test_with_a_member_go_sessions_tokens_and_reset_links_but_no_history(control: Control) -> None:
    ada, bob = control.member("ada@x"), control.member("bob@x")
    for member in (ada, bob):
        control.sign_in(member_id=member.id)
        control.sign_in(token_id=control.token(member.id))
    link = control.invites.reset_link(ada.id, by=ADMIN)

    control.members.delete(ada.id, version=1, by=ADMIN)

    assert control.count(SessionRow) == 2
    assert control.count(ApiTokenRow) == 1
    assert not control.is_good(link.token)
    actions = [row.action for row in control.audit() if row.resource == f"members/{ada.id}"]
    assert actions == ["member.create", "member.reset-link", "member.delete"]


def test_removing_or_demoting_somebody_revokes_the_links_that_they_made(control: Control) -> None:
    ada = control.member("ada@x", "admin")
    other = control.member("other@x")
    by_ada = principal("admin", member_id=ada.id, actor="ada@x")
    by_token = principal("admin", member_id=ada.id, actor="token ci (ada@x)")

    def links() -> list[str]:
        invite = InviteDraft(email="new@x", role="admin")
        second = InviteDraft(email="newer@x", role="viewer")
        return [
            control.invites.create(invite, by=by_ada).token,
            control.invites.create(second, by=by_token).token,
            control.invites.reset_link(other.id, by=by_ada).token,
        ]

    kept = control.invites.create(
        InviteDraft(email="third@x", role="viewer"), by=principal("admin", actor="not-ada@x")
    )
    first = links()
    control.members.change(ada.id, MemberChange(name="Ada"), version=None, by=OWNER)
    assert all(control.is_good(token) for token in first)
    control.members.change(ada.id, MemberChange(role="viewer"), version=None, by=OWNER)
    assert not any(control.is_good(token) for token in first)
    second = links()
    control.members.delete(ada.id, version=None, by=OWNER)
    assert not any(control.is_good(token) for token in second)
    assert control.is_good(kept.token)


def test_signing_a_member_out_ends_all_their_sessions_and_nobody_elses(control: Control) -> None:
    ada, bob = control.member("ada@x"), control.member("bob@x")
    for member in (ada, bob):
        control.sign_in(member_id=member.id)
        control.sign_in(token_id=control.token(member.id))

    control.members.sign_out(ada.id, by=ADMIN)

    assert control.count(SessionRow) == 2
    assert control.audit()[-1].action == "member.sign-out"


def test_the_email_of_a_removed_member_is_free_within_the_same_change(control: Control) -> None:
    ada = control.member("ada@x", "owner")
    draft = MemberDraft(email="ada@x", role="viewer")

    with control.changes.change(actor="owner") as change:
        bob = control.members.create_in(change, MemberDraft(email="bob@x", role="admin"), by=OWNER)
        wanted = MemberChange(role="owner")
        control.members.change_in(change, bob.state.id, wanted, version=1, by=OWNER)
        control.members.delete_in(change, ada.id, version=None, by=OWNER)
        made = control.members.create_in(change, draft, by=OWNER)

    assert made.state.id != ada.id
    assert control.emails() == ["ada@x", "bob@x"]


# --- Invites ------------------------------------------------------------------------------------


def test_who_accepts_an_invite_becomes_a_member_and_is_signed_in(control: Control) -> None:
    made = control.invites.create(
        InviteDraft(email="Ada@x", role="source-only", sources=["shop"]), by=ADMIN
    )
    assert timedelta(days=7) - (made.state.expires_at - utc_now()) < timedelta(minutes=1)
    assert (made.state.email, made.state.created_by) == ("ada@x", "admin@example.com")

    cookie = control.accept(made.token, name="Ada")

    [ada] = control.members.page(WantedMembers(), after="", limit=9)
    assert (ada.email, ada.name, ada.role, ada.sources) == ("ada@x", "Ada", "source-only", ["shop"])
    assert ada.has_password
    assert ada.signed_in_at is not None
    with control.changes.read() as session:
        assert session.scalars(select(SessionRow)).one().hash == token_hash(cookie)
    assert control.states() == {"ada@x": "used"}


def test_a_link_is_good_once(control: Control) -> None:
    made = control.invite()
    control.accept(made.token)

    for attempt in (
        lambda: control.accept(made.token),
        lambda: control.invites.show(made.token),
        lambda: control.invites.check(made.token, name="", password="x"),
    ):
        assert refused(attempt) == ("not-found", "token")


def test_of_those_who_accept_one_invite_at_once_one_becomes_a_member(control: Control) -> None:
    made = control.invite()

    results = at_once([lambda: control.accept(made.token)] * 4)

    assert results == ["done", *["not-found"] * 3]
    assert (control.count(MemberRow), control.count(SessionRow)) == (1, 1)


@pytest.mark.parametrize("token", ["", "tri_", "tri_" + "x" * 43, "\x00", "ü"])
def test_a_token_that_never_was_leads_nowhere(control: Control, token: str) -> None:
    control.invite()

    assert not control.is_good(token)
    assert refused(lambda: control.accept(token)) == ("not-found", "token")


def test_a_link_that_expired_or_was_revoked_leads_nowhere(control: Control) -> None:
    expired, revoked = control.invite("ada@x"), control.invite("bob@x")
    control.expire("ada@x")
    control.invites.revoke(revoked.state.id, by=ADMIN)

    for made in (expired, revoked):
        assert not control.is_good(made.token)
        assert refused(partial(control.accept, made.token))[0] == "not-found"
    assert control.states() == {"ada@x": "expired", "bob@x": "revoked"}
    assert control.count(MemberRow) == 0


def test_a_link_says_what_it_leads_to(control: Control) -> None:
    ada = control.member("ada@x", "editor")
    with control.changes.change(actor="owner") as change:
        change.workspace.settings = {"name": "Shop"}

    invite = control.invites.show(control.invite("bob@x", "admin").token)
    reset = control.invites.show(control.invites.reset_link(ada.id, by=ADMIN).token)

    assert msgspec.to_builtins(invite) == {
        "email": "bob@x",
        "role": "admin",
        "workspace": "Shop",
        "is_reset": False,
    }
    assert (reset.email, reset.role, reset.is_reset) == ("ada@x", "editor", True)


def test_a_new_invite_of_an_email_revokes_the_older_one(control: Control) -> None:
    older, newer = control.invite("ada@x"), control.invite("ADA@x")

    assert not control.is_good(older.token)
    assert control.is_good(newer.token)
    assert [row.action for row in control.audit()][-3:] == [
        "invite.create",
        "invite.revoke",
        "invite.create",
    ]


def test_a_member_is_not_invited_and_who_becomes_one_needs_no_invite(control: Control) -> None:
    made = control.invite("ada@x")
    control.member("ada@x")

    assert refused(lambda: control.invite("ADA@x")) == ("conflict", "email")
    assert not control.is_good(made.token)


def test_a_used_invite_cannot_be_revoked_and_a_revoked_one_stays_so(control: Control) -> None:
    used, revoked = control.invite("ada@x"), control.invite("bob@x")
    control.accept(used.token)
    control.invites.revoke(revoked.state.id, by=ADMIN)
    version = read_workspace(control.config).version

    control.invites.revoke(revoked.state.id, by=ADMIN)

    assert refused(lambda: control.invites.revoke(used.state.id, by=ADMIN))[0] == "conflict"
    assert read_workspace(control.config).version == version


@pytest.mark.parametrize("invite_id", [0, -1, 999, 2**31, 2**70])
def test_what_is_no_invite_is_not_found(control: Control, invite_id: int) -> None:
    assert refused(lambda: control.invites.revoke(invite_id, by=ADMIN)) == ("not-found", "")


def test_invites_come_in_pages_the_newest_first_without_reset_links(control: Control) -> None:
    emails = [f"{number}@x" for number in range(5)]
    for email in emails:
        control.invite(email)
    ada = control.member("ada@x")
    control.invites.reset_link(ada.id, by=ADMIN)

    found: list[str] = []
    before_id: int | None = None
    while page := control.invites.page(before_id=before_id, limit=2):
        found += [each.email for each in page]
        before_id = page[-1].id

    assert found == emails[::-1]


def test_invites_are_forgotten_after_30_days(control: Control) -> None:
    control.invite("old@x")
    with control.changes.unnoted() as session:
        session.execute(update(InviteRow).values(created_at=utc_now() - timedelta(days=30)))
    assert control.states() == {}

    control.invite("new@x")

    assert control.count(InviteRow) == 1


def test_there_are_only_so_many_open_invites(control: Control) -> None:
    now = utc_now()
    with control.changes.unnoted() as session:
        session.add_all(
            InviteRow(
                email=f"{number}@x",
                role="viewer",
                token_hash=token_hash(str(number)),
                created_by="owner",
                created_at=now,
                expires_at=now + timedelta(days=1),
            )
            for number in range(OPEN_MAX)
        )

    assert refused(lambda: control.invite("one-more@x"))[0] == "conflict"
    control.expire("7@x")
    control.invite("one-more@x")
    assert control.states()["one-more@x"] == "open"


def test_a_token_of_a_link_stands_nowhere_in_the_database(control: Control) -> None:
    ada = control.member("ada@x")
    invite, reset = control.invite("bob@x"), control.invites.reset_link(ada.id, by=ADMIN)
    control.accept(invite.token)

    with control.changes.read() as session:
        found = [
            str(tuple(row))
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
        ]

    kept = [invite.token, reset.token, KEPT]
    assert [sum(token in row for row in found) for token in kept] == [0, 0, 1]
    audit = [str((row.before, row.after)) for row in control.audit()]
    hashes = [token_hash(invite.token), token_hash(reset.token), KEPT]
    assert [entry for entry in audit if any(each in entry for each in hashes)] == []


def test_each_change_of_people_is_in_the_audit_log_with_who_made_it(control: Control) -> None:
    start = control.audit()[-1].id
    made = control.invites.create(InviteDraft(email="ada@x", role="editor"), by=ADMIN)
    control.accept(made.token, name="Ada")
    [ada] = control.members.page(WantedMembers(), after="", limit=9)
    control.members.change(ada.id, MemberChange(role="viewer"), version=None, by=OWNER)
    reset = control.invites.reset_link(ada.id, by=ADMIN)
    control.accept(reset.token)
    control.members.delete(ada.id, version=None, by=OWNER)

    entries = control.audit(after=start)

    assert [(row.actor, row.action, row.resource) for row in entries] == [
        ("admin@example.com", "invite.create", f"invites/{made.state.id}"),
        ("ada@x", "member.create", f"members/{ada.id}"),
        ("ada@x", "invite.accept", f"invites/{made.state.id}"),
        ("owner", "member.update", f"members/{ada.id}"),
        ("admin@example.com", "member.reset-link", f"members/{ada.id}"),
        ("ada@x", "invite.accept", f"members/{ada.id}"),
        ("owner", "member.delete", f"members/{ada.id}"),
    ]
    update = entries[3]
    state = {"email": "ada@x", "name": "Ada", "role": "editor", "sources": None}
    assert (update.before, update.after) == (state, {**state, "role": "viewer"})
    assert entries[5].after == {"email": "ada@x", "password_changed": True}


def test_the_longest_email_may_be_that_of_whoever_acts(control: Control) -> None:
    email = f"{'a' * 242}@example.com"
    control.accept(control.invite(email, "owner").token)
    [ada] = control.members.page(WantedMembers(), after="", limit=9)
    by = principal("owner", member_id=ada.id, actor=email)

    made = control.invites.create(InviteDraft(email="bob@x", role="viewer"), by=by)

    assert email.startswith(made.state.created_by)
    control.member("carol@x", "owner")
    control.members.delete(ada.id, version=None, by=OWNER)
    assert not control.is_good(made.token)


# --- Links to set a password --------------------------------------------------------------------


def test_a_reset_link_sets_the_password_and_ends_the_sessions_that_there_were(
    control: Control,
) -> None:
    ada, bob = control.member("ada@x"), control.member("bob@x")
    control.sign_in(member_id=ada.id)
    control.sign_in(token_id=control.token(ada.id))
    control.sign_in(member_id=bob.id)
    link = control.invites.reset_link(ada.id, by=ADMIN)
    assert timedelta(hours=24) - (link.expires_at - utc_now()) < timedelta(minutes=1)

    cookie = control.accept(link.token, name="Somebody else")

    state, version = control.members.get(ada.id)
    assert (state.has_password, state.name, version) == (True, "", 2)
    with control.changes.read() as session:
        hashes = session.scalars(select(SessionRow.hash).where(SessionRow.member_id == ada.id))
        assert list(hashes) == [token_hash(cookie)]
    assert control.count(SessionRow) == 2
    assert not control.is_good(link.token)


def test_a_new_reset_link_revokes_the_older_one(control: Control) -> None:
    ada, bob = control.member("ada@x"), control.member("bob@x")
    of_bob = control.invites.reset_link(bob.id, by=ADMIN)

    older = control.invites.reset_link(ada.id, by=ADMIN)
    newer = control.invites.reset_link(ada.id, by=ADMIN)

    assert [control.is_good(each.token) for each in (older, newer, of_bob)] == [False, True, True]


def test_nobody_gets_round_the_current_password_by_a_link_for_themselves(control: Control) -> None:
    ada = control.member("ada@x", "admin")
    by = principal("admin", member_id=ada.id)
    control.accept(control.invites.reset_link(ada.id, by=by).token)

    assert refused(lambda: control.invites.reset_link(ada.id, by=by))[0] == "conflict"


@pytest.mark.parametrize("password", ["short", "password123", "ada@example.com", "Ada Lovelace"])
def test_a_weak_password_is_refused_and_the_link_stays_good(
    control: Control, password: str
) -> None:
    ada = control.member("ada@example.com", name="Ada Lovelace")
    reset = control.invites.reset_link(ada.id, by=ADMIN)

    reason, field = refused(lambda: control.invites.check(reset.token, name="", password=password))

    assert (reason, field) == ("invalid", "password")
    control.invites.check(reset.token, name="", password="a good one of Ada's")


# --- What an OpenID provider's word does --------------------------------------------------------


def test_a_member_is_found_by_the_providers_word_once_linked(control: Control) -> None:
    ada = control.member("ada@x")

    with control.changes.change(actor="ada@x") as change:
        link_oidc_in(change, ada.id, "https://id.example.com", "s-1")
        link_oidc_in(change, ada.id, "https://id.example.com", "s-1")

    with control.changes.read() as session:
        found = by_oidc(session, "https://id.example.com", "s-1")
        assert found is not None
        assert found.id == ada.id
        assert by_oidc(session, "https://id.example.com", "s-2") is None
        assert by_oidc(session, "https://other.example.com", "s-1") is None
    assert control.members.get(ada.id).state.oidc
    assert [row.after for row in control.audit()][-1] == {"oidc": True}


def test_one_account_of_a_provider_is_one_member(control: Control) -> None:
    ada, bob = control.member("ada@x"), control.member("bob@x")
    with control.changes.change(actor="ada@x") as change:
        link_oidc_in(change, ada.id, "https://id.example.com", "s-1")

    for member, subject in ((bob, "s-1"), (ada, "s-2")):
        with pytest.raises(ChangeError) as refusal, control.changes.change(actor="x") as change:
            link_oidc_in(change, member.id, "https://id.example.com", subject)
        assert refusal.value.reason == "conflict"
    assert not control.members.get(bob.id).state.oidc


def test_an_open_invite_is_found_by_email_and_accepted_without_a_password(
    control: Control,
) -> None:
    control.invite("ada@x", "editor")
    control.invite("late@x")
    control.expire("late@x")

    with control.changes.change(actor="ada@x") as change:
        assert open_invite_for(change.session, "late@x") is None
        invite = open_invite_for(change.session, "ADA@x")
        assert invite is not None
        member = accept_invite_in(change, invite.id, name="Ada")
        ada_id = member.id

    state = control.members.get(ada_id).state
    assert (state.email, state.name, state.role) == ("ada@x", "Ada", "editor")
    assert not state.has_password
    assert control.states()["ada@x"] == "used"


def test_a_reset_link_is_no_invite_and_takes_no_password_away(control: Control) -> None:
    ada = control.member("ada@x")
    control.accept(control.invites.reset_link(ada.id, by=ADMIN).token)
    control.invites.reset_link(ada.id, by=ADMIN)

    with control.changes.change(actor="ada@x") as change:
        assert open_invite_for(change.session, "ada@x") is None
        found = change.session.scalars(
            select(InviteRow.id).where(InviteRow.used_at.is_(None))
        ).one()
        assert refused(lambda: accept_invite_in(change, found))[0] == "not-found"

    assert control.members.get(ada.id).state.has_password
