"""What the workspace as a file promises, over SQLite and PostgreSQL."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET
from sqlalchemy import func, select

from migrated import put_tables
from postgres import Cluster, running_cluster
from tailrace.config import Config, ControlConfig, JsonMapping, Secret, Source
from tailrace.control import read_workspace
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.delivery_rules import DeliveryRules
from tailrace.control.destination_filters import FilterDraft, SubscriptionDraft
from tailrace.control.destination_shapes import DestinationDraft
from tailrace.control.destinations import Destinations
from tailrace.control.keys import KeyDraft, WriteKeys
from tailrace.control.members import Members
from tailrace.control.models import AuditRow
from tailrace.control.people import MemberDraft, WantedMembers
from tailrace.control.permissions import PERMISSIONS, PERMISSIONS_OF, Principal
from tailrace.control.prepare import prepare
from tailrace.control.settings import SettingsChange, WorkspaceSettings
from tailrace.control.shapes import SourceDraft
from tailrace.control.sources import Sources
from tailrace.control.vault import open_vault
from tailrace.control.workspace_file import Asked, Outcome, WorkspaceFileError, WorkspaceFiles
from tailrace.destinations import load_catalog

OWNER = Principal(actor="owner", role="owner", permissions=PERMISSIONS)
ADMIN = Principal(actor="ann@x.test", role="admin", permissions=PERMISSIONS_OF["admin"])
SECRET = "planted-secret-value"
OF_FILE = Source(slug="of-file", write_keys=("key-of-the-file",))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


class Control:
    """A prepared workspace, and everything that changes it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        put_tables(config)
        prepare(config)
        vault, catalog = open_vault(config), load_catalog()
        self.changes = Changes(open_engine(config))
        self.sources = Sources(config, self.changes, vault)
        self.keys = WriteKeys(self.changes, self.sources)
        self.destinations = Destinations(config, self.changes, vault, catalog)
        self.members = Members(self.changes, self.sources)
        self.settings = WorkspaceSettings(self.changes)
        self.files = WorkspaceFiles(
            config,
            self.changes,
            vault,
            catalog,
            sources=self.sources,
            write_keys=self.keys,
            destinations=self.destinations,
            members=self.members,
            settings=self.settings,
        )

    def version(self) -> int:
        return read_workspace(self.config).version

    def audited(self) -> int:
        with self.changes.read() as session:
            return session.scalar(select(func.count()).select_from(AuditRow)) or 0

    def apply(self, text: str, *, by: Principal = OWNER, **asked: object) -> Outcome:
        return self.files.apply(Asked(text=text, **asked), by=by)  # type: ignore[arg-type]

    def diff(self, text: str, *, by: Principal = OWNER, **asked: object) -> Outcome:
        return self.files.diff(Asked(text=text, **asked), by=by)  # type: ignore[arg-type]

    def problems(self, text: str, *, by: Principal = OWNER, **asked: object) -> list[str]:
        """Return what stands in the way of a file, which must change nothing."""
        before = self.files.export(), self.version(), self.audited()
        with pytest.raises(WorkspaceFileError) as caught:
            self.apply(text, by=by, **asked)
        assert (self.files.export(), self.version(), self.audited()) == before
        return caught.value.lines


class MakeControl:
    """Makes workspaces in one kind of database."""

    def __init__(self, tmp_path: Path, cluster: Cluster | None) -> None:
        self._tmp_path = tmp_path
        self._cluster = cluster
        self.made: list[Control] = []

    def __call__(self, *, key: str = "first-write-key") -> Control:
        number = len(self.made)
        dsn = Secret(self._cluster.migrated_database(number)) if self._cluster else None
        config = Config(
            data_dir=self._tmp_path / f"data{number}",
            control=ControlConfig(dsn=dsn),
            sources=(OF_FILE,),
            file=self._tmp_path / "tailrace.toml",
            given_write_key=key,
            first_source=Source(slug="default", name="My app", write_keys=(key,)),
        )
        self.made.append(Control(config))
        return self.made[-1]


