"""Elasticsearch and OpenSearch: indexes each event as a document.

Source: AWS service model of Firehose, for the rotation of indexes and the length of their names;
Elasticsearch's rules for the names of indexes.
"""

from dataclasses import dataclass
from typing import Annotated

from tailrace.destinations import api
from tailrace.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Which cluster, which index, and as whom."""

    url: Annotated[
        str, api.Setting("Address of the cluster, with its port.", is_url=True, length_max=2_000)
    ]
    index: Annotated[
        str,
        api.Setting(
            "Name of the index; a rotated one has the time at its end.",
            pattern=r"[a-z0-9][a-z0-9_.-]{0,79}",
            expected="1 to 80 lower-case letters, digits and _.-, a letter or digit first",
        ),
    ]
    index_rotation: Annotated[
        str,
        api.Setting(
            "How often a new index begins, in UTC.",
            choices=("none", "hour", "day", "week", "month"),
        ),
    ] = "day"
    username: Annotated[str | None, api.Setting("User, where the cluster asks for one.")] = None
    password: Annotated[api.Secret | None, api.Setting("Password of the user.")] = None
    api_key: Annotated[
        api.Secret | None,
        api.Setting(
            "API key in its encoded form, instead of user and password.",
            pattern=r"[\x21-\x7e]+",
            expected="printable ASCII characters without spaces",
        ),
    ] = None

    def __post_init__(self) -> None:
        """Refuse half of a pair, and two ways to sign in."""
        if (self.username is None) != (self.password is None):
            missing = "username" if self.username is None else "password"
            complaint = "is missing: give username and password, or neither"
            raise SettingsError(complaint, problems={missing: complaint})
        if self.api_key is not None and self.username is not None:
            complaint = "is set beside username: give one of them"
            raise SettingsError(complaint, problems={"api_key": complaint})


DESTINATION = api.Destination(
    slug="elasticsearch",
    name="Elasticsearch or OpenSearch",
    description="Indexes each event as a document of an Elasticsearch or OpenSearch cluster.",
    settings=Settings,
)
