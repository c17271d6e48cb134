"""Settings of PostgreSQL."""

from dataclasses import dataclass
from typing import Annotated

from tailrace.destinations import api, servers
from tailrace.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Which database, as whom, and how often."""

    host: Annotated[
        str,
        api.Setting(
            "Name or address of the server.",
            pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{2,45}",
            expected="a host name or an IP address",
            is_address=True,
        ),
    ]
    database: Annotated[str, api.Setting("Database that the rows go to.", length_max=63)]
    user: Annotated[str, api.Setting("User that loads them.", length_max=63)]
    port: Annotated[
        int, api.Setting("Port of the server.", minimum=1, maximum=65_535, is_address=True)
    ] = 5432
    password: Annotated[api.Secret | None, api.Setting("Password of the user.")] = None
    schema: Annotated[
        str | None,
        api.Setting(
            "Schema of all tables; without one, each source has a schema of its name.",
            length_max=63,
        ),
    ] = None
    sslmode: Annotated[
        str,
        api.Setting(
            "How the connection is secured: verify-full checks the certificate and its name, "
            "verify-ca the certificate, require encrypts alone, disable does nothing.",
            choices=("verify-full", "verify-ca", "require", "disable"),
        ),
    ] = "verify-full"
    ca_certificate: Annotated[
        api.Secret | None,
        api.Setting(
            "Certificates in PEM that the server's is to be signed by; else those that this "
            "machine trusts.",
            pattern=servers.PEM_PATTERN,
            expected=servers.PEM_EXPECTED,
        ),
    ] = None
    batch_events_max: Annotated[
        int, api.Setting("Most events of one load.", minimum=1, maximum=10_000)
    ] = 5_000
    batch_age_s: Annotated[
        float,
        api.Setting("How long a load that is not full waits for more.", minimum=0, maximum=60),
    ] = 5.0
    timeout_s: Annotated[
        float, api.Setting("Longest time that one load may take.", minimum=1, maximum=600)
    ] = 60.0

    def __post_init__(self) -> None:
        """Refuse certificates that nothing is checked by."""
        if self.ca_certificate is not None and not self.sslmode.startswith("verify"):
            complaint = f"is {self.sslmode}, which does not check ca_certificate"
            raise SettingsError(complaint, problems={"sslmode": complaint})
