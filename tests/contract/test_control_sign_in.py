"""What signing in promises, over SQLite and PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from msgspec.structs import replace
from sqlalchemy import func, select, text

from migrated import put_tables
from postgres import Cluster, running_cluster
from tailrace.app.access import COOKIE, Access
from tailrace.app.known import AWAY_S_MAX
from tailrace.app.problems import ProblemError
from tailrace.app.signing import EMAIL_WINDOW_S, FAILURES_MAX, FAILURES_WINDOW_S, Signing
from tailrace.app.workers import Workers
from tailrace.config import Config, ControlConfig, FirstOwner, Secret, token_hash
from tailrace.control import ensure_workspace, read_first_owner, read_workspace
from tailrace.control.accounts import Accounts
from tailrace.control.changes import Changes
from tailrace.control.credentials import Credentials
from tailrace.control.database import open_engine
from tailrace.control.link import database_path
from tailrace.control.models import ApiTokenRow, AuditRow, MemberRow, SessionRow
from tailrace.control.passwords import hash_password, is_outdated
from tailrace.control.permissions import PERMISSIONS, PERMISSIONS_OF, Permission, Principal
from tailrace.control.prepare import prepare
from tailrace.control.sessions import (
    SESSIONS_MAX,
    SESSIONS_PER_MEMBER_MAX,
    Sessions,
    session_hash,
)
from tailrace.errors import ChangeError, TransientError

EMAIL = "ada@example.com"
PASSWORD = "planted horse battery"
NEW_PASSWORD = "planted zebra battery"
KEPT = hash_password(PASSWORD)
OWNER_TOKEN = "trt_of-the-first-owner"
ADDRESS = "10.0.0.1"
AGENT = "Browser/1.0"
TWO_SECONDS = 2.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """Give the settings of an installation that was never started."""
    dsn = None
    if request.param == "postgresql":
        dsn = Secret(request.getfixturevalue("cluster").migrated_database())
    return Config(
        data_dir=tmp_path / "data",
        control=ControlConfig(dsn=dsn),
        api_token_hashes=(token_hash(OWNER_TOKEN),),
        first_owner=FirstOwner(email=EMAIL, password_hash=Secret(KEPT)),
    )


@pytest.fixture
def away(
    request: pytest.FixtureRequest, config: Config
) -> Callable[[], AbstractContextManager[None]]:
    """Give what takes the control database away for a while."""

    @contextmanager
    def is_away() -> Iterator[None]:
        if config.control.dsn is not None:
            cluster: Cluster = request.getfixturevalue("cluster")
            cluster.stop()
            try:
                yield
            finally:
                cluster.start()
            return
        path = database_path(config)
        aside = path.with_suffix(".aside")
        path.rename(aside)
        try:
            yield
        finally:
            aside.rename(path)

    return is_away


class Clock:
    """One moment for everything: the database's time and the monotonic one."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Server:
    """What an app server puts together to know who asks."""

    def __init__(
        self, config: Config, workers: Workers, clock: Clock, *, age_s_max: float | None = None
    ) -> None:
        self.changes = Changes(open_engine(config))
        self.sessions = Sessions(self.changes, age_s_max=age_s_max, now=clock.now)
        self.accounts = Accounts(self.changes, self.sessions, now=clock.now)
        hashes = config.api_token_hashes
        credentials = Credentials(self.changes, self.sessions, owner_hashes=hashes, now=clock.now)
        self.access = Access(
            token_hashes=hashes,
            local_token="trl_local",
            credentials=credentials,
            workers=workers,
            clock=clock.monotonic,
        )
        self.signing = Signing(
            token_hashes=hashes,
            accounts=self.accounts,
            credentials=credentials,
            sessions=self.sessions,
            deciding=workers,
            hashing=workers,
            clock=clock.monotonic,
        )

    async def sign_in(
        self, email: str = EMAIL, password: str = PASSWORD, *, address: str = ADDRESS
    ) -> str:
        return await self.signing.by_password(email, password, address=address, user_agent=AGENT)

    async def who(self, cookie: str = "", *, token: str = "") -> Principal:
        return await self.access.require(
            method="GET",
            headers={"authorization": f"Bearer {token}"} if token else {},
            cookies={COOKIE: cookie} if cookie else {},
            address=ADDRESS,
        )

    def add_member(self, email: str, role: str = "viewer", **fields: object) -> str:
        with self.changes.unnoted() as session:
            at = datetime(2026, 1, 1, tzinfo=UTC)
            row = MemberRow(
                id=f"mem_{email}",
                email=email,
                name="",
                role=role,
                version=1,
                created_at=at,
                updated_at=at,
                **fields,
            )
            session.add(row)
            return f"mem_{email}"

    def add_token(self, token: str, *permissions: Permission, **fields: object) -> None:
        with self.changes.unnoted() as session:
            session.add(
                ApiTokenRow(
                    **{
                        "id": f"tok_{token}",
                        "name": "ci",
                        "token_hash": token_hash(token),
                        "hint": token[:8],
                        "permissions": list(permissions),
                        "created_by": EMAIL,
                        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
                        **fields,
                    }
                )
            )

    def settings(self, **settings: object) -> None:
        with self.changes.change(actor="test") as change:
            change.workspace.settings = settings

    def audited(self) -> list[AuditRow]:
        """Return what was noted of members, the oldest first."""
        with self.changes.read() as session:
            of_members = AuditRow.resource.startswith("members/")
            rows = session.scalars(select(AuditRow).where(of_members).order_by(AuditRow.id))
            return list(rows)

    def count(self) -> int:
        with self.changes.read() as session:
            return session.scalar(select(func.count()).select_from(SessionRow)) or 0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    workers = Workers("deciding", threads=4, waiting_max=64)
    yield workers
    workers.close()


