"""Which cluster, which index, as whom, and where documents are kept beside it."""

from dataclasses import dataclass
from typing import Annotated

from tailrace.destinations import api, aws
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
            "How often a new index begins, by the time of arrival in UTC.",
            choices=("none", "hour", "day", "week", "month"),
        ),
    ] = "day"
    operation: Annotated[
        str,
        api.Setting(
            "What a document does whose id is there already: index replaces that one, create "
            "leaves it. A data stream takes create alone.",
            choices=("index", "create"),
        ),
    ] = "index"
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
    timeout_s: Annotated[
        float, api.Setting("Longest wait for one answer.", minimum=0.1, maximum=120)
    ] = 30.0

    manage_template: Annotated[
        bool,
        api.Setting(
            "Whether an index template tailrace-INDEX is put before the first event, which types "
            "fields and bounds how many there are. A data stream (create without rotation) gets "
            "none."
        ),
    ] = True
    properties_as: Annotated[
        str,
        api.Setting(
            "How the template takes properties, traits and context: flat as one field each "
            "(flattened, flat_object), in which every value is a keyword and any type fits; "
            "dynamic with a field for each of them, numbers as numbers.",
            choices=("flat", "dynamic"),
        ),
    ] = "flat"
    fields_max: Annotated[
        int,
        api.Setting("Most fields of an index of the template.", minimum=100, maximum=100_000),
    ] = 1_000
    backup: Annotated[
        str,
        api.Setting(
            "Which documents are written to files too: those that the cluster refuses, or all.",
            choices=("none", "failed", "all"),
        ),
    ] = "none"
    backup_directory: Annotated[
        str | None,
        api.Setting(
            "Directory for these files on the machine that delivers, instead of a bucket; the "
            "operator allows it by deliver.file_directories in the settings file.",
            pattern=r"/.*",
            expected="an absolute path, such as /srv/events",
        ),
    ] = None
    backup_bucket: Annotated[
        str | None,
        api.Setting(
            "Bucket of S3 for these files.",
            pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            expected="3 to 63 lower-case letters, digits, dots and dashes",
        ),
    ] = None
    backup_region: Annotated[
        str | None,
        api.Setting(
            "Region of the bucket.",
            pattern=aws.REGION_PATTERN,
            expected="a region such as eu-central-1",
        ),
    ] = None
    backup_prefix: Annotated[
        str,
        api.Setting(
            "What the names of all these files begin with.",
            pattern=r"[A-Za-z0-9][A-Za-z0-9_=/-]{0,199}",
            expected="letters, digits and _=/-",
        ),
    ] = ""
    backup_failed_prefix: Annotated[
        str,
        api.Setting(
            "What follows in the names of files with refused documents.",
            pattern=r"[A-Za-z0-9][A-Za-z0-9_=/-]{0,199}",
            expected="letters, digits and _=/-",
        ),
    ] = "AmazonOpenSearchService-failed/"
    backup_role_arn: Annotated[
        str | None,
        api.Setting(
            "Role to assume for writing to the bucket.",
            pattern=aws.ROLE_PATTERN,
            expected=aws.ROLE_EXPECTED,
        ),
    ] = None
    backup_external_id: Annotated[
        str | None,
        api.Setting(
            "External id that the trust policy of backup_role_arn asks for.",
            pattern=aws.EXTERNAL_ID_PATTERN,
            expected=aws.EXTERNAL_ID_EXPECTED,
            length_max=1_224,
        ),
    ] = None
    backup_access_key_id: Annotated[
        str | None,
        api.Setting(
            "Access key for the bucket; without one the credentials of the machine are used.",
            pattern=r"[A-Za-z0-9_]{1,128}",
            expected="letters and digits, such as AKIAIOSFODNN7EXAMPLE",
        ),
    ] = None
    backup_secret_access_key: Annotated[
        api.Secret | None, api.Setting("Secret that belongs to backup_access_key_id.")
    ] = None
    backup_endpoint_url: Annotated[
        str | None,
        api.Setting(
            "Address of the store of the bucket where it is not the region's own.",
            is_url=True,
            length_max=2_000,
        ),
    ] = None

    def __post_init__(self) -> None:
        """Refuse half of a pair, two ways to sign in, and a backup to nowhere."""
        if (self.username is None) != (self.password is None):
            missing = "username" if self.username is None else "password"
            complaint = "is missing: give username and password, or neither"
            raise SettingsError(complaint, problems={missing: complaint})
        if self.api_key is not None and self.username is not None:
            complaint = "is set beside username: give one of them"
            raise SettingsError(complaint, problems={"api_key": complaint})
        self._check_backup()

    @property
    def account(self) -> aws.Account | None:
        """The account of the bucket, None without one."""
        if self.backup_bucket is None:
            return None
        return aws.Account(
            region=self.backup_region or "",
            role_arn=self.backup_role_arn,
            external_id=self.backup_external_id,
            access_key_id=self.backup_access_key_id,
            secret_access_key=self.backup_secret_access_key,
            endpoint_url=self.backup_endpoint_url,
        )

    def _check_backup(self) -> None:
        places = (self.backup_bucket, self.backup_directory)
        problems: dict[str, str] = {}
        if self.backup != "none" and sum(place is not None for place in places) != 1:
            problems["backup"] = "needs backup_bucket or backup_directory, one of them"
        if self.backup_bucket is not None and self.backup_region is None:
            problems["backup_region"] = "is missing: backup_bucket needs it"
        if problems:
            raise SettingsError("; ".join(problems.values()), problems=problems)
        try:
            _ = self.account
        except SettingsError as error:
            raise SettingsError(
                str(error),
                problems={f"backup_{name}": told for name, told in error.problems.items()},
            ) from error


@dataclass(frozen=True, kw_only=True)
class Document:
    """What one event becomes."""

    source: Annotated[api.Json, api.Mapped("The document.", default={"@path": "$."})]
