"""What destinations in the control database promise, over SQLite and PostgreSQL."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_each
from hypothesis import strategies as st
from msgspec import UNSET
from sqlalchemy import text

from migrated import put_tables
from postgres import Cluster, running_cluster
from tailrace.config import Config, ControlConfig, Secret, Source
from tailrace.control import read_workspace
from tailrace.control.audit import WantedEntries, audit_page
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.delivery_rules import DeliveryRules, DeliveryRulesChange
from tailrace.control.destination_filters import FilterDraft, SubscriptionDraft
from tailrace.control.destination_shapes import (
    DestinationChange,
    DestinationDraft,
    DestinationState,
    PreviewedDestination,
    WantedDestinations,
)
from tailrace.control.destinations import DESTINATIONS_MAX, VERSIONS_MAX, Destinations
from tailrace.control.idempotency import once_of
from tailrace.control.models import Base
from tailrace.control.prepare import prepare
from tailrace.control.sealed import SEALED_COLUMNS
from tailrace.control.shapes import SourceDraft
from tailrace.control.sources import Sources
from tailrace.control.vault import KEY_NAME, open_vault
from tailrace.deliver.sights import screen_of
from tailrace.destinations import Catalog, Destination, Setting, load_catalog
from tailrace.destinations.api import Secret as SettingSecret
from tailrace.errors import ChangeError, TransientError

SECRET = "planted-shared-secret"
OTHER = "planted-other-secret"
ACTOR = "owner"
URL = "https://hooks.example.com/in"
HOOK: dict[str, Any] = {"url": URL, "shared_secret": SECRET}
NEW_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


class Control:
    """A prepared workspace, and what changes its destinations."""

    def __init__(self, config: Config, catalog: Catalog | None = None) -> None:
        self.config = config
        self.engine = open_engine(config)
        self.changes = Changes(self.engine)
        self.catalog = catalog or load_catalog()
        self.destinations = self.with_catalog(self.catalog)
        self.sources = Sources(config, self.changes, open_vault(config))

    def with_catalog(self, catalog: Catalog) -> Destinations:
        return Destinations(self.config, self.changes, open_vault(self.config), catalog)

    def make(self, slug: str = "hook", **fields: Any) -> DestinationState:
        draft = {"type": "webhook", "settings": HOOK, **fields}
        return self.destinations.create(DestinationDraft(slug=slug, **draft), actor=ACTOR)

    def change(self, slug: str = "hook", **fields: Any) -> DestinationState:
        wanted = DestinationChange(**fields)
        return self.destinations.change(slug, wanted, version=None, actor=ACTOR)

    def numbers(self, slug: str = "hook") -> list[int]:
        found = self.destinations.versions(slug, before=None, limit=1_000)
        return [version.version for version in found]

    def slugs(self, **wanted: Any) -> list[str]:
        found = self.destinations.page(WantedDestinations(**wanted), after="", limit=100)
        return [state.slug for state in found]

    def audit(self, resource: str = "destinations/hook") -> list[Any]:
        return list(
            reversed(
                audit_page(self.changes, WantedEntries(resource=resource), before_id=None, limit=99)
            )
        )

    def dump(self) -> str:
        """Return everything that all tables hold."""
        with self.engine.connect() as connection:
            return repr(
                [connection.execute(table.select()).all() for table in Base.metadata.sorted_tables]
            )

    def secrets(self, slug: str = "hook") -> dict[str, str]:
        """Return the secrets of a destination in the clear."""
        vault = open_vault(self.config)
        assert vault is not None
        with self.engine.connect() as connection:
            row = connection.execute(
                Base.metadata.tables["destinations"].select().where(text(f"slug = '{slug}'"))
            ).one()
        return {
            name: vault.open(sealed, place=f"destinations/{slug}/{name}").reveal()
            for name, sealed in row.secrets_sealed.items()
        }


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


def refusal(error: pytest.ExceptionInfo[ChangeError]) -> tuple[str, str]:
    return error.value.reason, error.value.field


# --- Making, reading, changing --------------------------------------------------------------------


def test_a_destination_comes_back_as_it_was_made_with_stars_for_its_secret(
    control: Control,
) -> None:
    made = control.make(name="Hook", enabled=False, sources=["default"])

    found = control.destinations.get("hook")
    assert found == made
    assert (found.name, found.type, found.enabled, found.version) == ("Hook", "webhook", False, 1)
    assert found.sources == ["default"]
    assert found.settings == {
        "url": URL,
        "method": "POST",
        "headers": {},
        "auth_header": "Authorization",
        "auth_value": None,
        "shared_secret": "***",
        "timeout_s": 10.0,
        "batch_events_max": 1,
    }
    assert control.secrets() == {"shared_secret": SECRET}


def test_all_that_is_wrong_with_settings_is_said_at_once(control: Control) -> None:
    wrong = {"url": "ftp://x", "method": "GET", "nope": 1, "auth_value": "***"}

    with pytest.raises(ChangeError) as refused:
        control.make(settings=wrong)

    assert refusal(refused)[0] == "invalid"
    for name in wrong:
        assert f"settings.{name}: " in str(refused.value)
    assert control.slugs() == []


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"type": "fax"}, "invalid", "type"),
        ({"sources": ["none", "default"]}, "invalid", "sources"),
        ({"settings": {}}, "invalid", "settings.url"),
        ({"settings": {"url": "https://user:pass@example.com/"}}, "invalid", "settings.url"),
        ({"settings": {"url": URL, "shared_secret": "***"}}, "invalid", "settings.shared_secret"),
        ({"settings": {"url": URL, "shared_secret": 7}}, "invalid", "settings.shared_secret"),
    ],
)
def test_what_is_wrong_is_refused_with_its_field(
    control: Control, fields: dict[str, Any], reason: str, field: str
) -> None:
    with pytest.raises(ChangeError) as refused:
        control.make(**fields)

    assert refusal(refused) == (reason, field)
    assert "pass@" not in str(refused.value)
    assert control.slugs() == []


def test_a_slug_is_never_given_away_again(control: Control) -> None:
    control.make()

    with pytest.raises(ChangeError, match="belongs to a destination") as taken:
        control.make()
    control.destinations.delete("hook", version=1, actor=ACTOR)
    with pytest.raises(ChangeError, match="was deleted") as gone:
        control.make()

    assert refusal(taken) == refusal(gone) == ("conflict", "slug")
    with pytest.raises(ChangeError) as missing:
        control.destinations.get("hook")
    assert missing.value.reason == "not-found"


@pytest.mark.parametrize("slug", ["", "none", "\x00", "ü" * 100, "a/b"])
def test_what_is_no_destination_is_not_found(control: Control, slug: str) -> None:
    for attempt in (
        lambda: control.destinations.get(slug),
        lambda: control.destinations.versions(slug, before=None, limit=9),
        lambda: control.destinations.restore(slug, 1, version=None, actor=ACTOR),
        lambda: control.destinations.delete(slug, version=None, actor=ACTOR),
    ):
        with pytest.raises(ChangeError) as refused:
            attempt()
        assert refused.value.reason == "not-found"


def test_settings_are_merged_key_by_key_and_null_puts_the_default_back(control: Control) -> None:
    control.make(settings={**HOOK, "timeout_s": 3, "headers": {"X-A": "1"}})

    first = control.change(settings={"method": "PUT"})
    second = control.change(settings={"timeout_s": None, "headers": {"X-B": "2"}})

    assert (first.settings["method"], first.settings["timeout_s"]) == ("PUT", 3.0)
    assert (second.settings["method"], second.settings["timeout_s"]) == ("PUT", 10.0)
    assert second.settings["headers"] == {"X-B": "2"}
    assert control.secrets() == {"shared_secret": SECRET}


def test_a_required_setting_cannot_be_taken_away(control: Control) -> None:
    control.make()

    with pytest.raises(ChangeError) as refused:
        control.change(settings={"url": None})

    assert refusal(refused) == ("invalid", "settings.url")


def test_stars_keep_a_secret_text_replaces_it_and_null_takes_it_away(control: Control) -> None:
    control.make()

    kept = control.change(settings={"shared_secret": "***"})
    replaced = control.change(settings={"shared_secret": OTHER})
    secrets = control.secrets()
    taken = control.change(settings={"shared_secret": None})

    assert (kept.version, replaced.version, taken.version) == (1, 2, 3)
    assert secrets == {"shared_secret": OTHER}
    assert (taken.settings["shared_secret"], control.secrets()) == (None, {})
    with pytest.raises(ChangeError, match="none is"):
        control.change(settings={"shared_secret": "***"})


def test_what_settings_say_together_is_checked_with_those_that_stay(control: Control) -> None:
    key = {"access_key_id": "AKIA0", "secret_access_key": SECRET}
    stream = {"region": "eu-central-1", "stream_name": "events"}
    control.make("stream", type="kinesis", settings={**stream, **key})

    with pytest.raises(ChangeError) as refused:
        control.change("stream", settings={"access_key_id": None})
    changed = control.change("stream", settings={"access_key_id": "AKIA1"})

    assert refusal(refused) == ("invalid", "settings.access_key_id")
    assert changed.settings["access_key_id"] == "AKIA1"
    assert control.secrets("stream") == {"secret_access_key": SECRET}


def test_an_outdated_change_is_refused(control: Control) -> None:
    control.make()
    control.change(name="a")

    for attempt in (
        lambda: control.destinations.change("hook", DestinationChange(), version=1, actor=ACTOR),
        lambda: control.destinations.restore("hook", 1, version=1, actor=ACTOR),
        lambda: control.destinations.delete("hook", version=1, actor=ACTOR),
    ):
        with pytest.raises(ChangeError) as refused:
            attempt()
        assert refused.value.reason == "outdated"
    assert control.numbers() == [2, 1]


def test_of_many_changes_of_one_version_one_succeeds(control: Control) -> None:
    control.make()
    results: list[str] = []

    def attempt(number: int) -> None:
        wanted = DestinationChange(name=str(number))
        try:
            control.destinations.change("hook", wanted, version=1, actor=ACTOR)
            results.append("done")
        except ChangeError as error:
            results.append(error.reason)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["done", "outdated", "outdated", "outdated"]
    assert control.numbers() == [2, 1]


def test_the_same_creation_asked_twice_happens_once(control: Control) -> None:
    once = once_of("client-key", path="/destinations", body=b"{}")
    draft = DestinationDraft(slug="hook", type="webhook", settings={"url": URL})

    first = control.destinations.create(draft, actor=ACTOR, once=once)
    second = control.destinations.create(draft, actor=ACTOR, once=once)

    assert first == second
    assert control.numbers() == [1]


def test_several_changes_share_one_transaction(control: Control) -> None:
    draft = DestinationDraft(slug="late", type="webhook", sources=["new"], settings={"url": URL})
    wanted = DestinationChange(name="x")
    control.make()

    def apply(*, with_source: bool) -> None:
        with control.changes.change(actor=ACTOR) as change:
            control.destinations.change_in(change, "hook", wanted, version=1)
            if with_source:
                control.sources.create_in(change, SourceDraft(slug="new"))
            control.destinations.create_in(change, draft)
            control.destinations.delete_in(change, "hook", version=2)

    with pytest.raises(ChangeError, match="'new'"):
        apply(with_source=False)
    unchanged = control.destinations.get("hook")
    apply(with_source=True)

    assert (unchanged.name, unchanged.version) == ("", 1)
    assert control.slugs() == ["late"]


# --- Which sources --------------------------------------------------------------------------------


def test_sources_of_the_database_and_of_the_file_can_be_named(
    control: Control, tmp_path: Path
) -> None:
    config = Config(
        data_dir=control.config.data_dir,
        control=control.config.control,
        sources=(Source(slug="filed", write_keys=("filed-write-key",)),),
        file=tmp_path / "tailrace.toml",
    )
    destinations = Destinations(config, control.changes, open_vault(config), control.catalog)

    made = destinations.create(
        DestinationDraft(
            slug="hook",
            type="webhook",
            sources=["filed", "default", "filed"],
            settings={"url": URL},
        ),
        actor=ACTOR,
    )

    assert made.sources == ["default", "filed"]


def test_a_source_that_was_deleted_since_stays_named_and_cannot_be_named_anew(
    control: Control,
) -> None:
    control.sources.create(SourceDraft(slug="shop"), actor=ACTOR)
    control.make(sources=["shop"])
    control.make("other")
    control.sources.delete("shop", version=None, actor=ACTOR)

    changed = control.change(sources=["shop", "default"])

    assert changed.sources == ["default", "shop"]
    with pytest.raises(ChangeError, match="'shop'"):
        control.change("other", sources=["shop"])


def test_destinations_are_chosen_by_type_state_text_and_source(control: Control) -> None:
    control.sources.create(SourceDraft(slug="shop"), actor=ACTOR)
    control.make("all", name="Percent 100%")
    control.make("off", enabled=False, sources=["default"])
    control.make("shop-only", sources=["shop"])
    stream = {"region": "eu-central-1", "stream_name": "events"}
    control.make("stream", type="kinesis", settings=stream, sources=["shop", "default"])

    assert control.slugs() == ["all", "off", "shop-only", "stream"]
    assert control.slugs(type="kinesis") == ["stream"]
    assert control.slugs(enabled=False) == ["off"]
    assert control.slugs(text="%") == ["all"]
    assert control.slugs(text="SHOP") == ["shop-only"]
    assert control.slugs(source="shop") == ["all", "shop-only", "stream"]
    assert control.slugs(source="default", enabled=True) == ["all", "stream"]


def test_destinations_come_in_pages_in_order_of_their_slugs(control: Control) -> None:
    for slug in ("b_1", "b-1", "a", "c", "b1"):
        control.make(slug, sources=["default"])

    for wanted in (WantedDestinations(), WantedDestinations(source="default")):
        found, after = [], ""
        while page := control.destinations.page(wanted, after=after, limit=2):
            found += [state.slug for state in page]
            after = found[-1]

        assert found == sorted(["a", "b-1", "b1", "b_1", "c"])


# --- Versions -------------------------------------------------------------------------------------


def test_every_change_is_a_version_and_one_that_changes_nothing_is_none(control: Control) -> None:
    made = control.make(sources=["default"])
    control.destinations.change("hook", DestinationChange(name="two"), version=1, actor="local")
    control.change(name="two", enabled=True, sources=["default"], settings=made.settings)

    newest, first = control.destinations.versions("hook", before=None, limit=9)

    assert (first.version, first.actor, first.name) == (1, ACTOR, "")
    assert (newest.version, newest.actor, newest.name) == (2, "local", "two")
    assert newest.settings == first.settings == made.settings
    assert newest.at > first.at
    assert [entry.action for entry in control.audit()] == [
        "destination.create",
        "destination.update",
    ]


def test_versions_come_in_pages_the_newest_first(control: Control) -> None:
    control.make()
    for number in range(4):
        control.change(name=str(number))

    first = control.destinations.versions("hook", before=None, limit=2)
    second = control.destinations.versions("hook", before=first[-1].version, limit=2)

    assert [each.version for each in (*first, *second)] == [5, 4, 3, 2]


def test_restoring_makes_a_new_version_equal_to_the_old_one_with_its_secret(
    control: Control,
) -> None:
    first = control.make(name="one", sources=["default"])
    control.change(name="two", enabled=False, sources=None, settings={"shared_secret": OTHER})

    restored = control.destinations.restore("hook", 1, version=2, actor=ACTOR)
    again = control.destinations.restore("hook", 1, version=3, actor=ACTOR)

    assert restored == again
    assert restored.version == 3
    for name in ("name", "enabled", "sources", "settings"):
        assert getattr(restored, name) == getattr(first, name)
    assert control.secrets() == {"shared_secret": SECRET}
    entry = control.audit()[-1]
    assert entry.action == "destination.restore"
    assert (entry.after["restored"], entry.after["shared_secret_changed"]) == (1, True)


def test_a_version_that_is_not_kept_cannot_be_restored(control: Control) -> None:
    control.make()

    with pytest.raises(ChangeError, match="no version 7") as refused:
        control.destinations.restore("hook", 7, version=None, actor=ACTOR)

    assert refusal(refused) == ("not-found", "version")


def test_of_many_versions_the_newest_are_kept(control: Control) -> None:
    control.make()
    with control.changes.change(actor=ACTOR) as change:
        for number in range(VERSIONS_MAX + 1):
            wanted = DestinationChange(name=str(number))
            control.destinations.change_in(change, "hook", wanted, version=None)

    assert control.numbers() == list(range(VERSIONS_MAX + 2, 2, -1))


def test_there_is_a_limit_of_destinations_that_deleted_ones_do_not_count_for(
    control: Control,
) -> None:
    draft = {"type": "webhook", "settings": {"url": URL}}
    with control.changes.change(actor=ACTOR) as change:
        for number in range(DESTINATIONS_MAX):
            control.destinations.create_in(
                change,
                DestinationDraft(slug=f"d{number}", **draft),  # type: ignore[arg-type]
            )

    with pytest.raises(ChangeError, match=str(DESTINATIONS_MAX)) as refused:
        control.make()
    control.destinations.delete("d0", version=None, actor=ACTOR)
    made = control.make()

    assert refused.value.reason == "conflict"
    assert made.version == 1


# --- Types that come and go -----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class FaxSettings:
    number: Annotated[str, Setting("Number to call.")]
    pin: Annotated[SettingSecret | None, Setting("PIN of the line.")] = None


@dataclass(frozen=True, kw_only=True)
class LaterFaxSettings:
    number: Annotated[str, Setting("Number to call.")]
    tries: Annotated[int, Setting("How often.", minimum=1)] = 3


def fax(settings: type[Any]) -> Catalog:
    made = Destination(slug="fax", name="Fax", description="Calls.", settings=settings)
    return Catalog(types={"fax": made})


def test_a_destination_whose_type_is_not_installed_is_shown_and_its_settings_stay(
    control: Control,
) -> None:
    draft = DestinationDraft(slug="fax", type="fax", settings={"number": "1", "pin": SECRET})
    control.with_catalog(fax(FaxSettings)).create(draft, actor=ACTOR)

    renamed = control.change("fax", name="Old fax", enabled=False)

    assert renamed.settings == {"number": "1", "pin": "***"}
    with pytest.raises(ChangeError, match="no destination type 'fax'"):
        control.change("fax", settings={"number": "2"})
    with pytest.raises(ChangeError, match="no destination type 'fax'"):
        control.destinations.restore("fax", 1, version=None, actor=ACTOR)
    assert control.secrets("fax") == {"pin": SECRET}
    control.destinations.delete("fax", version=None, actor=ACTOR)
    assert control.slugs() == []


def test_a_type_that_has_other_settings_later_shows_its_defaults(control: Control) -> None:
    draft = DestinationDraft(slug="fax", type="fax", settings={"number": "1", "pin": SECRET})
    control.with_catalog(fax(FaxSettings)).create(draft, actor=ACTOR)
    later = control.with_catalog(fax(LaterFaxSettings))

    shown = later.get("fax")
    changed = later.change(
        "fax", DestinationChange(settings={"number": "2"}), version=1, actor=ACTOR
    )

    assert shown.settings == {"number": "1", "tries": 3, "pin": "***"}
    assert changed.settings == {"number": "2", "tries": 3}
    assert control.secrets("fax") == {}
    with pytest.raises(ChangeError) as refused:
        later.restore("fax", 1, version=None, actor=ACTOR)
    assert refusal(refused) == ("invalid", "settings.pin")


# --- Secrets --------------------------------------------------------------------------------------


def test_a_secret_is_nowhere_in_the_clear(
    control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers: list[object] = [control.make(settings={**HOOK, "auth_value": OTHER})]
    answers.append(control.change(settings={"auth_value": OTHER + "2", "timeout_s": 1}))
    answers.append(control.destinations.restore("hook", 1, version=None, actor=ACTOR))
    answers.append(control.destinations.page(WantedDestinations(), after="", limit=9))
    answers.append(control.destinations.versions("hook", before=None, limit=9))
    with pytest.raises(ChangeError) as refused:
        control.change(settings={"auth_value": OTHER + "\x00", "url": 7})
    answers += [str(refused.value), repr(refused.value.__context__), control.audit()]
    answers += [caplog.text, control.dump()]

    for hidden in (SECRET, OTHER):
        assert hidden not in repr(answers)
    assert [entry.after.get("auth_value_changed") for entry in control.audit()] == [
        None,
        True,
        True,
    ]
    assert all(entry.after["settings"]["auth_value"] == "***" for entry in control.audit())


def test_deleting_empties_the_secrets_of_every_version(control: Control) -> None:
    control.make()
    control.change(settings={"shared_secret": OTHER})

    control.destinations.delete("hook", version=None, actor=ACTOR)

    with control.engine.connect() as connection:
        for table in ("destinations", "destination_versions"):
            rows = connection.execute(Base.metadata.tables[table].select()).all()
            assert rows
            assert all(row.secrets_sealed == {} for row in rows)
    assert control.audit()[-1].action == "destination.delete"
    assert control.audit()[-1].before["settings"]["shared_secret"] == "***"


def test_a_new_secret_key_reseals_destinations_and_their_versions(control: Control) -> None:
    control.sources.create(SourceDraft(slug="shop", webhook_secret=SECRET), actor=ACTOR)
    control.make()
    control.change(settings={"shared_secret": OTHER})
    control.change(name="three")
    path = control.config.data_dir / KEY_NAME
    old_key = path.read_text().strip()
    old = open_vault(control.config)
    assert old is not None
    path.write_text(f"{NEW_KEY}\n{old_key}\n")

    prepare(control.config)
    path.write_text(f"{NEW_KEY}\n")

    dumped = control.dump()
    assert f"v1:{old.key_id}:" not in dumped
    assert control.secrets() == {"shared_secret": OTHER}
    # As in a server that goes on running, which had the old key only.
    unchanged = control.destinations.restore("hook", 3, version=3, actor=ACTOR)
    restored = control.destinations.restore("hook", 1, version=3, actor=ACTOR)
    assert (unchanged.version, restored.version) == (3, 4)
    assert control.secrets() == {"shared_secret": SECRET}
    changed = control.change(settings={"shared_secret": OTHER})
    assert (changed.version, control.secrets()) == (5, {"shared_secret": OTHER})
    [rotated] = [entry for entry in control.audit("workspace") if "rotate" in entry.action]
    assert rotated.after["resealed"] == 1 + 1 + 3


def test_every_sealed_column_is_known_to_the_rotation() -> None:
    columns = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_sealed")
    }

    assert columns == SEALED_COLUMNS


def test_a_secret_that_was_moved_to_another_destination_does_not_open(control: Control) -> None:
    control.make()
    control.make("thief", settings={"url": URL})
    table = Base.metadata.tables["destinations"]
    with control.engine.begin() as connection:
        rows = {row.slug: row for row in connection.execute(table.select())}
        connection.execute(
            table.update()
            .where(table.c.slug == "thief")
            .values(secrets_sealed=rows["hook"].secrets_sealed)
        )

    with pytest.raises(ChangeError, match="set it anew") as refused:
        control.change("thief", settings={"timeout_s": 1})
    mended = control.change("thief", settings={"timeout_s": 1, "shared_secret": OTHER})

    assert refusal(refused) == ("conflict", "settings.shared_secret")
    assert mended.settings["timeout_s"] == 1.0
    assert control.secrets("thief") == {"shared_secret": OTHER}


def test_a_secret_stays_only_where_it_was_given_for(control: Control) -> None:
    control.make()

    with pytest.raises(ChangeError, match="leads elsewhere") as refused:
        control.change(settings={"url": "https://attacker.example.com/"})
    elsewhere = control.change(settings={"url": "https://new.example.com/", "shared_secret": OTHER})
    same_host = control.change(settings={"url": "https://new.example.com/other?path=1"})

    assert refusal(refused) == ("conflict", "settings.shared_secret")
    assert control.secrets("hook") == {"shared_secret": OTHER}
    assert (elsewhere.version, same_host.version) == (2, 3)


def test_without_a_secret_key_secrets_cannot_be_set(control: Control) -> None:
    blind = Destinations(control.config, control.changes, None, control.catalog)

    with pytest.raises(TransientError, match="no secret key"):
        blind.create(DestinationDraft(slug="hook", type="webhook", settings=HOOK), actor=ACTOR)

    assert control.slugs() == []


# --- Whatever the settings ------------------------------------------------------------------------

words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
printable = st.from_regex(r"\A[ -~]{1,40}\Z")
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "method": st.sampled_from(["POST", "PUT", "PATCH"]),
    "headers": st.dictionaries(st.sampled_from(["X-A", "X-B", "Accept"]), printable),
    "auth_value": printable.filter(lambda text: text != "***"),
    "shared_secret": words.filter(lambda text: text != "***"),
    "timeout_s": st.one_of(st.floats(0.1, 60), st.integers(1, 60)),
}
webhooks: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"url": st.sampled_from([URL, "http://10.0.0.1:8080/a?b=c", "http://[::1]/"])},
    optional={name: st.one_of(st.none(), values) for name, values in OPTIONAL.items()},
)
clusters: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"url": st.just(URL), "index": st.just("events"), "username": words},
).map(lambda made: {**made, "password": SECRET})
_slugs = iter(range(10**9))


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given_each(
    given=st.one_of(
        st.tuples(st.just("webhook"), webhooks), st.tuples(st.just("elasticsearch"), clusters)
    )
)
def test_what_was_read_can_be_sent_back_and_changes_nothing(
    control: Control, given: tuple[str, dict[str, Any]]
) -> None:
    slug = f"s{next(_slugs)}"
    kind, sent = given

    made = control.make(slug, type=kind, settings=sent)
    read = control.destinations.get(slug)
    sent_back = control.change(slug, settings=read.settings)

    secrets = {
        name for name, field in control.catalog.types[kind].fields.items() if field.is_secret
    }
    assert made == read == sent_back
    assert sent_back.version == 1
    for name, value in sent.items():
        if value is not None and name not in secrets:
            assert read.settings[name] == value
    assert control.secrets(slug) == {
        name: sent[name] for name in secrets if sent.get(name) is not None
    }


# --- Filters and subscriptions --------------------------------------------------------------------

DROP: dict[str, Any] = {"type": "DROP"}


def filters_of(*found: dict[str, Any]) -> list[FilterDraft]:
    return msgspec.convert(list(found), list[FilterDraft])


def subscriptions_of(*found: dict[str, Any]) -> list[SubscriptionDraft]:
    return msgspec.convert(
        [{"slug": "orders", "action": "send", **each} for each in found], list[SubscriptionDraft]
    )


def test_filters_and_subscriptions_come_back_and_are_followed(control: Control) -> None:
    filters = filters_of({"if": "event = 'x'", "actions": [DROP], "title": "No x"})
    subscriptions = subscriptions_of(
        {"trigger": 'type = "track"', "mapping": {"data": {"id": {"@path": "$.messageId"}}}}
    )

    made = control.make(filters=filters, subscriptions=subscriptions)

    assert (made.filters, made.subscriptions) == (filters, subscriptions)
    assert control.destinations.get("hook") == made
    [followed] = read_workspace(control.config).destinations
    assert msgspec.convert(followed.filters, list[FilterDraft]) == filters
    assert msgspec.convert(followed.subscriptions, list[SubscriptionDraft]) == subscriptions
    [entry] = control.audit()
    assert entry.after["filters"][0]["if"] == "event = 'x'"
    assert entry.after["subscriptions"][0]["trigger"] == 'type = "track"'


def test_a_filter_may_be_a_search_and_is_followed_as_one(control: Control) -> None:
    search = {"if": "properties.total:<10", "language": "lucene", "actions": [DROP]}
    filters = filters_of(search, {**search, "if": "all", "language": "fql"})

    made = control.make(filters=filters)

    assert [each.language for each in made.filters] == ["lucene", UNSET]
    [followed] = read_workspace(control.config).destinations
    assert followed.filters[0]["language"] == "lucene"
    screen_of(followed.filters)


def test_filters_and_subscriptions_are_changed_whole_restored_and_go_back_to_those_of_the_type(
    control: Control,
) -> None:
    filters = filters_of({"if": "all", "actions": [DROP]})
    subscriptions = subscriptions_of({})
    control.make()

    changed = control.change(filters=filters, subscriptions=subscriptions)
    same = control.change(filters=filters, subscriptions=subscriptions)
    cleared = control.change(filters=[], subscriptions=None)
    restored = control.destinations.restore("hook", 2, version=None, actor=ACTOR)

    assert (changed.version, changed.filters, changed.subscriptions) == (2, filters, subscriptions)
    assert same == changed
    assert (cleared.version, cleared.filters, cleared.subscriptions) == (3, [], None)
    assert (restored.version, restored.filters, restored.subscriptions) == (
        4,
        filters,
        subscriptions,
    )
    versions = control.destinations.versions("hook", before=None, limit=9)
    assert [each.filters for each in versions] == [filters, [], filters, []]
    assert [each.subscriptions for each in versions] == [subscriptions, None, subscriptions, None]


def test_delivery_rules_come_back_are_followed_and_are_changed_one_by_one(
    control: Control,
) -> None:
    rules = DeliveryRules(
        events_per_s_max=50.0, requests_at_once_max=2, consent_categories=["b", "a", "b"]
    )

    made = control.make(delivery=rules)
    changed = control.change(
        delivery=DeliveryRulesChange(events_per_s_max=None, retry_window_h=24.0)
    )
    same = control.change(delivery=DeliveryRulesChange(retry_window_h=24.0))
    [followed] = read_workspace(control.config).destinations
    restored = control.destinations.restore("hook", 1, version=None, actor=ACTOR)

    assert made.delivery == DeliveryRules(
        events_per_s_max=50.0, requests_at_once_max=2, consent_categories=["a", "b"]
    )
    assert changed.delivery == DeliveryRules(
        requests_at_once_max=2, retry_window_h=24.0, consent_categories=["a", "b"]
    )
    assert (same, followed.delivery) == (changed, changed.delivery)
    assert (restored.version, restored.delivery) == (3, made.delivery)
    versions = control.destinations.versions("hook", before=None, limit=9)
    assert [each.delivery for each in versions] == [made.delivery, changed.delivery, made.delivery]
    [_, entry, _] = control.audit()
    assert entry.before["delivery"]["events_per_s_max"] == 50.0
    assert entry.after["delivery"]["events_per_s_max"] is None


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"if": "type ="}, "filters[0].if", "at character 7"),
        ({"actions": [{**DROP, "percent": 0.5}]}, "filters[0].actions[0].percent", "no such"),
        ({"actions": [{"type": "SAMPLE"}]}, "filters[0].actions[0].percent", "is missing"),
        ({"actions": [{"type": "DROP_PROPERTIES"}]}, "filters[0].actions[0].fields", "is missing"),
        (
            {"actions": [DROP, {"type": "SAMPLE", "percent": 1, "path": ".."}]},
            "filters[0].actions",
            "no path",
        ),
        ({"title": "x", "if": "event = 'a\0'"}, "filters", "u0000"),
        ({"if": "type:(", "language": "lucene"}, "filters[0].if", "at character 7"),
        ({"if": "source:app", "language": "lucene"}, "filters[0].if", "at character 1"),
    ],
)
def test_a_wrong_filter_is_refused_with_its_place(
    control: Control, given: dict[str, Any], field: str, words: str
) -> None:
    filters = filters_of({"if": "all", "actions": [DROP], **given})

    with pytest.raises(ChangeError, match=words) as error:
        control.make(filters=filters)

    assert refusal(error) == ("invalid", field)
    assert control.slugs() == []


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"slug": "first"}, "subscriptions[1].slug", "another one"),
        ({"action": "fax"}, "subscriptions[1].action", "Webhook has 'send'"),
        ({"trigger": "type in ['track']"}, "subscriptions[1].trigger", "at character 6"),
        ({"mapping": {"text": 1}}, "subscriptions[1].mapping.text", "'send' has data"),
        (
            {"mapping": {"data": {"a": {"@path": 7}}}},
            "subscriptions[1].mapping.data",
            "expected a text",
        ),
        ({"mapping": {"data": None}}, "subscriptions[1].mapping.data", "is required"),
        ({"mapping": {"data": 2**70}}, "subscriptions", "beyond 64 bits"),
        ({"mapping": {"data": {"a": "x" * 65_000, "b": 1}}, "name": "x"}, "", ""),
    ],
)
def test_a_wrong_subscription_is_refused_with_its_place(
    control: Control, given: dict[str, Any], field: str, words: str
) -> None:
    subscriptions = subscriptions_of({"slug": "first"}, given)

    if not field:
        assert control.make(subscriptions=subscriptions).subscriptions == subscriptions
        return
    with pytest.raises(ChangeError, match=words) as error:
        control.make(subscriptions=subscriptions)

    assert refusal(error) == ("invalid", field)
    assert control.slugs() == []


def test_subscriptions_are_bounded_as_a_whole(control: Control) -> None:
    large = {"mapping": {"data": {"a": "x" * 60_000}}}
    subscriptions = subscriptions_of(*({**large, "slug": f"s{number}"} for number in range(3)))

    with pytest.raises(ChangeError, match="the limit is 131072") as error:
        control.make(subscriptions=subscriptions)

    assert refusal(error) == ("invalid", "subscriptions")


def test_a_preview_is_of_a_destination_or_a_type_with_what_is_given_in_its_place(
    control: Control,
) -> None:
    filters = filters_of({"if": "all", "actions": [DROP]})
    control.make(filters=filters)

    stored = control.destinations.previewed(PreviewedDestination(slug="hook"))
    tried = control.destinations.previewed(
        PreviewedDestination(slug="hook", filters=[], subscriptions=subscriptions_of({}))
    )
    of_type = control.destinations.previewed(PreviewedDestination(type="slack"))

    assert (stored.type.slug, len(stored.filters), stored.subscriptions) == ("webhook", 1, None)
    assert tried.filters == []
    assert tried.subscriptions is not None
    assert tried.subscriptions[0]["slug"] == "orders"
    assert of_type.type.slug == "slack"
    assert control.destinations.get("hook").version == 1
    for wrong in (PreviewedDestination(), PreviewedDestination(slug="hook", type="slack")):
        with pytest.raises(ChangeError, match="either the slug of one or a type"):
            control.destinations.previewed(wrong)