@pytest.fixture
def server(config: Config, workers: Workers, clock: Clock) -> Iterator[Server]:
    put_tables(config)
    prepare(config)
    server = Server(config, workers, clock)
    yield server
    server.changes.close()


@pytest.fixture
def another(config: Config, server: Server, workers: Workers, clock: Clock) -> Iterator[Server]:
    """Give another app server over the same database."""
    another = Server(config, workers, clock)
    yield another
    another.changes.close()


def refusal(error: pytest.ExceptionInfo[ProblemError]) -> tuple[int, str]:
    return error.value.kind.status, error.value.detail


# --- The first owner ----------------------------------------------------------------------------


def test_the_first_start_makes_an_owner_who_has_the_password(server: Server) -> None:
    [entry] = server.audited()

    assert (entry.actor, entry.action) == ("start", "member.create")
    assert entry.after == {"email": EMAIL, "role": "owner"}
    account = server.accounts.first_owner()
    assert account is not None
    assert (account.email, account.password_hash) == (EMAIL, KEPT)


def test_a_later_start_makes_no_other_owner(config: Config, server: Server) -> None:
    version = read_workspace(config).version
    later = replace(config, first_owner=FirstOwner(email="eve@example.com"))

    ensure_workspace(later)
    prepare(later)

    owner = read_first_owner(config)
    assert owner is not None
    assert owner.email == EMAIL
    assert server.accounts.by_email("eve@example.com") is None
    assert read_workspace(config).version == version


def test_an_upgrade_adds_an_owner_without_a_password_who_is_given_one(
    config: Config, workers: Workers, clock: Clock
) -> None:
    prepare(replace(config, first_owner=None))
    assert read_first_owner(config) is None

    ensure_workspace(replace(config, first_owner=FirstOwner(email=EMAIL)))

    server = Server(config, workers, clock)
    account = server.accounts.first_owner()
    assert account is not None
    assert account.password_hash is None
    server.accounts.set_password(account, KEPT, actor="local")
    owner = read_first_owner(config)
    assert owner is not None
    assert owner.password_hash == KEPT
    server.changes.close()


# --- By password --------------------------------------------------------------------------------


async def test_a_member_signs_in_in_whatever_case_the_address_is_written(server: Server) -> None:
    cookie = await server.sign_in(" Ada@Example.COM ")

    principal = await server.who(cookie)
    assert (principal.actor, principal.role) == (EMAIL, "owner")
    assert principal.permissions == PERMISSIONS
    assert principal.session_hash == session_hash(cookie)
    me = server.accounts.whoami(principal).member
    assert me is not None
    assert me.signed_in_at == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