@pytest.fixture(params=["sqlite", "postgresql"])
def make_control(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeControl]:
    is_sqlite = request.param == "sqlite"
    make = MakeControl(tmp_path, None if is_sqlite else request.getfixturevalue("cluster"))
    yield make
    for each in make.made:
        each.changes.close()


@pytest.fixture
def control(make_control: MakeControl) -> Control:
    return make_control()


FILTERS: list[dict[str, Any]] = [
    {"if": "event = 'yes'", "actions": [{"type": "DROP"}]},
    {
        "if": "all",
        "title": "No",
        "enabled": False,
        "actions": [
            {"type": "SAMPLE", "percent": 1, "path": "userId"},
            {"type": "ALLOW_PROPERTIES", "fields": {"": ["userId"], "context.device": ["id"]}},
        ],
    },
]
SUBSCRIPTIONS: list[dict[str, Any]] = [
    {"slug": "as-it-is", "action": "send"},
    {
        "slug": "orders",
        "action": "send",
        "name": "Orders",
        "enabled": False,
        "trigger": 'type = "track"',
        "mapping": {"data": {"no": None, "on": ["yes", 1.0, 1.5], "id": {"@path": "$.userId"}}},
    },
]


@pytest.fixture
def full(make_control: MakeControl) -> Control:
    """Give a workspace with something of everything, deleted things too."""
    control = make_control(key="key-of-another-start")
    control.settings.change(
        SettingsChange(name="Acme", token_days_max=30), version=None, actor="owner"
    )
    control.sources.create(
        SourceDraft(
            slug="web-shop",
            name="Web: shop, 'quoted' # no comment",
            kind="server",
            enabled=False,
            ip="drop",
            requests_per_s_max=12.5,
            webhook_secret=SECRET,
            json=JsonMapping(event="yes", user_id="1e5"),
            write_key="key-of-the-web-shop",
        ),
        actor="owner",
    )
    control.keys.add("web-shop", KeyDraft(key="0123456789", label="null"), actor="owner")
    control.keys.add("web-shop", KeyDraft(label="newest", overlap_s=86_400), actor="owner")
    for slug in ("gone", "also-gone"):
        control.sources.create(SourceDraft(slug=slug), actor="owner")
    control.destinations.create(
        DestinationDraft(
            slug="to-hook",
            type="webhook",
            name="Hook",
            sources=["web-shop", "gone"],
            settings={
                "url": "https://hook.test/in",
                "shared_secret": SECRET,
                "headers": {"X-B": "1", "X-A": "on"},
            },
            filters=msgspec.convert(FILTERS, list[FilterDraft]),
            subscriptions=msgspec.convert(SUBSCRIPTIONS, list[SubscriptionDraft]),
            delivery=DeliveryRules(events_per_s_max=50.0, consent_categories=["no", "yes"]),
        ),
        actor="owner",
    )
    control.destinations.create(
        DestinationDraft(
            slug="of-the-gone",
            type="webhook",
            enabled=False,
            sources=["also-gone"],
            settings={"url": "https://hook.test/2"},
        ),
        actor="owner",
    )
    control.members.create(MemberDraft(email="Ann@X.test", role="owner"), by=OWNER)
    control.members.create(
        MemberDraft(email="bob@x.test", name="Bob", role="source-only", sources=["web-shop"]),
        by=OWNER,
    )
    for slug in ("gone", "also-gone"):
        control.sources.delete(slug, version=None, actor="owner")
    return control


SECRETS = {
    "env:TAILRACE_SECRET_SOURCES_WEB_SHOP_WEBHOOK_SECRET": SECRET,
    "env:TAILRACE_SECRET_DESTINATIONS_TO_HOOK_SHARED_SECRET": SECRET,
}


def test_a_workspace_does_not_differ_from_its_export(full: Control) -> None:
    text = full.files.export()
    version = full.version()

    outcome = full.diff(text, secrets=SECRETS, prune=True)

    assert outcome == Outcome(changes=[], kept_secrets=[], not_in_file=[])
    assert full.version() == version
    assert SECRET not in text


