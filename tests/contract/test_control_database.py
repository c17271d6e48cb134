"""What the control database promises, over SQLite and PostgreSQL."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from postgres import Cluster, running_cluster
from tailrace.config import Config, ControlConfig, JsonMapping, Secret, Source
from tailrace.control import Follower, ensure_workspace, read_workspace
from tailrace.control.audit import WantedEntries, audit_page
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.idempotency import once_of
from tailrace.control.keys import KeyDraft, WriteKeys
from tailrace.control.link import open_link
from tailrace.control.models import Base
from tailrace.control.prepare import MIGRATION_LOCK, alembic_config, prepare
from tailrace.control.shapes import SourceChange, SourceDraft, Wanted
from tailrace.control.sources import Sources
from tailrace.control.start import REVISION
from tailrace.control.vault import open_vault
from tailrace.errors import ChangeError, ConfigError, TransientError

FIRST = Source(slug="default", name="My app", write_keys=("first-write-key",))
SECRET = "planted-webhook-secret"
ACTOR = "owner"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Config:
    """Give the settings of an installation that was never started."""
    dsn = None
    if request.param == "postgresql":
        dsn = Secret(request.getfixturevalue("cluster").new_database())
    return Config(
        data_dir=tmp_path / "data",
        control=ControlConfig(dsn=dsn),
        given_write_key="first-write-key",
        first_source=FIRST,
    )


class Control:
    """A prepared workspace, and what changes it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.changes = Changes(open_engine(config))
        self.sources = Sources(config, self.changes, open_vault(config))
        self.keys = WriteKeys(self.changes, self.sources)

    def make(self, slug: str, **fields: object) -> None:
        self.sources.create(SourceDraft(slug=slug, **fields), actor=ACTOR)  # type: ignore[arg-type]

    def slugs(
        self, wanted: Wanted | None = None, *, after: str = "", limit: int = 100
    ) -> list[str]:
        found = self.sources.page(wanted or Wanted(), after=after, limit=limit)
        return [state.slug for state in found]

    def version(self) -> int:
        return read_workspace(self.config).version


@pytest.fixture
def control(empty: Config) -> Iterator[Control]:
    prepare(empty)
    control = Control(empty)
    yield control
    control.changes.close()


# --- The first start, and later ones ------------------------------------------------------------


def test_the_first_start_makes_the_workspace_with_one_source(empty: Config) -> None:
    ensure_workspace(empty)

    workspace = read_workspace(empty)
    assert [(s.slug, s.name, s.write_keys) for s in workspace.sources] == [
        ("default", "My app", ("first-write-key",))
    ]


def test_preparing_again_changes_nothing(control: Control) -> None:
    before = control.version()

    prepare(control.config)
    ensure_workspace(control.config)

    assert control.version() == before
    assert len(audit_page(control.changes, WantedEntries(), before_id=None, limit=9)) == 1


def test_starts_at_the_same_moment_make_one_workspace(empty: Config) -> None:
    done: list[int] = []

    def start() -> None:
        ensure_workspace(empty)
        done.append(read_workspace(empty).version)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert done == [1, 1, 1]
    assert [source.slug for source in read_workspace(empty).sources] == ["default"]


def test_another_write_key_of_the_environment_is_added_to_the_first_source(
    control: Control,
) -> None:
    later = Config(
        data_dir=control.config.data_dir,
        control=control.config.control,
        given_write_key="later-write-key",
        first_source=Source(slug="default", write_keys=("later-write-key",)),
    )

    ensure_workspace(later)

    assert read_workspace(later).by_slug["default"].write_keys == (
        "first-write-key",
        "later-write-key",
    )


def test_the_tables_are_those_of_the_models(control: Control) -> None:
    engine = open_engine(control.config)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        tables = set(inspect(connection).get_table_names())
    engine.dispose()

    assert differences == []
    assert tables == {*Base.metadata.tables, "alembic_version"}


def test_the_revision_that_parts_expect_is_the_newest(control: Control) -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == REVISION
    link = open_link(control.config)
    assert link.revision() == REVISION
    link.close()


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (Source(slug="default", write_keys=("another-key",)), "'default' is also a source"),
        (Source(slug="shop", write_keys=("first-write-key",)), "belongs to the source 'default'"),
    ],
)
def test_what_file_and_database_both_claim_is_an_error_that_names_the_file(
    control: Control, source: Source, complaint: str
) -> None:
    config = Config(
        data_dir=control.config.data_dir,
        control=control.config.control,
        sources=(source,),
        file=Path("/etc/tailrace.toml"),
    )

    with pytest.raises(ConfigError, match=complaint) as refused_start:
        prepare(config)
    with pytest.raises(ConfigError, match=complaint) as refused_part:
        Follower(config)

    assert "/etc/tailrace.toml" in str(refused_start.value)
    assert "/etc/tailrace.toml" in str(refused_part.value)