async def test_no_answer_tells_whether_an_address_is_a_members(server: Server) -> None:
    server.add_member("no-password@example.com")

    said = set()
    for email in (EMAIL, "nobody@example.com", "no-password@example.com", "", "x" * 254):
        with pytest.raises(ProblemError) as error:
            await server.sign_in(email, "not the password")
        said.add(refusal(error))

    assert said == {(401, "the e-mail address or the password is not right")}


async def test_a_password_kept_with_weaker_parameters_is_kept_anew(server: Server) -> None:
    kept = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    server.add_member("old@example.com", password_hash=kept)

    await server.sign_in("old@example.com")

    account = server.accounts.by_email("old@example.com")
    assert account is not None
    assert account.password_hash is not None
    assert not is_outdated(account.password_hash)
    await server.sign_in("old@example.com")


async def test_each_sign_in_has_an_id_of_its_own_and_ends_the_one_before(server: Server) -> None:
    first = await server.sign_in()
    second = await server.signing.by_password(
        EMAIL, PASSWORD, address=ADDRESS, user_agent=AGENT, replaces=session_hash(first)
    )

    assert second != first
    server.access.drop(session_hash(first))
    assert not await server.access.is_signed_in(first)
    assert await server.access.is_signed_in(second)


async def test_the_database_holds_neither_ids_nor_passwords(config: Config, server: Server) -> None:
    cookie = await server.sign_in()

    with server.changes.read() as session:
        everything = "".join(
            str(session.execute(text(f"SELECT * FROM {table}")).all())
            for table in ("sessions", "members", "audit_log", "workspace")
        )
    assert session_hash(cookie) in everything
    assert cookie not in everything
    assert "planted" not in everything


# --- Too many tries -----------------------------------------------------------------------------


async def test_an_address_has_to_wait_after_ten_failures(server: Server, clock: Clock) -> None:
    for number in range(FAILURES_MAX):
        with pytest.raises(ProblemError) as error:
            await server.sign_in(f"{number}@example.com", "wrong")
        assert refusal(error)[0] == 401

    with pytest.raises(ProblemError) as error:
        await server.sign_in()
    assert refusal(error)[0] == 429
    assert error.value.retry_after_s == FAILURES_WINDOW_S
    await server.sign_in(address="10.0.0.2")

    clock.advance(FAILURES_WINDOW_S)
    await server.sign_in()


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
async def test_an_e_mail_has_to_wait_wherever_the_failures_came_from(
    server: Server, clock: Clock, email: str
) -> None:
    for number in range(FAILURES_MAX):
        with pytest.raises(ProblemError):
            await server.sign_in(email.upper(), "wrong", address=f"10.0.1.{number}")

    with pytest.raises(ProblemError) as error:
        await server.sign_in(email, address="10.0.2.1")
    assert refusal(error)[0] == 429
    assert error.value.retry_after_s == EMAIL_WINDOW_S

    clock.advance(EMAIL_WINDOW_S)
    await server.sign_in()


async def test_signing_in_well_is_no_failed_try(server: Server) -> None:
    cookies = {await server.sign_in() for _ in range(FAILURES_MAX + 2)}

    assert len(cookies) == FAILURES_MAX + 2


# --- One's own account --------------------------------------------------------------------------


async def test_a_new_password_ends_every_other_session(server: Server) -> None:
    old = [await server.sign_in() for _ in range(2)]
    principal = await server.who(old[0])

    new = await server.signing.change_password(
        principal, PASSWORD, NEW_PASSWORD, address=ADDRESS, user_agent=AGENT
    )

    server.access.forget()
    assert [await server.access.is_signed_in(each) for each in (*old, new)] == [False, False, True]
    await server.sign_in(password=NEW_PASSWORD)
    with pytest.raises(ProblemError):
        await server.sign_in()
    entry = server.audited()[-1]
    assert (entry.actor, entry.action) == (EMAIL, "member.password")
    assert entry.after == {"email": EMAIL}


