"""What the workspace as a file promises, over SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from postgres import Cluster, running_cluster
from tailrace.config import Config, ControlConfig, JsonMapping, Secret, Source
from tailrace.control import read_workspace
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.destination_shapes import DestinationDraft
from tailrace.control.destinations import Destinations
from tailrace.control.keys import KeyDraft, WriteKeys
from tailrace.control.members import Members
from tailrace.control.models import AuditRow
from tailrace.control.people import MemberDraft
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
        dsn = Secret(self._cluster.new_database()) if self._cluster else None
        config = Config(
            data_dir=self._tmp_path / f"data{len(self.made)}",
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