# --- Sources ------------------------------------------------------------------------------------


def test_a_source_comes_back_as_it_was_made(control: Control) -> None:
    draft = SourceDraft(
        slug="shop",
        name="Shop",
        kind="json",
        enabled=False,
        ip="truncate",
        requests_per_s_max=2.5,
        webhook_secret=SECRET,
        json=JsonMapping(event="kind"),
        write_key="given-write-key",
    )

    made = control.sources.create(draft, actor=ACTOR)

    found = control.sources.get("shop")
    assert found == made
    assert found.state.webhook_secret == "***"
    assert found.state.write_keys == ["given-write-key"]
    assert read_workspace(control.config).by_slug["shop"] == Source(
        slug="shop",
        name="Shop",
        kind="json",
        write_keys=("given-write-key",),
        enabled=False,
        webhook_secret=Secret(SECRET),
        requests_per_s_max=2.5,
        ip="truncate",
        json=JsonMapping(event="kind"),
    )


def test_a_made_key_is_new_each_time(control: Control) -> None:
    control.make("one")
    control.make("two")

    [one] = control.sources.get("one").state.write_keys
    [two] = control.sources.get("two").state.write_keys
    assert one != two


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (SourceDraft(slug="default"), "slug"),
        (SourceDraft(slug="new", write_key="first-write-key"), "write_key"),
        (SourceDraft(slug="new", webhook_secret="***"), "webhook_secret"),
    ],
)
def test_what_is_taken_is_refused_with_its_field(
    control: Control, draft: SourceDraft, field: str
) -> None:
    version = control.version()

    with pytest.raises(ChangeError) as refused:
        control.sources.create(draft, actor=ACTOR)

    assert (refused.value.reason, refused.value.field) == ("conflict", field)
    assert control.version() == version


def test_sources_come_in_pages_in_order_of_their_slugs(control: Control) -> None:
    for slug in ("b_1", "b-1", "a", "c", "b1"):
        control.make(slug)

    pages: list[list[str]] = [control.slugs(limit=2)]
    while pages[-1]:
        pages.append(control.slugs(limit=2, after=pages[-1][-1]))

    found = [slug for page in pages for slug in page]
    assert found == sorted(["a", "b-1", "b1", "b_1", "c", "default"])


def test_sources_are_chosen_by_state_kind_and_text(control: Control) -> None:
    control.make("shop", name="Web Shop", kind="server")
    control.make("off", enabled=False)
    control.make("percent", name="100%")

    assert control.slugs(Wanted(enabled=False)) == ["off"]
    assert control.slugs(Wanted(kind="server")) == ["shop"]
    assert control.slugs(Wanted(text="SHOP")) == ["shop"]
    assert control.slugs(Wanted(text="%")) == ["percent"]


@pytest.mark.parametrize("slug", ["", "none", "\x00", "ü" * 100, "a/b"])
def test_what_is_no_source_is_not_found(control: Control, slug: str) -> None:
    with pytest.raises(ChangeError) as refused:
        control.sources.get(slug)

    assert refused.value.reason == "not-found"


def test_a_change_leaves_out_what_it_does_not_name(control: Control) -> None:
    control.make("shop", name="Shop", requests_per_s_max=5.0, webhook_secret=SECRET)

    changed = control.sources.change(
        "shop", SourceChange(enabled=False, requests_per_s_max=None), version=1, actor=ACTOR
    )

    assert changed.version == 2
    source = read_workspace(control.config).by_slug["shop"]
    assert (source.enabled, source.requests_per_s_max, source.name) == (False, None, "Shop")
    assert source.webhook_secret == Secret(SECRET)


def test_stars_sent_back_keep_the_secret_and_null_takes_it_away(control: Control) -> None:
    control.make("shop", webhook_secret=SECRET)

    kept = control.sources.change(
        "shop", SourceChange(webhook_secret="***"), version=1, actor=ACTOR
    )
    taken = control.sources.change(
        "shop", SourceChange(webhook_secret=None), version=kept.version, actor=ACTOR
    )

    assert (kept.version, kept.state.webhook_secret) == (1, "***")
    assert taken.state.webhook_secret is None


def test_an_outdated_change_is_refused(control: Control) -> None:
    control.make("shop")
    control.sources.change("shop", SourceChange(name="a"), version=1, actor=ACTOR)

    for attempt in (
        lambda: control.sources.change("shop", SourceChange(name="b"), version=1, actor=ACTOR),
        lambda: control.sources.delete("shop", version=1, actor=ACTOR),
    ):
        with pytest.raises(ChangeError) as refused:
            attempt()
        assert refused.value.reason == "outdated"
    assert control.sources.get("shop").state.name == "a"