async def test_a_password_is_changed_only_by_who_knows_it(server: Server, clock: Clock) -> None:
    principal = await server.who(await server.sign_in())

    for _ in range(FAILURES_MAX):
        with pytest.raises(ChangeError, match="current_password is not right"):
            await server.signing.change_password(
                principal, "wrong", NEW_PASSWORD, address=ADDRESS, user_agent=AGENT
            )
    with pytest.raises(ProblemError) as error:
        await server.signing.change_password(
            principal, PASSWORD, NEW_PASSWORD, address="10.0.0.9", user_agent=AGENT
        )

    assert refusal(error)[0] == 429
    clock.advance(EMAIL_WINDOW_S)
    await server.sign_in()


@pytest.mark.parametrize(("new", "why"), [("short", "5 characters"), (EMAIL, "e-mail")])
async def test_a_bad_new_password_is_refused(server: Server, new: str, why: str) -> None:
    principal = await server.who(await server.sign_in())

    with pytest.raises(ChangeError, match=why) as refused:
        await server.signing.change_password(
            principal, PASSWORD, new, address=ADDRESS, user_agent=AGENT
        )

    assert refused.value.field == "new_password"


async def test_the_first_owners_token_has_no_password(server: Server) -> None:
    with pytest.raises(ChangeError, match="only a member") as refused:
        await server.signing.change_password(
            await server.who(token=OWNER_TOKEN),
            PASSWORD,
            NEW_PASSWORD,
            address=ADDRESS,
            user_agent=AGENT,
        )

    assert refused.value.reason == "conflict"


async def test_sessions_are_listed_and_ended_one_by_one_or_all(server: Server) -> None:
    here, there = await server.sign_in(), await server.sign_in(address="10.0.0.2")
    server.add_member("eve@example.com", password_hash=KEPT)
    eves = await server.sign_in("eve@example.com")
    principal = await server.who(here)

    listed = {one.address: one for one in server.sessions.of(principal)}
    assert [(one.is_this, one.user_agent) for one in listed.values()].count((True, AGENT)) == 1
    assert set(listed) == {ADDRESS, "10.0.0.2"}
    assert all(one.ends_at - one.created_at == timedelta(hours=168) for one in listed.values())

    server.sessions.end_one(principal, listed["10.0.0.2"].id)
    for unknown in (session_hash(eves)[:12], "x", "%", "_" * 12, session_hash(there)):
        with pytest.raises(ChangeError, match="no session"):
            server.sessions.end_one(principal, unknown)
    server.access.forget()
    is_open = [await server.access.is_signed_in(each) for each in (here, there, eves)]
    assert is_open == [True, False, True]

    server.sessions.end_all(principal)
    server.access.forget()
    assert [await server.access.is_signed_in(each) for each in (here, eves)] == [False, True]


async def test_a_name_is_changed_and_noted(config: Config, server: Server) -> None:
    principal = await server.who(await server.sign_in())
    assert principal.member_id is not None
    before = read_workspace(config).version

    server.accounts.rename(principal.member_id, " Ada ", actor=principal.actor)

    me = server.accounts.whoami(principal).member
    assert me is not None
    assert me.name == "Ada"
    entry = server.audited()[-1]
    assert (entry.action, entry.before, entry.after) == (
        "member.update",
        {"name": ""},
        {"name": "Ada"},
    )
    assert read_workspace(config).version == before + 1


# --- How long a session lasts -------------------------------------------------------------------


async def test_a_session_ends_after_the_hours_of_the_settings(server: Server, clock: Clock) -> None:
    server.settings(session_hours_max=2)
    cookie = await server.sign_in()

    clock.advance(2 * 3_600 - 1)
    assert await server.access.is_signed_in(cookie)
    clock.advance(TWO_SECONDS)
    assert not await server.access.is_signed_in(cookie)


async def test_fewer_hours_hold_for_sessions_that_are_open(server: Server, clock: Clock) -> None:
    cookie = await server.sign_in()

    clock.advance(2 * 3_600)
    assert await server.access.is_signed_in(cookie)
    server.settings(session_hours_max=1)
    clock.advance(TWO_SECONDS)

    assert not await server.access.is_signed_in(cookie)


