"""S3: writes events as compressed files of JSON lines into a bucket.

Source: Amazon S3's rules for the names of buckets; Segment's documentation of its S3 storage, for
when a file is closed (100 MB or an hour).
"""

from dataclasses import dataclass
from typing import Annotated

from tailrace.destinations import api, aws


@dataclass(frozen=True, kw_only=True)
class Settings(aws.Account):
    """Which bucket, and how large its files become."""

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
    file_bytes_max: Annotated[
        int,
        api.Setting(
            "A file is closed when it has so many bytes, before compression.",
            minimum=1_000_000,
            maximum=1_000_000_000,
        ),
    ] = 100_000_000
    file_age_s_max: Annotated[
        int,
        api.Setting(
            "A file is closed so long after its first event.",
            minimum=10,
            maximum=86_400,
        ),
    ] = 3_600


DESTINATION = api.Destination(
    slug="s3",
    name="Amazon S3",
    description="Writes events as compressed files of JSON lines into a bucket.",
    settings=Settings,
)
