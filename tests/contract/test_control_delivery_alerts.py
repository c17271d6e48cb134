"""Delivery alerts as they are kept: checked, sealed, versioned, audited, and as a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from migrated import put_tables
from tailrace.config import Config, Source
from tailrace.control import read_workspace
from tailrace.control.audit import WantedEntries, audit_page
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.delivery_alert_shapes import (
    DeliveryAlert,
    DeliveryAlertChange,
    DeliveryAlertDraft,
)
from tailrace.control.delivery_alerts import ALERTS_MAX, DeliveryAlerts
from tailrace.control.destination_shapes import DestinationDraft
from tailrace.control.destinations import Destinations
from tailrace.control.keys import WriteKeys
from tailrace.control.members import Members
from tailrace.control.models import Base
from tailrace.control.permissions import PERMISSIONS, Principal
from tailrace.control.prepare import prepare
from tailrace.control.rotation import rotate_key
from tailrace.control.settings import WorkspaceSettings
from tailrace.control.sources import Sources
from tailrace.control.vault import alert_place, open_vault
from tailrace.control.workspace_file import Asked, Outcome, WorkspaceFileError, WorkspaceFiles
from tailrace.destinations import load_catalog
from tailrace.errors import ChangeError

ACTOR = "owner"
OWNER = Principal(actor=ACTOR, role="owner", permissions=PERMISSIONS)
URL = "https://hooks.slack.com/services/planted-path"
SECRET = "planted-signing-secret"
SLACK = {"type": "slack", "url": URL}
HOOK = {
    "slug": "pager",
    "type": "webhook",
    "url": "https://p.example.com/planted",
    "secret": SECRET,
}


class Control:
    """A prepared workspace with a destination, and what changes its alerts."""

    def __init__(self, directory: Path) -> None:
        self.config = Config(
            data_dir=directory,
            first_source=Source(slug="default", write_keys=("first-write-key",)),
        )
        put_tables(self.config)
        prepare(self.config)
        vault, catalog = open_vault(self.config), load_catalog()
        self.engine = open_engine(self.config)
        self.changes = Changes(self.engine)
        self.alerts = DeliveryAlerts(self.changes, vault, catalog)
        self.destinations = Destinations(self.config, self.changes, vault, catalog)
        sources = Sources(self.config, self.changes, vault)
        self.files = WorkspaceFiles(
            self.config,
            self.changes,
            vault,
            catalog,
            sources=sources,
            write_keys=WriteKeys(self.changes, sources),
            destinations=self.destinations,
            members=Members(self.changes, sources),
            settings=WorkspaceSettings(self.changes),
        )
        draft = DestinationDraft(slug="hook", type="webhook", settings={"url": "https://x.test"})
        self.destinations.create(draft, actor=ACTOR)

    def make(self, slug: str = "on-call", **fields: Any) -> DeliveryAlert:
        given = {"slug": slug, "when": {"down_for_s": 60}, "notify": [SLACK, HOOK], **fields}
        draft = msgspec.convert(given, DeliveryAlertDraft)
        return self.alerts.create(draft, actor=ACTOR)

    def change(self, **fields: Any) -> DeliveryAlert:
        wanted = msgspec.convert(fields, DeliveryAlertChange)
        return self.alerts.change("on-call", wanted, version=None, actor=ACTOR)

    def secrets(self) -> dict[str, str]:
        vault = open_vault(self.config)
        assert vault is not None
        [alert] = read_workspace(self.config).delivery_alerts
        return {
            name: vault.open(sealed, place=alert_place("on-call", name)).reveal()
            for name, sealed in alert.secrets.items()
        }

    def dump(self) -> str:
        with self.engine.connect() as connection:
            return repr(
                [connection.execute(table.select()).all() for table in Base.metadata.sorted_tables]
            )

    def apply(self, text: str, **asked: Any) -> Outcome:
        return self.files.apply(Asked(text=text, **asked), by=OWNER)


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    made = Control(tmp_path / "data")
    yield made
    made.changes.close()


def test_addresses_and_secrets_are_sealed_and_shown_as_stars(control: Control) -> None:
    made = control.make(name="On call")

    assert [(each.slug, each.url, each.secret) for each in made.notify] == [
        ("slack", "https://hooks.slack.com/***", None),
        ("pager", "https://p.example.com/***", "***"),
    ]
    assert "planted" not in control.dump()
    assert "planted" not in repr(made)
    assert control.secrets() == {"slack.url": URL, "pager.url": HOOK["url"], "pager.secret": SECRET}


def test_what_was_read_can_be_sent_back(control: Control) -> None:
    made = control.make()

    again = control.change(
        notify=[msgspec.to_builtins(each) for each in made.notify],
        when=msgspec.to_builtins(made.when),
    )

    assert again == made
    assert control.secrets()["pager.secret"] == SECRET


def test_a_secret_does_not_follow_an_address_elsewhere(control: Control) -> None:
    control.make()
    moved = {**HOOK, "url": "https://mine.example.com/in", "secret": "***"}

    with pytest.raises(ChangeError, match="leads elsewhere") as refused:
        control.change(notify=[moved])

    assert (refused.value.reason, refused.value.field) == ("conflict", "notify[0].secret")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"when": {}}, "when"),
        ({"destinations": ["nope"]}, "destinations"),
        ({"notify": [SLACK, SLACK]}, "notify[1].slug"),
        ({"notify": [{**SLACK, "url": "***"}]}, "notify[0].url"),
        ({"notify": [{**SLACK, "url": "https://hooks.slack.com/***"}]}, "notify[0].url"),
        ({"notify": [{**SLACK, "url": "ftp://planted"}]}, "notify[0].url"),
        ({"notify": [{**SLACK, "secret": SECRET}]}, "notify[0].secret"),
        ({"notify": [{**HOOK, "secret": "***"}]}, "notify[0].secret"),
        ({"notify": [{**HOOK, "url": "https://u:planted@x.test"}]}, "notify[0].url"),
    ],
)
def test_what_is_wrong_is_named_and_tells_no_secret(
    control: Control, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(ChangeError) as refused:
        control.make(**fields)

    assert (refused.value.reason, refused.value.field) == ("invalid", field)
    assert "planted" not in str(refused.value)


def test_alerts_have_versions_and_are_audited(control: Control) -> None:
    control.make()
    changed = control.change(enabled=False, notify=[{**SLACK, "url": f"{URL}-new"}])
    control.alerts.delete("on-call", version=changed.version, actor=ACTOR)

    wanted = WantedEntries(resource="delivery-alerts/on-call")
    entries = audit_page(control.changes, wanted, before_id=None, limit=9)
    deleted, updated, created = entries
    assert [each.action for each in entries] == [
        "delivery-alert.delete",
        "delivery-alert.update",
        "delivery-alert.create",
    ]
    assert updated.after is not None
    assert updated.after["slack.url_changed"] is True
    assert "planted" not in repr([deleted, updated, created])
    with pytest.raises(ChangeError, match="no delivery alert"):
        control.alerts.get("on-call")


def test_a_change_of_an_older_version_is_refused(control: Control) -> None:
    control.make()
    control.change(name="Other")

    with pytest.raises(ChangeError) as refused:
        control.alerts.delete("on-call", version=1, actor=ACTOR)

    assert refused.value.reason == "outdated"


def test_there_are_so_many_alerts_at_most(control: Control) -> None:
    draft = msgspec.convert(
        {"slug": "x", "when": {"down_for_s": 60}, "notify": [SLACK]}, DeliveryAlertDraft
    )
    with control.changes.change(actor=ACTOR) as change:
        for number in range(ALERTS_MAX):
            control.alerts.create_in(change, msgspec.structs.replace(draft, slug=f"a-{number}"))

    with pytest.raises(ChangeError, match=str(ALERTS_MAX)):
        control.make()


def test_only_enabled_alerts_are_followed(control: Control) -> None:
    control.make()
    followed = read_workspace(control.config).delivery_alerts
    control.change(enabled=False)

    assert [(each.slug, each.when["down_for_s"]) for each in followed] == [("on-call", 60)]
    assert read_workspace(control.config).delivery_alerts == ()
    assert control.alerts.followed("on-call").slug == "on-call"


def test_a_new_key_seals_alerts_too(control: Control) -> None:
    control.make()
    before = read_workspace(control.config).delivery_alerts[0].secrets

    rotate_key(control.config)

    assert read_workspace(control.config).delivery_alerts[0].secrets != before
    assert control.secrets()["pager.secret"] == SECRET


def test_alerts_come_out_of_a_file_as_they_went_in(control: Control, tmp_path: Path) -> None:
    control.make(destinations=["hook"], repeat_every_h=4)
    text = control.files.export()
    secrets = {
        "env:TAILRACE_SECRET_DELIVERY_ALERTS_ON_CALL_NOTIFY_SLACK_URL": URL,
        "env:TAILRACE_SECRET_DELIVERY_ALERTS_ON_CALL_NOTIFY_PAGER_URL": HOOK["url"],
        "env:TAILRACE_SECRET_DELIVERY_ALERTS_ON_CALL_NOTIFY_PAGER_SECRET": SECRET,
    }
    other = Control(tmp_path / "other")

    other.apply(text, secrets=secrets)
    again = control.apply(text)

    assert "planted" not in text
    assert all(name.removeprefix("env:") in text for name in secrets)
    assert (again.changes, len(again.kept_secrets)) == ([], 3)
    assert other.files.export() == text
    assert other.secrets() == control.secrets()
    other.changes.close()


def test_a_file_changes_and_prunes_alerts(control: Control) -> None:
    control.make()
    control.make("older")
    text = """