def test_an_export_that_is_applied_to_an_empty_workspace_gives_the_same_bytes(
    full: Control, make_control: MakeControl
) -> None:
    text = full.files.export()
    empty = make_control()
    version = empty.version()

    empty.apply(text, secrets=SECRETS, prune=True)

    assert empty.files.export() == text
    assert empty.version() == version + 1
    assert empty.diff(text, secrets=SECRETS, prune=True).changes == []
    changed = {"env:TAILRACE_SECRET_SOURCES_WEB_SHOP_WEBHOOK_SECRET": "another"}
    [difference] = empty.diff(text, secrets=changed).changes
    assert (difference.field, difference.before, difference.after) == (
        "webhook_secret",
        "***",
        "***",
    )


def test_an_applied_file_changes_nothing_again(control: Control) -> None:
    text = "version: 1\nsources:\n  web:\n    write_keys:\n      - key: key-of-the-web\n"
    control.apply(text, prune=True)
    before = control.version(), control.audited()

    again = control.apply(text, prune=True)

    assert again.changes == []
    assert (control.version(), control.audited()) == before


def test_what_is_compared_is_what_is_applied(full: Control) -> None:
    text = """version: 1
settings: {}
sources:
  web-shop:
    enabled: false
    webhook_secret: {env: S}
    write_keys:
      - key: key-of-the-web-shop
        label: moved
      - key: key-that-is-new
  new:
    kind: json
    json: {event: name}
destinations:
  to-hook:
    type: webhook
    settings: {url: https://hook.test/other, timeout_s: 5}
members:
  bob@x.test:
    role: viewer
"""
    asked: dict[str, Any] = {"secrets": {"env:S": "another secret"}, "prune": True}

    foreseen = full.diff(text, **asked)
    done = full.apply(text, **asked)

    assert foreseen == done
    assert full.diff(text, **asked).changes == []
    told = [
        (one.action, one.resource, None if one.field is UNSET else one.field)
        for one in done.changes
    ]
    assert told[:2] == [("update", "settings", "name"), ("update", "settings", "token_days_max")]
    assert ("update", "sources/web-shop", "webhook_secret") in told
    assert ("update", "sources/web-shop/write-keys/key-***", "label") in told
    assert ("create", "sources/web-shop/write-keys/key-***", None) in told
    assert ("delete", "sources/web-shop/write-keys/0123***", None) in told
    assert ("create", "sources/new", None) in told
    assert ("delete", "sources/default", None) in told
    assert ("update", "destinations/to-hook", "settings.shared_secret") in told
    assert ("delete", "destinations/of-the-gone", None) in told
    assert ("update", "members/bob@x.test", "role") in told
    # The last owner stays, whoever applies the file.
    assert done.not_in_file == ["members/ann@x.test"]
    assert full.members.get(member_id(full, "bob@x.test")).state.sources is None


def member_id(control: Control, email: str) -> str:
    [found] = control.members.page(WantedMembers(text=email), after="", limit=10)
    return found.id


def test_without_prune_nothing_is_removed_and_the_rest_is_named(full: Control) -> None:
    text = "version: 1\nsources: {}\ndestinations: {}\nmembers: {}\n"
    before = full.files.export()

    outcome = full.apply(text)

    assert outcome.changes == []
    assert outcome.not_in_file == [
        "sources/default",
        "sources/web-shop",
        "destinations/of-the-gone",
        "destinations/to-hook",
        "members/ann@x.test",
        "members/bob@x.test",
    ]
    assert full.files.export() == before


def test_a_file_says_nothing_about_sections_that_it_lacks(full: Control) -> None:
    before = full.files.export()

    outcome = full.apply("version: 1\n", prune=True)

    assert outcome == Outcome(changes=[], kept_secrets=[], not_in_file=[])
    assert full.files.export() == before