async def test_the_operator_bounds_the_hours_of_the_settings(
    config: Config, server: Server, workers: Workers, clock: Clock
) -> None:
    bounded = Server(config, workers, clock, age_s_max=60.0)
    cookie = await bounded.sign_in()

    clock.advance(59)
    assert await bounded.access.is_signed_in(cookie)
    clock.advance(TWO_SECONDS)
    assert not await bounded.access.is_signed_in(cookie)
    bounded.changes.close()


async def test_a_member_has_so_many_sessions_and_the_oldest_ends(
    server: Server, clock: Clock
) -> None:
    account = server.accounts.by_email(EMAIL)
    assert account is not None
    cookies = []
    for _ in range(SESSIONS_PER_MEMBER_MAX + 1):
        cookies.append(server.accounts.open_session(account, address=ADDRESS, user_agent=AGENT))
        clock.advance(1)

    assert not await server.access.is_signed_in(cookies[0])
    assert await server.access.is_signed_in(cookies[1])
    assert server.count() == SESSIONS_PER_MEMBER_MAX


async def test_all_together_have_so_many_sessions_and_ended_ones_are_removed(
    server: Server, clock: Clock
) -> None:
    first = server.sessions.open(address=ADDRESS, user_agent=AGENT, opened_with="x")
    assert first is not None
    with server.changes.unnoted() as session:
        for number in range(SESSIONS_MAX - 1):
            at = clock.now() + timedelta(seconds=1)
            session.add(
                SessionRow(
                    hash=f"{number:064}",
                    address="",
                    user_agent="",
                    created_at=at,
                    seen_at=at,
                    ends_at=at + timedelta(days=1),
                )
            )

    await server.sign_in()
    assert server.count() == SESSIONS_MAX
    with server.changes.read() as session:
        assert session.get(SessionRow, session_hash(first)) is None

    clock.advance(2 * 86_400)
    await server.sign_in()
    assert server.count() == 2


async def test_when_a_session_was_used_is_noted_once_a_minute(
    config: Config, server: Server, clock: Clock
) -> None:
    cookie = await server.sign_in()
    version, begun = read_workspace(config).version, clock.now()

    seen = []
    for seconds in (30, 31, 30):
        clock.advance(seconds)
        [one] = server.sessions.of(await server.who(cookie))
        seen.append((one.seen_at - begun).total_seconds())

    assert seen == [0, 61, 61]
    assert read_workspace(config).version == version


# --- Two servers --------------------------------------------------------------------------------


async def test_a_role_that_was_changed_holds_within_two_seconds_everywhere(
    server: Server, another: Server, clock: Clock
) -> None:
    member_id = server.add_member("eve@example.com", "admin", password_hash=KEPT)
    cookie = await server.sign_in("eve@example.com")
    assert (await another.who(cookie)).may("members:write")

    with server.changes.unnoted() as session:
        member = session.get_one(MemberRow, member_id)
        member.role, member.sources = "source-only", ["shop"]
    clock.advance(TWO_SECONDS)

    principal = await another.who(cookie)
    assert principal.role == "source-only"
    assert principal.permissions == PERMISSIONS_OF["source-only"]
    assert principal.sources == frozenset({"shop"})


async def test_who_was_removed_is_out_within_two_seconds_everywhere(
    server: Server, another: Server, clock: Clock
) -> None:
    member_id = server.add_member("eve@example.com", password_hash=KEPT)
    server.add_token("trt_eves", "account", member_id=member_id)
    cookie = await server.sign_in("eve@example.com")
    assert await another.access.is_signed_in(cookie)
    assert (await another.who(token="trt_eves")).member_id == member_id

    with server.changes.unnoted() as session:
        session.delete(session.get_one(MemberRow, member_id))
    clock.advance(TWO_SECONDS)

    assert not await another.access.is_signed_in(cookie)
    with pytest.raises(ProblemError) as error:
        await another.who(token="trt_eves")
    assert refusal(error)[0] == 401


async def test_signing_out_on_one_server_ends_the_session_on_the_other(
    server: Server, another: Server, clock: Clock
) -> None:
    cookie = await server.sign_in()
    assert await another.access.is_signed_in(cookie)

    server.sessions.end(session_hash(cookie))
    clock.advance(TWO_SECONDS)

    assert not await another.access.is_signed_in(cookie)


# --- Tokens -------------------------------------------------------------------------------------


