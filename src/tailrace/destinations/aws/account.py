"""Settings that all destinations at AWS share: the region, and as whom to send."""

from dataclasses import dataclass
from typing import Annotated, Final

from tailrace.destinations import api
from tailrace.errors import SettingsError

ROLE_PATTERN: Final = r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}"
ROLE_EXPECTED: Final = "arn:aws:iam::, the account's 12 digits, :role/ and the role's name"
EXTERNAL_ID_PATTERN: Final = r"[A-Za-z0-9_+=,.@:/-]{2,1224}"
EXTERNAL_ID_EXPECTED: Final = "2 to 1224 letters, digits and _+=,.@:/-"
REGION_PATTERN: Final = r"[a-z]{2,5}(-[a-z]+){1,3}-[0-9]{1,2}"
_PARTITIONS: Final = {
    "cn": "aws-cn",
    "eu-isoe": "aws-iso-e",
    "eusc": "aws-eusc",
    "us-gov": "aws-us-gov",
    "us-iso": "aws-iso",
    "us-isob": "aws-iso-b",
    "us-isof": "aws-iso-f",
}
"""What the regions of a partition begin with; all others are in the partition aws."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Region and credentials; without keys the machine's own are used."""

    region: Annotated[
        str,
        api.Setting(
            "Region, such as eu-central-1.",
            pattern=REGION_PATTERN,
            expected="a region such as eu-central-1",
        ),
    ]
    role_arn: Annotated[
        str | None,
        api.Setting("Role to assume for sending.", pattern=ROLE_PATTERN, expected=ROLE_EXPECTED),
    ] = None
    external_id: Annotated[
        str | None,
        api.Setting(
            "External id that the role's trust policy asks for.",
            pattern=EXTERNAL_ID_PATTERN,
            expected=EXTERNAL_ID_EXPECTED,
            length_max=1_224,
        ),
    ] = None
    via_role_arn: Annotated[
        str | None,
        api.Setting(
            "Role that is assumed first, and then assumes role_arn.",
            pattern=ROLE_PATTERN,
            expected=ROLE_EXPECTED,
        ),
    ] = None
    via_external_id: Annotated[
        str | None,
        api.Setting(
            "External id that the trust policy of via_role_arn asks for.",
            pattern=EXTERNAL_ID_PATTERN,
            expected=EXTERNAL_ID_EXPECTED,
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
    sts_endpoint_url: Annotated[
        str | None,
        api.Setting(
            "Address of STS, which gives roles, where it is not the region's own.",
            is_url=True,
            length_max=2_000,
        ),
    ] = None

    iam_endpoint_url: Annotated[
        str | None,
        api.Setting(
            "Address of IAM, which a check asks what the credentials may do, where it is not the "
            "region's own.",
            is_url=True,
            length_max=2_000,
        ),
    ] = None

    def __post_init__(self) -> None:
        """Refuse half of a pair, and roles that are in another partition than the region."""
        if (self.access_key_id is None) != (self.secret_access_key is None):
            missing = "access_key_id" if self.access_key_id is None else "secret_access_key"
            complaint = "is missing: give access_key_id and secret_access_key, or neither"
            raise SettingsError(complaint, problems={missing: complaint})
        for name, needed in (
            ("external_id", "role_arn"),
            ("via_role_arn", "role_arn"),
            ("via_external_id", "via_role_arn"),
        ):
            if getattr(self, name) is not None and getattr(self, needed) is None:
                complaint = f"is missing: {name} is for when a role is assumed"
                raise SettingsError(complaint, problems={needed: complaint})
        partition = partition_of(self.region)
        for name in ("role_arn", "via_role_arn"):
            role = getattr(self, name)
            if role is not None and role.split(":")[1] != partition:
                complaint = f"is not in the partition of {self.region}: expected arn:{partition}:"
                raise SettingsError(complaint, problems={name: complaint})


def partition_of(region: str) -> str:
    """Return the partition of a region, as the ARNs in it name it."""
    parts = region.split("-")
    return _PARTITIONS.get("-".join(parts[:2]), _PARTITIONS.get(parts[0], "aws"))
