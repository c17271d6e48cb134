"""Writes events into the bucket, one file for each folder."""

import functools
from collections.abc import Sequence
from typing import Final

from tailrace.destinations import api, aws
from tailrace.destinations.s3.files import File
from tailrace.destinations.s3.folders import LAYOUTS, folder_of, received_at
from tailrace.destinations.s3.parquet import is_object
from tailrace.destinations.s3.settings import Line, Settings

PUT_TIMEOUT_S: Final = 60.0
EVENT_BYTES_LEAST: Final = 400
"""A file has one event for so many of its bytes, at most: what an event takes beside them."""

_NO_OBJECT: Final = api.Rejected("no-object", "Parquet takes objects alone")
_ENCRYPTIONS: Final = {"s3": "AES256", "kms": "aws:kms"}


async def put_files(
    lines: Sequence[Line], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Write the events, one file for each folder."""
    if settings.format == "parquet" and not all(is_object(line.data) for line in lines):
        good = [line for line in lines if is_object(line.data)]
        written = iter(await _put_files(good, settings, tools))
        return [next(written) if is_object(line.data) else _NO_OBJECT for line in lines]
    return await _put_files(lines, settings, tools)


async def _put_files(
    lines: Sequence[Line], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    path = settings.path or LAYOUTS[settings.layout]
    moments = [received_at(line.data) for line in lines]
    groups: dict[str, list[int]] = {}
    for index, (line, moment) in enumerate(zip(lines, moments, strict=True)):
        folder = folder_of(path, line.data, source=line.source, moment=moment)
        groups.setdefault(folder, []).append(index)

    async def put(_: str, indexes: Sequence[int]) -> Sequence[api.Outcome]:
        chosen = [lines[index] for index in indexes]
        make = functools.partial(File, chosen, settings, received_at=moments[indexes[0]])
        file = await tools.blocking(make)
        client = aws.client_of(tools, settings, "s3", timeout_s=PUT_TIMEOUT_S)
        answer = await client.call("put_object", _request(file, settings))
        outcome = answer if isinstance(answer, api.Rejected) else api.Delivered(200)
        return [outcome] * len(indexes)

    return await aws.in_groups(groups, put)


def _request(file: File, settings: Settings) -> dict[str, object]:
    request: dict[str, object] = {
        "Bucket": settings.bucket,
        "Key": file.key,
        "Body": file.body,
        "ContentMD5": file.md5.decode(),
        "ContentType": file.type,
    }
    if file.encoding:
        request["ContentEncoding"] = file.encoding
    if settings.storage_class != "STANDARD":
        request["StorageClass"] = settings.storage_class
    if settings.encryption != "bucket":
        request["ServerSideEncryption"] = _ENCRYPTIONS[settings.encryption]
    if settings.kms_key_id is not None:
        request["SSEKMSKeyId"] = settings.kms_key_id
    return request


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
        events_max=settings.file_bytes_max // EVENT_BYTES_LEAST,
        bytes_max=settings.file_bytes_max,
        age_s=float(settings.file_age_s_max),
        lanes=1,
        answers_each=False,
    )


WRITE = api.Action(
    slug="write",
    name="Write files",
    description="Writes the event into a file, as a line of JSON or a row of Parquet.",
    fields=Line,
    send=put_files,
    batching=_batching,
)
DESTINATION = api.Destination(
    slug="s3",
    name="Amazon S3",
    description="Writes events as files of JSON lines or Parquet into a bucket.",
    settings=Settings,
    actions=(WRITE,),
    check=check,
)
