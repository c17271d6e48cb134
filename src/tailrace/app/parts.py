"""What the routes work with, put together once at start."""

from collections.abc import Callable
from dataclasses import dataclass

from litestar.di import NamedDependency

from tailrace.app.access import Access, Hosts
from tailrace.app.askers import Asking
from tailrace.app.delivery_gauges import DeliveryGauges
from tailrace.app.joining import Joining
from tailrace.app.live import Live
from tailrace.app.numbers import Numbers
from tailrace.app.openid import OpenId
from tailrace.app.pulse import Pulse
from tailrace.app.signing import Signing
from tailrace.app.tails import LogReader
from tailrace.app.web import WebFiles
from tailrace.app.workers import Workers
from tailrace.config import Config
from tailrace.control import Follower
from tailrace.control.accounts import Accounts
from tailrace.control.changes import Changes
from tailrace.control.delivery_alerts import DeliveryAlerts
from tailrace.control.destinations import Destinations
from tailrace.control.invites import Invites
from tailrace.control.keys import WriteKeys
from tailrace.control.members import Members
from tailrace.control.openid import OpenIdMembers
from tailrace.control.saved_queries import SavedQueries
from tailrace.control.sessions import Sessions
from tailrace.control.settings import WorkspaceSettings
from tailrace.control.sources import Sources
from tailrace.control.tokens import Tokens
from tailrace.control.workspace_file import WorkspaceFiles
from tailrace.deliver.alerts import AlertTesting
from tailrace.deliver.backfill_jobs import Jobs
from tailrace.deliver.checking import Checking
from tailrace.deliver.trying import Trying
from tailrace.query import Questions
from tailrace.store import Store


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of one app server.

    `asking` runs questions to the store, `reading` everything else that blocks, so that slow
    questions do not hold up the status, nor a control database that is away anything else:
    `deciding` runs what asks it, `applying` whole workspace files, and `hashing` works on
    passwords. `loader_problem` says why nothing is being loaded, or "". `openid` is None where no
    provider is set up.
    """

    config: Config
    log: LogReader
    store: Store
    questions: Questions
    access: Access
    signing: Signing
    joining: Joining
    accounts: Accounts
    sessions: Sessions
    hosts: Hosts
    live: Live
    pulse: Pulse
    numbers: Numbers
    web: WebFiles
    asking: Asking
    reading: Workers
    deciding: Workers
    hashing: Workers
    following: Follower
    sources: Sources
    write_keys: WriteKeys
    destinations: Destinations
    trying: Trying
    checking: Checking
    delivery_alerts: DeliveryAlerts
    alert_testing: AlertTesting
    delivery_gauges: DeliveryGauges
    backfills: Jobs
    saved_queries: SavedQueries
    members: Members
    invites: Invites
    openid: OpenId | None
    openid_members: OpenIdMembers
    tokens: Tokens
    settings: WorkspaceSettings
    workspace_files: WorkspaceFiles
    applying: Workers
    changes: Changes
    loader_problem: Callable[[], str]


Given = NamedDependency[Parts]
"""How a route asks for the parts: as an argument named `parts`."""