async def test_a_token_may_what_it_was_given_as_far_as_its_member_may(server: Server) -> None:
    member_id = server.add_member("eve@example.com", "viewer")
    server.add_token("trt_eves", "events:read", "sources:write", member_id=member_id)
    server.add_token("trt_owners", "events:read", "owners:write")

    eves, owners = await server.who(token="trt_eves"), await server.who(token="trt_owners")

    assert eves.permissions == {"events:read"}
    assert (eves.actor, eves.role, eves.token_id) == (
        f"token ci ({EMAIL})",
        "viewer",
        "tok_trt_eves",
    )
    assert owners.permissions == {"events:read", "owners:write"}


@pytest.mark.parametrize(
    "void",
    [
        {"revoked_at": datetime(2026, 11, 20, tzinfo=UTC)},
        {"expires_at": datetime(2026, 11, 21, 9, 0, tzinfo=UTC)},
    ],
)
async def test_a_void_token_lets_nobody_in(server: Server, void: dict[str, datetime]) -> None:
    server.add_token("trt_void", "account", **void)

    with pytest.raises(ProblemError) as error:
        await server.who(token="trt_void")
    assert refusal(error)[0] == 401
    with pytest.raises(ProblemError):
        await server.signing.by_token("trt_void", address=ADDRESS, user_agent=AGENT)


async def test_when_a_token_was_used_is_noted_once_a_minute(
    config: Config, server: Server, clock: Clock
) -> None:
    server.add_token("trt_used", "account")
    version, begun = read_workspace(config).version, clock.now()

    used = []
    for seconds in (0, 59, 2):
        clock.advance(seconds)
        await server.who(token="trt_used")
        with server.changes.read() as session:
            last = session.get_one(ApiTokenRow, "tok_trt_used").last_used_at
        assert last is not None
        used.append((last - begun).total_seconds())

    assert used == [0, 0, 61]
    assert read_workspace(config).version == version


async def test_a_session_ends_with_the_token_that_opened_it(
    config: Config, server: Server, workers: Workers, clock: Clock
) -> None:
    server.add_token("trt_one", "account")
    of_token = await server.signing.by_token("trt_one", address=ADDRESS, user_agent=AGENT)
    of_owner = await server.signing.by_token(OWNER_TOKEN, address=ADDRESS, user_agent=AGENT)
    assert (await server.who(of_token)).permissions == {"account"}
    assert (await server.who(of_owner)).actor == "owner"

    with server.changes.unnoted() as session:
        session.get_one(ApiTokenRow, "tok_trt_one").revoked_at = clock.now()
    restarted = Server(replace(config, api_token_hashes=()), workers, clock)

    assert not await restarted.access.is_signed_in(of_token)
    assert not await restarted.access.is_signed_in(of_owner)
    restarted.changes.close()


async def test_the_local_token_opens_no_session(server: Server) -> None:
    with pytest.raises(ProblemError) as error:
        await server.signing.by_token("trl_local", address=ADDRESS, user_agent=AGENT)

    assert refusal(error) == (401, "the token is not valid")


# --- The database is away -----------------------------------------------------------------------


async def test_who_is_known_works_on_without_the_database_and_nobody_else(
    server: Server, clock: Clock, away: Callable[[], AbstractContextManager[None]]
) -> None:
    server.add_token("trt_known", "account")
    cookie, stranger = await server.sign_in(), await server.sign_in()
    principal = await server.who(cookie)
    await server.who(token="trt_known")
    known = server.accounts.whoami(principal)

    with away():
        server.access.forget()
        clock.advance(AWAY_S_MAX - 1)
        assert await server.who(cookie) == principal
        assert (await server.who(token="trt_known")).token_id == "tok_trt_known"
        assert (await server.who(token=OWNER_TOKEN)).actor == "owner"
        assert server.accounts.whoami(principal) == known
        for unknown in (server.who(stranger), server.who(token="trt_other"), server.sign_in()):
            with pytest.raises(TransientError):
                await unknown
        clock.advance(TWO_SECONDS)
        with pytest.raises(TransientError):
            await server.who(cookie)

    assert await server.who(cookie) == principal
    for _ in range(FAILURES_MAX):
        await server.sign_in()