version: 1
delivery_alerts:
  on-call:
    when: {suspended_for_s: 5}
    notify:
      slack: {type: slack, url: {env: SLACK}}
"""

    outcome = control.apply(text, secrets={"env:SLACK": f"{URL}-new"}, prune=True)

    told = {(each.action, each.resource, each.field) for each in outcome.changes}
    assert ("update", "delivery-alerts/on-call", "when.suspended_for_s") in told
    assert ("update", "delivery-alerts/on-call", "notify.slack.url") in told
    assert ("update", "delivery-alerts/on-call", "notify.pager.type") in told
    assert ("delete", "delivery-alerts/older", msgspec.UNSET) in told
    assert "planted" not in repr(outcome)
    assert control.secrets() == {"slack.url": f"{URL}-new"}
    assert control.apply(text, secrets={"env:SLACK": f"{URL}-new"}).changes == []


def test_what_is_wrong_in_a_file_is_named_by_line(control: Control) -> None:
    text = """
version: 1
delivery_alerts:
  a:
    when: {}
    notify: {}
  b:
    when: {down_for_s: 0}
    notify:
      slack: {type: slack, url: planted}
"""

    with pytest.raises(WorkspaceFileError) as refused:
        control.apply(text)

    told = "\n".join(refused.value.lines)
    assert "delivery_alerts.b.when.down_for_s" in told
    assert "delivery_alerts.b.notify.slack.url is a secret" in told
    assert "delivery_alerts.a.notify" in told
    assert "planted" not in told
