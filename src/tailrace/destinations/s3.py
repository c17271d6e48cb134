"""S3: writes events as compressed files of JSON lines into a bucket.

Source: Amazon S3's rules for the names of buckets; Segment's documentation of its S3 storage, for
the names of files and the headers `Content-Type: text/plain` and `Content-Encoding`.
"""

import base64
import functools
import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
import zstandard

from tailrace.destinations import api, aws

EVENTS_MAX: Final = 10_000
"""Half of what the engine holds of a destination, so that a file fills before the engine waits."""

FILE_BYTES_MAX: Final = 20_000_000
PUT_TIMEOUT_S: Final = 60.0
_GZIP_LEVEL: Final = 6
_HASH_CHARACTERS: Final = 16
_SUFFIXES: Final = {"gzip": "gz", "zstd": "zst"}


@dataclass(frozen=True, kw_only=True)
class Settings(aws.Account):
    """Which bucket, how its files are named, and how large they become."""

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
            "1970, or source=SOURCE/date=YYYY-MM-DD/hour=HH/; when the event was received, in UTC.",
            choices=("segment", "hive"),
        ),
    ] = "segment"
    compression: Annotated[
        str, api.Setting("How files are compressed.", choices=("gzip", "zstd"))
    ] = "gzip"
    file_bytes_max: Annotated[
        int,
        api.Setting(
            "A file is closed when it has so many bytes, before compression.",
            minimum=1_000_000,
            maximum=FILE_BYTES_MAX,
        ),
    ] = FILE_BYTES_MAX
    file_age_s_max: Annotated[
        int,
        api.Setting(
            "A file is closed so long after its first event.",
            minimum=1,
            maximum=900,
        ),
    ] = 60


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one event becomes."""

    data: Annotated[api.Json, api.Mapped("What the line holds.", default={"@path": "$."})]
    source: Annotated[str, api.SourceSlug()]


class File:
    """The lines of one source and hour, with the name that they give the file."""

    def __init__(self, lines: Sequence[Line], settings: Settings, *, received_at: datetime) -> None:
        text = b"".join(line.data + b"\n" for line in lines)
        # Named by its content: written again after an answer that got lost, it replaces itself.
        digest = hashlib.sha256(text).hexdigest()[:_HASH_CHARACTERS]
        self.key = (
            f"{settings.prefix}{_folder(settings.layout, lines[0].source, received_at)}/"
            f"{received_at:%Y%m%dT%H%M%SZ}-{digest}.{_SUFFIXES[settings.compression]}"
        )
        self.body = (
            zstandard.ZstdCompressor(write_checksum=True).compress(text)
            if settings.compression == "zstd"
            else gzip.compress(text, _GZIP_LEVEL, mtime=0)
        )
        self.md5 = base64.b64encode(hashlib.md5(self.body, usedforsecurity=False).digest())


class _Times(msgspec.Struct, gc=False, rename="camel"):
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]


_decode_times = msgspec.json.Decoder(_Times).decode


async def put_files(
    lines: Sequence[Line], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Write the events, one file for each source and hour of receipt."""
    groups: dict[tuple[str, datetime], list[int]] = {}
    moments = [_received_at(line.data) for line in lines]
    for index, (line, moment) in enumerate(zip(lines, moments, strict=True)):
        hour = moment.replace(minute=0, second=0, microsecond=0)
        groups.setdefault((line.source, hour), []).append(index)

    async def put(_: tuple[str, datetime], indexes: Sequence[int]) -> Sequence[api.Outcome]:
        chosen = [lines[index] for index in indexes]
        received_at = moments[indexes[0]]
        make = functools.partial(File, chosen, settings, received_at=received_at)
        file = await tools.blocking(make)
        client = aws.client_of(tools, settings, "s3", timeout_s=PUT_TIMEOUT_S)
        answer = await client.call(
            "put_object",
            {
                "Bucket": settings.bucket,
                "Key": file.key,
                "Body": file.body,
                "ContentMD5": file.md5.decode(),
                "ContentType": "text/plain",
                "ContentEncoding": settings.compression,
            },
        )
        outcome = answer if isinstance(answer, api.Rejected) else api.Delivered(200)
        return [outcome] * len(indexes)

    return await aws.in_groups(groups, put)


def _received_at(data: bytes) -> datetime:
    """Return when an event was received, now where it does not say."""
    try:
        return _decode_times(data).received_at.astimezone(UTC)
    except msgspec.ValidationError:
        return datetime.now(UTC)


def _folder(layout: str, source: str, received_at: datetime) -> str:
    if layout == "hive":
        return f"source={source}/date={received_at:%Y-%m-%d}/hour={received_at:%H}"
    midnight = received_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return f"segment-logs/{source}/{int(midnight.timestamp()) * 1_000}"


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look at the credentials, what they may do, and the bucket."""
    where = f"arn:{aws.partition_of(settings.region)}:s3:::{settings.bucket}"
    return await aws.checked(
        settings,
        tools,
        service="s3",
        actions=["s3:PutObject"],
        resources=lambda _: [f"{where}/{settings.prefix}*"],
        looks=[
            aws.Looked(
                f"bucket {settings.bucket}",
                "head_bucket",
                {"Bucket": settings.bucket},
                "s3:ListBucket",
                lambda _: (True, f"is in {settings.region}"),
            )
        ],
    )


def _batching(settings: Settings) -> api.Batching:
    return api.Batching(
        events_max=EVENTS_MAX,
        bytes_max=settings.file_bytes_max,
        age_s=float(settings.file_age_s_max),
        lanes=1,
        answers_each=False,
    )


WRITE = api.Action(
    slug="write",
    name="Write files",
    description="Writes the event as a line of JSON into a file.",
    fields=Line,
    send=put_files,
    batching=_batching,
)
DESTINATION = api.Destination(
    slug="s3",
    name="Amazon S3",
    description="Writes events as compressed files of JSON lines into a bucket.",
    settings=Settings,
    actions=(WRITE,),
    check=check,
)
