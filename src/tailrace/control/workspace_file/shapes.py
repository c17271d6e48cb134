"""What a workspace file may hold; defaults are those of new sources, destinations and members."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tailrace.config import IpSetting, JsonMapping, Kind, Slug, WriteKey
from tailrace.control.delivery_alert_rules import AlertConditions
from tailrace.control.delivery_alert_shapes import (
    DESTINATIONS_MAX,
    Hours,
    NotifyType,
)
from tailrace.control.delivery_rules import DeliveryRules
from tailrace.control.destination_filters import Filters, Subscriptions
from tailrace.control.keys import KEYS_MAX
from tailrace.control.people import Email
from tailrace.control.permissions import Role
from tailrace.control.saved_query_shapes import Description, QueryKind
from tailrace.control.settings import Settings
from tailrace.control.shapes import Name, PerSecond
from tailrace.control.workspace_file.reading import Node

SourceSlugs = Annotated[list[Slug], Meta(max_length=2_000)]
"""Empty where all that were meant have been deleted."""


WatchedSlugs = Annotated[list[Slug], Meta(max_length=DESTINATIONS_MAX)]
"""Empty where all that were watched have been deleted."""


class SecretRef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the value of a secret is found: an environment variable, or a file beside this one."""

    env: str | None = None
    file: str | None = None

    @property
    def name(self) -> str:
        """Under which name its value is sent."""
        return f"env:{self.env}" if self.file is None else f"file:{self.file}"


class FileKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A write key of a source; after `expires_at` it is unknown."""

    key: WriteKey
    label: Name = ""
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class FileSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events come from. Without `write_keys` the file says nothing of them."""

    name: Name = ""
    kind: Kind = "web"
    enabled: bool = True
    ip: IpSetting = "keep"
    requests_per_s_max: PerSecond | None = None
    webhook_secret: SecretRef | None = None
    json: JsonMapping = JsonMapping()
    write_keys: Annotated[list[FileKey], Meta(max_length=KEYS_MAX)] | UnsetType = UNSET


class FileDestination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tool that receives events; `sources` are those whose events go there, null for all.

    `settings` are those of its type, and so are the subscriptions where `subscriptions` is null.
    """

    name: Name = ""
    type: Slug
    enabled: bool = True
    sources: SourceSlugs | None = None
    settings: Node = msgspec.field(default_factory=lambda: Node(0, {}))
    filters: Filters = []
    subscriptions: Subscriptions | None = None
    delivery: DeliveryRules = DeliveryRules()


class FileNotify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where messages of a delivery alert go; `secret` signs what a webhook gets."""

    type: NotifyType
    url: SecretRef
    secret: SecretRef | None = None


class FileDeliveryAlert(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told when a destination is in trouble; `destinations` are null for all."""

    name: Name = ""
    enabled: bool = True
    destinations: WatchedSlugs | None = None
    when: AlertConditions
    repeat_every_h: Hours | None = None
    notify: dict[Slug, FileNotify]


class FileSavedQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question that everybody finds among the saved queries."""

    name: Name = ""
    description: Description = ""
    kind: QueryKind
    body: Node


class FileMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may sign in; `sources` are for the role source-only."""

    name: Name = ""
    role: Role
    sources: SourceSlugs | None = None


class WorkspaceFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The workspace as a file; about a section that is missing it says nothing."""

    version: Literal[1]
    settings: Settings | UnsetType = UNSET
    sources: dict[Slug, FileSource] | UnsetType = UNSET
    destinations: dict[Slug, FileDestination] | UnsetType = UNSET
    delivery_alerts: dict[Slug, FileDeliveryAlert] | UnsetType = UNSET
    saved_queries: dict[Slug, FileSavedQuery] | UnsetType = UNSET
    members: dict[Email, FileMember] | UnsetType = UNSET