def test_a_source_without_write_keys_keeps_its_own_or_gets_one(control: Control) -> None:
    control.apply("version: 1\nsources: {default: {}, new: {}, none: {write_keys: []}}", prune=True)

    assert control.sources.get("default").state.write_keys == ["first-write-key"]
    assert len(control.sources.get("new").state.write_keys) == 1
    assert control.sources.get("none").state.write_keys == []


def test_a_reference_without_a_value_keeps_the_secret_that_is_set(full: Control) -> None:
    text = full.files.export().replace("kind: server", "kind: mobile")

    outcome = full.apply(text)

    assert [one.field for one in outcome.changes] == ["kind"]
    assert outcome.kept_secrets == [
        "sources.web-shop.webhook_secret",
        "destinations.to-hook.settings.shared_secret",
    ]
    assert full.diff(text, secrets=SECRETS) == Outcome(changes=[], kept_secrets=[], not_in_file=[])


def test_a_secret_that_the_file_leaves_out_is_taken_away(full: Control) -> None:
    lines = full.files.export().splitlines()
    text = "\n".join(line for line in lines if "TAILRACE_SECRET" not in line)

    outcome = full.apply(text)

    assert [(one.field, one.before, one.after) for one in outcome.changes] == [
        ("webhook_secret", "***", None),
        ("settings.shared_secret", "***", None),
    ]
    assert full.sources.get("web-shop").state.webhook_secret is None


def test_all_problems_are_told_at_once_with_line_and_path(full: Control) -> None:
    text = """version: 1
sources:
  gone: {}
  of-file: {}
  web-shop:
    nam: x
    webhook_secret: planted-secret-value
  new:
    webhook_secret: {env: NOPE}
    write_keys:
      - key: key-of-another-start
      - key: key-of-the-file
destinations:
  to-hook:
    type: s3
  x:
    type: webhook
    sources: [nope]
    settings:
      url: https://hook.test
  y:
    type: webhook
    settings:
      url: ftp://planted
      frob: 1
      shared_secret: {env: NOPE}
      auth_value: planted-secret-value
  z:
    type: nope
  later:
    type: webhook
    sources: [web-shop]
    settings:
      url: https://hook.test
members:
  bob@x.test:
    role: source-only
  BOB@x.test:
    role: viewer
"""

    lines = full.problems(text)

    assert SECRET not in "\n".join(lines)
    found = [line.removeprefix("workspace.yaml, ").partition(": ")[::2] for line in lines]
    assert [(where, message.split(" ")[0].rstrip(":")) for where, message in found] == [
        ("line 3", "sources.gone"),
        ("line 4", "sources.of-file"),
        ("line 6", "sources.web-shop.nam"),
        ("line 7", "sources.web-shop.webhook_secret"),
        ("line 9", "sources.new.webhook_secret"),
        ("line 11", "sources.new.write_keys[0].key"),
        ("line 12", "sources.new.write_keys[1].key"),
        ("line 15", "destinations.to-hook.type"),
        ("line 18", "destinations.x.sources"),
        ("line 24", "destinations.y.settings.url"),
        ("line 25", "destinations.y.settings.frob"),
        ("line 26", "destinations.y.settings.shared_secret"),
        ("line 27", "destinations.y.settings.auth_value"),
        ("line 29", "destinations.z.type"),
        ("line 36", "members.bob@x.test"),
        ("line 38", "members.BOB@x.test"),
    ]


def test_an_error_in_the_last_resource_leaves_everything_as_it_was(full: Control) -> None:
    text = """version: 1
settings: {name: Other}
sources:
  web-shop: {write_keys: []}
  new: {}
destinations: {}
members:
  eve@x.test: {role: source-only, sources: [nope]}
"""

    [line] = full.problems(text, prune=True)

    assert line == ("workspace.yaml, line 8: members.eve@x.test.sources: there is no source 'nope'")


