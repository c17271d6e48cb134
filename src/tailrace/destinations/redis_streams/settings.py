"""Settings of Redis Streams, and what an event becomes for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from tailrace.destinations import api
from tailrace.destinations.messages import PLACES_EXPECTED
from tailrace.destinations.servers import NODE_PATTERN, Tls
from tailrace.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Settings(Tls):
    """Which server, which stream, and as whom."""

    server: Annotated[
        str,
        api.Setting(
            "Server as host:port; the port is 6379 unless it is given.",
            pattern=NODE_PATTERN,
            expected="host:port",
            is_address=True,
        ),
    ]
    stream: Annotated[
        str,
        api.Setting(
            f"Key of the stream, which is made when it is missing; {PLACES_EXPECTED}.",
            pattern=r"([^\s{}]|\{type\}|\{source\})+",
            expected="characters other than spaces and braces, {type} and {source}",
            length_max=500,
        ),
    ] = "tailrace:events"
    entries_max: Annotated[
        int,
        api.Setting(
            "About how many entries a stream keeps, the oldest go (MAXLEN ~); 0 keeps all.",
            minimum=0,
        ),
    ] = 0
    username: Annotated[
        str | None, api.Setting("User, where it is another than the default one.")
    ] = None
    password: Annotated[api.Secret | None, api.Setting("Password of the user.")] = None
    database: Annotated[
        int, api.Setting("Number of the database.", minimum=0, maximum=1_000_000)
    ] = 0
    timeout_s: Annotated[
        float, api.Setting("Longest wait for the answers to one batch.", minimum=0.1, maximum=60)
    ] = 10.0

    def __post_init__(self) -> None:
        """Refuse a user without a password."""
        super().__post_init__()
        if self.username is not None and self.password is None:
            complaint = "is missing: give username and password, or neither"
            raise SettingsError(complaint, problems={"password": complaint})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one event becomes."""

    event: Annotated[api.Json, api.Mapped("Value of the field `event`.", default={"@path": "$."})]
    more: Annotated[
        Mapping[str, Any] | None,
        api.Mapped("Further fields of the entry; what is no text becomes JSON."),
    ] = None
    source: Annotated[str, api.SourceSlug()] = ""
