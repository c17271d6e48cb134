"""Settings of NATS, and what an event becomes for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from tailrace.destinations import api
from tailrace.destinations.messages import PLACES_EXPECTED
from tailrace.destinations.servers import NODES_EXPECTED, NODES_PATTERN, Tls
from tailrace.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Settings(Tls):
    """Which servers, which subject, and as whom."""

    servers: Annotated[
        str,
        api.Setting(
            "Servers as host:port with commas between, of which the first that answers is used; "
            "the port is 4222 unless it is given.",
            pattern=NODES_PATTERN,
            expected=NODES_EXPECTED,
            length_max=2_000,
            is_address=True,
        ),
    ]
    subject: Annotated[
        str,
        api.Setting(
            f"Subject of the messages; {PLACES_EXPECTED}.",
            pattern=r"([A-Za-z0-9_$-]|\{type\}|\{source\})+(\.([A-Za-z0-9_$-]|\{type\}|\{source\})+)*",
            expected="words of letters, digits, _$-, {type} and {source}, with dots between",
            length_max=200,
        ),
    ] = "events.{type}"
    mode: Annotated[
        str,
        api.Setting(
            "jetstream: a stream has stored each message before it counts as delivered. core: "
            "whoever listens at the time gets it.",
            choices=("jetstream", "core"),
        ),
    ] = "jetstream"
    username: Annotated[str | None, api.Setting("User, where the servers ask for one.")] = None
    password: Annotated[api.Secret | None, api.Setting("Password of the user.")] = None
    token: Annotated[api.Secret | None, api.Setting("Token, instead of user and password.")] = None
    timeout_s: Annotated[
        float,
        api.Setting("Longest wait for the answers to one batch.", minimum=0.1, maximum=60),
    ] = 10.0

    def __post_init__(self) -> None:
        """Refuse half of a pair, and two ways to sign in."""
        super().__post_init__()
        if (self.username is None) != (self.password is None):
            missing = "username" if self.username is None else "password"
            complaint = "is missing: give username and password, or neither"
            raise SettingsError(complaint, problems={missing: complaint})
        if self.token is not None and self.username is not None:
            complaint = "is set beside username: give one of them"
            raise SettingsError(complaint, problems={"token": complaint})


@dataclass(frozen=True, kw_only=True)
class Message:
    """What one event becomes."""

    data: Annotated[api.Json, api.Mapped("What the message holds.", default={"@path": "$."})]
    headers: Annotated[
        Mapping[str, Any] | None,
        api.Mapped("Further headers beside Nats-Msg-Id; what is no text becomes JSON."),
    ] = None
    source: Annotated[str, api.SourceSlug()] = ""