def test_the_slug_of_a_deleted_destination_is_not_given_away(full: Control) -> None:
    full.destinations.delete("to-hook", version=None, actor="owner")

    text = "version: 1\ndestinations:\n  to-hook: {type: webhook, settings: {url: https://a.b}}\n"
    [line] = full.problems(text)

    assert line.startswith("workspace.yaml, line 3: destinations.to-hook: the slug 'to-hook' ")


def test_a_disabled_write_key_is_not_taken_again(control: Control) -> None:
    added = control.keys.add("default", KeyDraft(key="key-that-leaked"), actor="owner")
    assert added.id is not None
    control.keys.disable("default", added.id, actor="owner")

    text = "version: 1\nsources:\n  default:\n    write_keys:\n      - key: key-that-leaked\n"
    [line] = control.problems(text)

    assert line.startswith("workspace.yaml, line 5: sources.default.write_keys[0].key: ")
    assert "key-that-leaked" not in line
    assert "was disabled" in line


def test_a_write_key_whose_time_is_over_is_not_added(control: Control) -> None:
    over = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    text = f"""version: 1
sources:
  default:
    write_keys:
      - key: first-write-key
      - key: key-of-yesterday
        expires_at: {over}
  new:
    write_keys:
      - key: key-of-the-day-before
        expires_at: {over}
"""

    outcome = control.apply(text)

    assert [one.resource for one in outcome.changes] == [
        "sources/default",
        "sources/default/write-keys/firs***",
        "sources/new",
    ]
    assert control.sources.get("new").state.write_keys == []
    assert control.diff(text).changes == []


def test_an_end_of_a_write_key_is_moved(control: Control) -> None:
    at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    text = f"""version: 1
sources:
  default:
    name: My app
    write_keys:
      - key: first-write-key
        label: first
        expires_at: {at}
"""

    control.apply(text)

    [key] = control.keys.of("default")
    assert (key.state, key.expires_at) == ("expiring", datetime.fromisoformat(at))
    assert control.diff(text).changes == []


def test_an_admin_cannot_touch_owners_by_a_file(full: Control) -> None:
    text = """version: 1
members:
  ann@x.test: {role: viewer}
  eve@x.test: {role: owner}
  bob@x.test: {role: admin}
"""

    lines = full.problems(text, by=ADMIN)

    assert [line.partition(": only owners")[0] for line in lines] == [
        "workspace.yaml, line 3: members.ann@x.test.role",
        "workspace.yaml, line 4: members.eve@x.test.role",
    ]
    with pytest.raises(WorkspaceFileError) as caught:
        full.apply(text, by=ADMIN)
    assert caught.value.reason == "not-allowed"


def test_whoever_applies_a_file_stays(full: Control) -> None:
    full.members.create(MemberDraft(email="eve@x.test", role="owner"), by=OWNER)
    eve = Principal(
        actor="eve@x.test",
        role="owner",
        permissions=PERMISSIONS,
        member_id=member_id(full, "eve@x.test"),
    )

    outcome = full.apply("version: 1\nmembers: {}\n", by=eve, prune=True)

    assert [one.resource for one in outcome.changes] == ["members/ann@x.test", "members/bob@x.test"]
    assert outcome.not_in_file == ["members/eve@x.test"]


def test_ownership_is_handed_over_in_one_file(full: Control) -> None:
    text = "version: 1\nmembers:\n  ann@x.test: {role: viewer}\n  eve@x.test: {role: owner}\n"

    full.apply(text)

    assert full.members.get(member_id(full, "ann@x.test")).state.role == "viewer"


def test_files_that_are_applied_at_once_wait_for_each_other(control: Control) -> None:
    texts = [f"version: 1\nsettings:\n  name: N{number}\n" for number in range(4)]
    before = control.version(), control.audited()
    threads = [threading.Thread(target=control.apply, args=(text,)) for text in texts]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert control.version() == before[0] + 4
    assert control.audited() == before[1] + 4


def test_an_export_leaves_out_sources_of_the_settings_file_and_says_so(full: Control) -> None:
    text = full.files.export()

    assert "# Left out, as tailrace.toml manages them: of-file.\n" in text
    assert "key-of-the-file" not in text


