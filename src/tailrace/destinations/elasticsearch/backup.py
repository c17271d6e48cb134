"""Documents that are written to files too: refused ones with the reason, or all as they are.

Source: Firehose's guide of failed documents, for the fields of their JSON and the folders.
"""

import base64
import gzip
import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from tailrace.destinations import api, aws
from tailrace.destinations.elasticsearch.bulk import Placed
from tailrace.destinations.elasticsearch.settings import Document, Settings
from tailrace.errors import SettingsError, TransientError

ATTEMPTS_MAX: Final = 10_000
_GZIP_LEVEL: Final = 6
_HASH_CHARACTERS: Final = 16


class Failed(msgspec.Struct, rename="camel", omit_defaults=False):
    """A refused document as Firehose writes it; instants are milliseconds since 1970."""

    attempts_made: int
    arrival_timestamp: int
    attempt_ending_timestamp: int
    error_code: str
    error_message: str
    es_document_id: str
    es_index_name: str
    raw_data: str


class Attempts:
    """How often documents were sent that are to be sent again, the latest ones."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def made(self, document_id: str) -> int:
        """Count one more, and return how many there were."""
        count = self._counts.pop(document_id, 0) + 1
        if document_id:
            self._counts[document_id] = count
            if len(self._counts) > ATTEMPTS_MAX:
                del self._counts[next(iter(self._counts))]
        return count

    def end(self, document_id: str) -> None:
        """Forget a document."""
        self._counts.pop(document_id, None)


async def backed_up(
    documents: Sequence[Document],
    places: Sequence[Placed | None],
    outcomes: Sequence[api.Outcome],
    settings: Settings,
    tools: api.Tools,
) -> Sequence[api.Outcome]:
    """Return the outcomes, after what has one for good is in files; else it is to be tried again.

    What is not in its file is not given up, nor delivered: it comes again.
    """
    attempts = tools.kept("elasticsearch-attempts", Attempts)
    found = list(outcomes)
    made = [attempts.made(place.id if place else "") for place in places]
    failed = [i for i, each in enumerate(outcomes) if isinstance(each, api.Rejected)]
    done = [i for i, each in enumerate(outcomes) if not isinstance(each, api.Retry)]
    if failed:
        lines = [_failed(documents[i], places[i], outcomes[i], made[i]) for i in failed]
        prefix = f"{settings.backup_prefix}{settings.backup_failed_prefix}"
        await _kept(failed, lines, prefix, documents, places, found, settings, tools)
    if settings.backup == "all" and done:
        lines = [documents[i].source for i in done]
        await _kept(done, lines, settings.backup_prefix, documents, places, found, settings, tools)
    for place, outcome in zip(places, found, strict=True):
        if place is not None and not isinstance(outcome, api.Retry):
            attempts.end(place.id)
    return found


async def _kept(
    indexes: Sequence[int],
    lines: Sequence[bytes],
    prefix: str,
    documents: Sequence[Document],
    places: Sequence[Placed | None],
    outcomes: list[api.Outcome],
    settings: Settings,
    tools: api.Tools,
) -> None:
    """Write a file; where that fails, its documents are to be tried again."""
    digest = hashlib.sha256(b"\n".join(documents[index].source for index in indexes))
    moment = _arrived(places[indexes[0]])
    # Named by its documents: written again, it replaces itself.
    name = f"{settings.index}-{moment:%Y-%m-%d-%H-%M-%S}-{digest.hexdigest()[:_HASH_CHARACTERS]}"
    key = f"{prefix}{moment:%Y/%m/%d/%H}/{name}.gz"
    body = gzip.compress(b"".join(line + b"\n" for line in lines), _GZIP_LEVEL, mtime=0)
    try:
        await _written(key, body, settings, tools)
    except (SettingsError, TransientError) as error:
        told = f"the backup is not written: {error}"
        for index in indexes:
            outcomes[index] = api.Retry("backup", told)


async def _written(key: str, body: bytes, settings: Settings, tools: api.Tools) -> None:
    account = settings.account
    if account is None:
        directory = Path(settings.backup_directory or "/")
        allowed = tools.file_directories
        await tools.blocking(lambda: _to_directory(directory, allowed, key, body))
        return
    client = aws.client_of(tools, account, "s3", purpose="backup")
    answer = await client.call(
        "put_object",
        {
            "Bucket": settings.backup_bucket,
            "Key": key,
            "Body": body,
            "ContentType": "application/x-ndjson",
            "ContentEncoding": "gzip",
        },
    )
    if isinstance(answer, api.Rejected):
        raise TransientError(answer.detail)


def allowed_directory(directory: Path, allowed: Sequence[Path]) -> Path:
    """Return a directory without links.

    Raises:
        SettingsError: it is in none that the operator allows.
    """
    wanted = directory.resolve()
    if not any(wanted.is_relative_to(root.resolve()) for root in allowed):
        raise SettingsError(
            f"directory {directory} is not allowed: the operator adds it, or one above it, to "
            "deliver.file_directories in the settings file"
        )
    return wanted


def _to_directory(directory: Path, allowed: Sequence[Path], key: str, body: bytes) -> None:
    """Write a file whole or not at all; durable after it."""
    path = allowed_directory(directory, allowed) / key
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        allowed_directory(path.parent, allowed)
        half = path.with_name(f".{path.name}.half")
        with half.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise TransientError(f"{path}: {error.strerror or error}") from error


def _failed(document: Document, place: Placed | None, outcome: api.Outcome, attempts: int) -> bytes:
    assert isinstance(outcome, api.Rejected)  # noqa: S101 - the caller has looked
    return msgspec.json.encode(
        Failed(
            attempts_made=attempts,
            arrival_timestamp=_milliseconds(_arrived(place)),
            attempt_ending_timestamp=_milliseconds(datetime.now(UTC)),
            error_code=str(outcome.status or outcome.reason),
            error_message=f"{outcome.reason}: {outcome.detail}",
            es_document_id=place.id if place else "",
            es_index_name=place.target if place else "",
            raw_data=base64.b64encode(document.source).decode(),
        )
    )


def _arrived(place: Placed | None) -> datetime:
    try:
        return datetime.fromisoformat(place.received_at).astimezone(UTC) if place else _now()
    except ValueError:
        return _now()


def _now() -> datetime:
    return datetime.now(UTC)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)
