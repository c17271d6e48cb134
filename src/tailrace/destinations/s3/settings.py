"""Which bucket, how its files are named, what they hold, and how large they become."""

from dataclasses import dataclass
from typing import Annotated, Final

from tailrace.destinations import api, aws
from tailrace.destinations.s3.folders import PLACEHOLDERS, unknown_placeholder
from tailrace.errors import SettingsError

FILE_BYTES_MAX: Final = 128_000_000
FILE_BYTES: Final = 20_000_000
FILE_AGE_S_MAX: Final = 3_600


@dataclass(frozen=True, kw_only=True)
class Settings(aws.Account):
    """See the module."""

    bucket: Annotated[
        str,
        api.Setting(
            "Name of the bucket.",
            pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            expected="3 to 63 lower-case letters, digits, dots and dashes",
        ),
    ]
    prefix: Annotated[
        str,
        api.Setting(
            "What the names of all files begin with, such as events/.",
            pattern=r"[A-Za-z0-9!_.*'()/=-]{1,500}",
            expected="letters, digits and !_.*'()/=-",
        ),
    ] = ""
    layout: Annotated[
        str,
        api.Setting(
            "Folders of the files: segment-logs/SOURCE/DAY/ with the day in milliseconds since "
            "1970; source=SOURCE/date=YYYY-MM-DD/hour=HH/ for hive; "
            "data/SOURCE/segment_type=EVENT/day=YYYY-MM-DD/hr=HH/ for lake; or those of path for "
            "custom. By when the event was received, in UTC.",
            choices=("segment", "hive", "lake", "custom"),
        ),
    ] = "segment"
    path: Annotated[
        str,
        api.Setting(
            "Folders of the layout custom, such as {source}/{year}/{month}/{day}; there are "
            + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            + ".",
            pattern=r"[A-Za-z0-9!_.*'()/={}-]{1,500}",
            expected="letters, digits, !_.*'()/=- and names in braces",
        ),
    ] = ""
    format: Annotated[
        str,
        api.Setting("What files hold: lines of JSON, or Parquet.", choices=("ndjson", "parquet")),
    ] = "ndjson"
    compression: Annotated[
        str, api.Setting("How files are compressed.", choices=("gzip", "zstd"))
    ] = "gzip"
    file_bytes_max: Annotated[
        int,
        api.Setting(
            "A file is closed when it has so many bytes, before compression. About twice as many "
            "are held in memory.",
            minimum=1_000_000,
            maximum=FILE_BYTES_MAX,
        ),
    ] = FILE_BYTES
    file_age_s_max: Annotated[
        int,
        api.Setting(
            "A file is closed so long after its first event.",
            minimum=1,
            maximum=FILE_AGE_S_MAX,
        ),
    ] = 60
    encryption: Annotated[
        str,
        api.Setting(
            "How the service encrypts files: as the bucket says, with keys of S3 (SSE-S3), or with "
            "one of KMS (SSE-KMS).",
            choices=("bucket", "s3", "kms"),
        ),
    ] = "bucket"
    kms_key_id: Annotated[
        str | None,
        api.Setting(
            "Key of KMS for the encryption kms: its id, ARN or alias; without it that of S3.",
            pattern=r"[A-Za-z0-9:/_-]{1,300}",
            expected="a key's id or ARN, or alias/ and a name",
        ),
    ] = None
    storage_class: Annotated[
        str,
        api.Setting(
            "Storage class of the files.",
            choices=(
                "STANDARD",
                "STANDARD_IA",
                "ONEZONE_IA",
                "INTELLIGENT_TIERING",
                "GLACIER_IR",
                "GLACIER",
                "DEEP_ARCHIVE",
            ),
        ),
    ] = "STANDARD"

    def __post_init__(self) -> None:
        """Refuse folders that cannot be made, and a key for nothing."""
        super().__post_init__()
        complaint = ""
        if (self.layout == "custom") != bool(self.path):
            complaint = "is for the layout custom, which needs it"
        elif unknown := unknown_placeholder(self.path):
            complaint = f"has {unknown}; there are {', '.join(PLACEHOLDERS)} in braces"
        elif self.path.startswith("/") or "//" in self.path or self.path.endswith("/"):
            complaint = "begins or ends with a slash, or has two together"
        if complaint:
            raise SettingsError(complaint, problems={"path": complaint})
        if self.kms_key_id is not None and self.encryption != "kms":
            complaint = "is for the encryption kms"
            raise SettingsError(complaint, problems={"kms_key_id": complaint})


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one event becomes."""

    data: Annotated[api.Json, api.Mapped("What the line holds.", default={"@path": "$."})]
    source: Annotated[str, api.SourceSlug()]