def test_secrets_are_never_written_down_in_clear(full: Control) -> None:
    full.apply(full.files.export(), secrets=dict.fromkeys(SECRETS, "planted-new-value"))

    with full.changes.read() as session:
        entries = [(row.before, row.after) for row in session.scalars(select(AuditRow))]
    assert "planted" not in str(entries)
    assert "planted" not in full.files.export()
    assert full.sources.get("web-shop").state.webhook_secret == "***"


@pytest.mark.parametrize("value", ["***", "x" * 1_001, "zero\0byte"])
def test_a_value_that_is_no_secret_is_refused_and_not_shown(full: Control, value: str) -> None:
    text = "version: 1\nsources:\n  web-shop: {webhook_secret: {env: S}}\n"

    [line] = full.problems(text, secrets={"env:S": value})

    assert line.startswith("workspace.yaml, line 3: sources.web-shop.webhook_secret: ")
    assert value == "***" or value not in line


def test_delivery_rules_are_changed_by_a_file_and_go_back_to_the_default_without(
    control: Control,
) -> None:
    head = (
        "version: 1\ndestinations:\n  a:\n    type: webhook\n    settings: {url: https://a.test}\n"
    )
    text = head + "    delivery: {events_per_s_max: 5, consent_categories: [ads]}\n"

    control.apply(text)
    told = control.destinations.get("a").delivery
    exported = control.files.export()
    without = control.apply(head)
    wrong = control.problems(head + "    delivery: {requests_at_once_max: 0, pace: 1}\n")

    assert told == DeliveryRules(events_per_s_max=5.0, consent_categories=["ads"])
    assert "    delivery:\n      events_per_s_max: 5\n" in exported
    assert sorted(str(each.field) for each in without.changes) == [
        "delivery.consent_categories",
        "delivery.events_per_s_max",
    ]
    assert control.destinations.get("a").delivery == DeliveryRules()
    assert [line.partition("line 6: destinations.a.delivery.")[2][:20] for line in wrong] == [
        "pace is not known; e",
        "requests_at_once_max",
    ]


def test_filters_and_subscriptions_are_written_without_what_is_the_default(full: Control) -> None:
    text = full.files.export()

    assert "      - slug: as-it-is\n        action: send\n      - slug: orders\n" in text
    assert "      - if: event = 'yes'\n        actions:\n          - type: DROP\n" in text


def test_filters_and_subscriptions_are_changed_by_a_file_and_left_to_the_type_without(
    full: Control,
) -> None:
    text = """version: 1
destinations:
  to-hook:
    type: webhook
    settings: {url: https://hook.test/in}
    subscriptions:
      - {slug: new, action: send, trigger: type = "page"}
"""

    outcome = full.apply(text)

    fields = {each.field: each.after for each in outcome.changes}
    assert fields["filters"] == []
    assert fields["subscriptions"] == [
        {
            "slug": "new",
            "action": "send",
            "name": "",
            "enabled": True,
            "trigger": 'type = "page"',
            "mapping": {},
        }
    ]
    assert full.apply(text).changes == []
    without = text.split("    subscriptions:")[0]
    [difference] = full.apply(without).changes
    assert (difference.field, difference.after) == ("subscriptions", None)


def test_a_wrong_filter_or_subscription_of_a_file_is_told_with_its_line(control: Control) -> None:
    text = """version: 1
destinations:
  a:
    type: webhook
    settings: {url: https://hook.test/in}
    filters:
      - if: type =
        actions:
          - type: DROP
  b:
    type: webhook
    settings: {url: https://hook.test/in}
    subscriptions:
      - slug: s
        action: send
        mapping: {text: 1}
      - slug: s
        action: send
        when: all
"""

    with pytest.raises(WorkspaceFileError) as error:
        control.apply(text)

    told = str(error.value)
    assert "line 7: destinations.a.filters[0].if: at character 7: expected" in told
    assert "destinations.b.subscriptions[1].when is not known" in told