def test_of_many_changes_of_one_version_one_succeeds(control: Control) -> None:
    control.make("shop")
    results: list[str] = []

    def attempt(number: int) -> None:
        try:
            control.sources.change("shop", SourceChange(name=str(number)), version=1, actor=ACTOR)
            results.append("done")
        except ChangeError as error:
            results.append(error.reason)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["done", "outdated", "outdated", "outdated"]


def test_a_deleted_source_keeps_its_slug_and_its_settings_for_events_that_wait(
    control: Control,
) -> None:
    control.make("shop", ip="drop", write_key="shop-write-key")

    control.sources.delete("shop", version=None, actor=ACTOR)

    assert control.slugs() == ["default"]
    left = read_workspace(control.config).by_slug["shop"]
    assert (left.write_keys, left.ip) == ((), "drop")
    for draft in (SourceDraft(slug="shop"), SourceDraft(slug="new", write_key="shop-write-key")):
        with pytest.raises(ChangeError, match=r"deleted|was another"):
            control.sources.create(draft, actor=ACTOR)
    with pytest.raises(ChangeError) as gone:
        control.sources.get("shop")
    assert gone.value.reason == "not-found"


def test_a_source_of_the_file_is_listed_and_cannot_be_changed(control: Control) -> None:
    file_source = Source(slug="filed", write_keys=("filed-write-key",), webhook_secret=Secret("x"))
    config = Config(
        data_dir=control.config.data_dir,
        control=control.config.control,
        sources=(file_source,),
        file=Path("/etc/tailrace.toml"),
    )
    sources = Sources(config, control.changes, None)
    keys = WriteKeys(control.changes, sources)

    state = sources.get("filed").state

    assert (state.managed_by, state.webhook_secret) == ("file", "***")
    assert [each.slug for each in sources.page(Wanted(), after="", limit=9)] == ["default", "filed"]
    assert [key.key for key in keys.of("filed")] == ["filed-write-key"]
    for attempt in (
        lambda: sources.create(SourceDraft(slug="filed"), actor=ACTOR),
        lambda: sources.change("filed", SourceChange(), version=None, actor=ACTOR),
        lambda: sources.delete("filed", version=None, actor=ACTOR),
        lambda: keys.add("filed", KeyDraft(), actor=ACTOR),
        lambda: keys.disable("filed", 1, actor=ACTOR),
    ):
        with pytest.raises(ChangeError, match=r"/etc/tailrace\.toml") as refused:
            attempt()
        assert refused.value.reason == "managed-by-file"


def test_the_same_creation_asked_twice_happens_once(control: Control) -> None:
    once = once_of("client-key", path="/sources", body=b"{}")
    draft = SourceDraft(slug="shop")

    first = control.sources.create(draft, actor=ACTOR, once=once)
    second = control.sources.create(draft, actor=ACTOR, once=once)

    assert second == first
    other = once_of("client-key", path="/sources", body=b"[]")
    with pytest.raises(ChangeError) as refused:
        control.sources.create(SourceDraft(slug="other"), actor=ACTOR, once=other)
    assert refused.value.reason == "key-reused"


# --- Write keys ---------------------------------------------------------------------------------


def test_rotating_gives_the_old_keys_an_end(control: Control) -> None:
    made = control.keys.add("default", KeyDraft(label="new", overlap_s=60), actor=ACTOR)

    newest, old = control.keys.of("default")
    assert (newest, newest.state) == (made, "active")
    assert old.state == "expiring"
    assert old.expires_at is not None
    assert timedelta() < old.expires_at - datetime.now(UTC) <= timedelta(seconds=60)
    assert set(read_workspace(control.config).by_slug["default"].write_keys) == {
        "first-write-key",
        made.key,
    }


def test_a_key_whose_overlap_is_over_is_unknown(control: Control) -> None:
    made = control.keys.add("default", KeyDraft(overlap_s=0), actor=ACTOR)

    assert read_workspace(control.config).by_slug["default"].write_keys == (made.key,)
    assert control.keys.of("default")[1].state == "expired"


def test_a_later_rotation_does_not_prolong_an_earlier_end(control: Control) -> None:
    control.keys.add("default", KeyDraft(overlap_s=60), actor=ACTOR)
    before = control.keys.of("default")[1].expires_at

    control.keys.add("default", KeyDraft(overlap_s=3_600), actor=ACTOR)

    assert control.keys.of("default")[2].expires_at == before


