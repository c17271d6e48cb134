"""What the destinations at AWS share: the region, and by which credentials they act.

Source: AWS service models of STS (AssumeRole: `RoleArn`, `ExternalId` of 2 to 1,224 characters).
"""

from dataclasses import dataclass
from typing import Annotated

from tailrace.destinations import api
from tailrace.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class Account:
    """Region and credentials; without keys the machine's own are used."""

    region: Annotated[
        str,
        api.Setting(
            "Region, such as eu-central-1.",
            pattern=r"[a-z]{2,5}(-[a-z]+){1,3}-[0-9]{1,2}",
            expected="a region such as eu-central-1",
        ),
    ]
    role_arn: Annotated[
        str | None,
        api.Setting(
            "Role to assume for sending.",
            pattern=r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}",
            expected="arn:aws:iam::, the account's 12 digits, :role/ and the role's name",
        ),
    ] = None
    external_id: Annotated[
        str | None,
        api.Setting(
            "External id that the role's trust policy asks for.",
            pattern=r"[A-Za-z0-9_+=,.@:/-]{2,1224}",
            expected="2 to 1224 letters, digits and _+=,.@:/-",
            length_max=1_224,
        ),
    ] = None
    access_key_id: Annotated[
        str | None,
        api.Setting(
            "Access key; without one the credentials of the machine are used.",
            pattern=r"[A-Za-z0-9_]{1,128}",
            expected="letters and digits, such as AKIAIOSFODNN7EXAMPLE",
        ),
    ] = None
    secret_access_key: Annotated[
        api.Secret | None, api.Setting("Secret that belongs to the access key.")
    ] = None
    endpoint_url: Annotated[
        str | None,
        api.Setting(
            "Address of the service where it is not the region's own.",
            is_url=True,
            length_max=2_000,
        ),
    ] = None

    def __post_init__(self) -> None:
        """Refuse half of a pair."""
        if (self.access_key_id is None) != (self.secret_access_key is None):
            missing = "access_key_id" if self.access_key_id is None else "secret_access_key"
            complaint = "is missing: give access_key_id and secret_access_key, or neither"
            raise SettingsError(complaint, problems={missing: complaint})
        if self.external_id is not None and self.role_arn is None:
            complaint = "is missing: external_id is sent when a role is assumed"
            raise SettingsError(complaint, problems={"role_arn": complaint})
