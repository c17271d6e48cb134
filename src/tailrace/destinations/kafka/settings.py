"""Settings of Kafka, and what an event becomes for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from tailrace.destinations import api
from tailrace.destinations.messages import PLACES_EXPECTED
from tailrace.destinations.servers import NODES_EXPECTED, NODES_PATTERN, Tls
from tailrace.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Settings(Tls):
    """Which cluster, which topic, and as whom."""

    servers: Annotated[
        str,
        api.Setting(
            "Brokers to begin with as host:port with commas between; the port is 9092 unless it "
            "is given.",
            pattern=NODES_PATTERN,
            expected=NODES_EXPECTED,
            length_max=2_000,
            is_address=True,
        ),
    ]
    topic: Annotated[
        str,
        api.Setting(
            f"Topic of the records; {PLACES_EXPECTED}.",
            pattern=r"([A-Za-z0-9_.-]|\{type\}|\{source\})+",
            expected="letters, digits, _.-, {type} and {source}",
            length_max=249,
        ),
    ]
    sasl_mechanism: Annotated[
        str,
        api.Setting(
            "How username and password are given.",
            choices=("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
        ),
    ] = "PLAIN"
    username: Annotated[str | None, api.Setting("User, where the brokers ask for one.")] = None
    password: Annotated[api.Secret | None, api.Setting("Password of the user.")] = None
    compression: Annotated[
        str,
        api.Setting(
            "How records are compressed.", choices=("zstd", "lz4", "snappy", "gzip", "none")
        ),
    ] = "zstd"
    record_bytes_max: Annotated[
        int,
        api.Setting(
            "Most bytes of a record; not above max.message.bytes of the topic.",
            minimum=1_000,
            maximum=100_000_000,
        ),
    ] = 1_000_000
    timeout_s: Annotated[
        float,
        api.Setting("Longest wait for a record to be taken.", minimum=1, maximum=120),
    ] = 30.0

    def __post_init__(self) -> None:
        """Refuse half of a pair."""
        super().__post_init__()
        if (self.username is None) != (self.password is None):
            missing = "username" if self.username is None else "password"
            complaint = "is missing: give username and password, or neither"
            raise SettingsError(complaint, problems={missing: complaint})


@dataclass(frozen=True, kw_only=True)
class Record:
    """What one event becomes."""

    value: Annotated[api.Json, api.Mapped("What the record holds.", default={"@path": "$."})]
    key: Annotated[
        str | None,
        api.Mapped("Key of the record, instead of userId, else anonymousId, else messageId."),
    ] = None
    headers: Annotated[
        Mapping[str, Any] | None,
        api.Mapped("Further headers; what is no text becomes JSON."),
    ] = None
    source: Annotated[str, api.SourceSlug()] = ""