def test_a_disabled_key_is_unknown_at_once(control: Control) -> None:
    made = control.keys.add("default", KeyDraft(), actor=ACTOR)
    assert made.id is not None

    control.keys.disable("default", made.id, actor=ACTOR)
    version = control.version()
    control.keys.disable("default", made.id, actor=ACTOR)

    assert read_workspace(control.config).by_slug["default"].write_keys == ("first-write-key",)
    assert control.version() == version
    with pytest.raises(ChangeError):
        control.keys.add("default", KeyDraft(key=made.key), actor=ACTOR)
    with pytest.raises(ChangeError):
        control.keys.disable("default", 99_999, actor=ACTOR)


def test_use_is_noted_once_a_minute(control: Control) -> None:
    link = open_link(control.config)
    at = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

    seen = []
    for seconds in (0, 59, 61):
        link.note_used(["first-write-key", "unknown-key"], at=at + timedelta(seconds=seconds))
        seen.append(control.keys.of("default")[0].last_used_at)
    link.close()

    assert seen == [at, at, at + timedelta(seconds=61)]


# --- The audit log ------------------------------------------------------------------------------


def test_every_change_is_in_the_audit_log_without_secrets(control: Control) -> None:
    control.make("shop", webhook_secret=SECRET, write_key="shop-write-key")
    control.sources.change("shop", SourceChange(ip="drop"), version=None, actor="local")
    key = control.keys.add("shop", KeyDraft(label="two"), actor=ACTOR)
    assert key.id is not None
    control.keys.disable("shop", key.id, actor=ACTOR)
    control.sources.delete("shop", version=None, actor=ACTOR)

    entries = audit_page(
        control.changes, WantedEntries(resource="sources/shop"), before_id=None, limit=9
    )

    assert [entry.action for entry in reversed(entries)] == [
        "source.create",
        "source.update",
        "write-key.create",
        "write-key.disable",
        "source.delete",
    ]
    update = entries[-2]
    assert update.actor == "local"
    assert update.before is not None
    assert update.after is not None
    assert (update.before["ip"], update.after["ip"]) == ("keep", "drop")
    assert update.after["webhook_secret"] == "***"
    for hidden in (SECRET, "shop-write-key", key.key):
        assert hidden not in repr(entries)


def test_the_audit_log_comes_in_pages(control: Control) -> None:
    for number in range(3):
        control.make(f"s{number}")

    newest = audit_page(control.changes, WantedEntries(), before_id=None, limit=2)
    older = audit_page(control.changes, WantedEntries(), before_id=newest[-1].id, limit=9)

    assert [entry.resource for entry in (*newest, *older)] == [
        "sources/s2",
        "sources/s1",
        "sources/s0",
        "sources/default",
    ]
    assert (
        audit_page(control.changes, WantedEntries(resource="sources/s"), before_id=None, limit=9)
        == []
    )


def test_a_start_waits_for_another_that_migrates(empty: Config) -> None:
    engine = open_engine(empty, is_made=True)
    empty.data_dir.mkdir(exist_ok=True)
    other = threading.Thread(target=prepare, args=(empty,))

    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        other.start()
        other.join(timeout=0.5)
        is_waiting = other.is_alive()
    other.join()
    engine.dispose()

    assert is_waiting
    assert [source.slug for source in read_workspace(empty).sources] == ["default"]


# --- A server that hangs ------------------------------------------------------------------------


def test_a_server_that_hangs_is_given_up(cluster: Cluster, tmp_path: Path) -> None:
    dsn = Secret(cluster.new_database())
    config = Config(data_dir=tmp_path, control=ControlConfig(dsn=dsn), first_source=FIRST)
    prepare(config)
    control = Control(config)
    following = Follower(config)
    control.make("shop")

    cluster.pause()
    try:
        with pytest.raises(TransientError, match="does not answer"):
            control.make("other")
        workspace = following.catch_up()
        assert "stays in force" in following.problem
    finally:
        cluster.go_on()

    assert workspace.by_slug.keys() == {"default"}
    assert following.catch_up().by_slug.keys() == {"default", "shop"}
    assert following.problem == ""
    following.stop()
    control.changes.close()


# --- Following ----------------------------------------------------------------------------------


def test_a_follower_sees_the_next_version(control: Control) -> None:
    seen: list[int] = []
    following = Follower(control.config, on_change=lambda workspace: seen.append(workspace.version))

    control.make("shop")
    workspace = following.catch_up()
    following.catch_up()

    assert workspace.by_slug["shop"].write_keys
    assert following.workspace is workspace
    assert seen == [workspace.version]
    assert following.problem == ""
    following.stop()


def test_without_the_workspace_nothing_is_changed(empty: Config) -> None:
    empty.data_dir.mkdir()
    changes = Changes(open_engine(empty))

    with pytest.raises(TransientError):
        Sources(empty, changes, None).create(SourceDraft(slug="shop"), actor=ACTOR)
    changes.close()
