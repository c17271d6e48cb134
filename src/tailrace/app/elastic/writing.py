"""The paths that write: `_bulk`, `_doc` and `_create`."""

import asyncio
import time
from typing import Final

from tailrace.app.elastic.errors import ElasticError
from tailrace.app.elastic.intake import Intake, Write, answer_of, read_bulk, read_document
from tailrace.app.elastic.requests import Ask, Json
from tailrace.config import CollectConfig

_WRITING: Final = frozenset({"POST", "PUT"})


class Writing:
    """Answers what writes documents."""

    def __init__(self, config: CollectConfig) -> None:
        self._config = config
        self._intake = Intake(config)

    def takes(self, ask: Ask) -> bool:
        """Tell whether a request writes."""
        match ask.parts:
            case ("_bulk",) | (_, "_bulk"):
                return ask.method in _WRITING
            case (_, "_doc"):
                return ask.method == "POST"
            case (_, "_doc", _) | (_, "_create", _):
                return ask.method in _WRITING
        return False

    async def answer(self, ask: Ask, key: str) -> tuple[int, Json]:
        """Write what a request has; return status and body.

        Raises:
            ElasticError: the body cannot be read, no source has the key, or the one document that
                was to be written was not.
        """
        if ask.parts[-1] == "_bulk":
            return 200, await self._bulk(ask, key)
        index, kind = ask.parts[0], ask.parts[1]
        write = read_document(
            ask.body,
            action="create" if kind == "_create" else "index",
            index=index,
            document_id=ask.parts[2] if len(ask.parts) == 3 else None,
            event_bytes_max=self._config.event_bytes_max,
        )
        [error] = await self._intake.write(key, [write])
        if error is not None:
            raise error
        told = answer_of(write, None)
        return told.pop("status"), told

    async def _bulk(self, ask: Ask, key: str) -> Json:
        started = time.monotonic()
        index = ask.parts[0] if len(ask.parts) == 2 else None
        writes = await asyncio.to_thread(
            read_bulk, ask.body, index, event_bytes_max=self._config.event_bytes_max
        )
        errors = await self._intake.write(key, writes)
        return {
            "took": int((time.monotonic() - started) * 1000),
            "errors": any(error is not None for error in errors),
            "items": [_item(write, error) for write, error in zip(writes, errors, strict=True)],
        }


def _item(write: Write, error: ElasticError | None) -> Json:
    return {write.action: answer_of(write, error)}
