"""Twins of the tools that take events over HTTP, as hostile as tools can be until they heal.

Each speaks the answers of its tool, and keeps the events that it takes. While it is `wild` it
answers anything to half of the requests: 429, 500, 503, late, half, or not at all; some of those it
has taken nevertheless. An event that is to be refused is refused as the tool does it.
"""

import base64
import gzip
import json
import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import httpx

from tool_server import Answer, Request, ToolServer

LATE_S: Final = 1.5
REFUSED: Final = "refused-"
"""How the message ids begin of events that no twin takes."""

Event = Mapping[str, Any]


def is_refused(event: Event) -> bool:
    """Tell whether the tool never takes the event."""
    return str(event["messageId"]).startswith(REFUSED)


class Twin:
    """What was kept, in order; `requests` counts all, `harmed` those that met something else."""

    refuses: ClassVar[bool] = True
    keeps_order: ClassVar[bool] = True

    def __init__(self, seed: int) -> None:
        self._is_wild = False
        self._owes_harm = False
        self.kept: list[Event] = []
        self.harmed = 0
        self.random = random.Random(seed)
        self._lock = threading.Lock()
        self._server = ToolServer(self._answer)

    @property
    def is_wild(self) -> bool:
        return self._is_wild

    @is_wild.setter
    def is_wild(self, is_wild: bool) -> None:
        """The first request from now on meets harm, the next ones by chance."""
        self._is_wild = self._owes_harm = is_wild

    @property
    def url(self) -> str:
        return self._server.url

    @contextmanager
    def running(self) -> Iterator["Twin"]:
        with self._server.running():
            yield self

    def ids(self) -> set[str]:
        """Return the message ids of what was kept."""
        with self._lock:
            return {event["messageId"] for event in self.kept}

    def first_arrivals(self) -> dict[str, list[int]]:
        """Return for each user the numbers of their events, in the order of their first arrival."""
        found: dict[str, dict[int, None]] = {}
        with self._lock:
            for event in self.kept:
                found.setdefault(event["userId"], {})[int(event["properties"]["n"])] = None
        return {user: list(numbers) for user, numbers in found.items()}

    def take(self, request: Request) -> Answer:
        """Answer as the tool does."""
        raise NotImplementedError

    def _answer(self, request: Request) -> Answer:
        # One request after the other, so that what is kept is in the order of the answers.
        chance = self.random.random() / (2 if self._owes_harm else 1)
        if not self.is_wild or chance >= 0.5:
            return self.take(request)
        self._owes_harm = False
        self.harmed += 1
        if chance < 0.1:
            return Answer(manner="reset")
        if chance < 0.2:
            # Taken, and nobody hears of it.
            taken = self.take(request)
            return Answer(status=taken.status, body=taken.body[:-1], manner="half")
        if chance < 0.26:
            return Answer(status=503, after_s=LATE_S)
        if chance < 0.36:
            return Answer(status=429, headers={"Retry-After": "1"})
        if chance < 0.43:
            return Answer(status=503, headers={"Retry-After": "1"})
        return Answer(status=500)

    def keep(self, events: Sequence[Event]) -> None:
        with self._lock:
            self.kept += events


class AggregationsIo(Twin):
    """Takes an array, or refuses all of it."""

    def take(self, request: Request) -> Answer:
        events = request.json()
        if any(map(is_refused, events)):
            return Answer(status=400, body=b'{"message":"schema"}')
        self.keep(events)
        return Answer()


class SegmentApi(Twin):
    """Takes a batch call, or refuses all of it."""

    def take(self, request: Request) -> Answer:
        events = request.json()["batch"]
        if any(map(is_refused, events)):
            return Answer(status=400, body=b'{"code":"invalid","message":"no event"}')
        self.keep(events)
        return Answer(body=b'{"success":true}')


class Slack(Twin):
    """Takes a message whose text is the messageId, the userId and the number of an event."""

    TEXT: Final = "{{messageId}} {{userId}} {{properties.n}}"

    def take(self, request: Request) -> Answer:
        message_id, user, number = request.json()["text"].split()
        event = {"messageId": message_id, "userId": user, "properties": {"n": number}}
        if is_refused(event):
            return Answer(status=400, body=b"invalid_payload")
        self.keep([event])
        return Answer(body=b"ok")


class Elasticsearch(Twin):
    """Answers for each document; a cluster that is full refuses some of a call."""

    keeps_order = False

    def take(self, request: Request) -> Answer:
        lines = request.body.split(b"\n")[:-1]
        statuses = [self._index(json.loads(line)) for line in lines[1::2]]
        items = [
            {"index": {"status": status, **({"error": error} if error else {})}}
            for status, error in statuses
        ]
        return Answer(body=json.dumps({"items": items}).encode())

    def _index(self, document: Event) -> tuple[int, Mapping[str, str]]:
        if is_refused(document):
            return 400, {"type": "mapper_parsing_exception", "reason": "failed to parse"}
        if self.is_wild and self.random.random() < 0.3:
            return 429, {"type": "es_rejected_execution_exception", "reason": "full"}
        self.keep([document])
        return 201, {}


class Kinesis(Twin):
    """Takes what each shard has room for: one that is full takes nothing more of a request."""

    SHARDS: Final = 4
    failure: ClassVar[str] = "ProvisionedThroughputExceededException"
    answers: ClassVar[str] = "Records"

    def take(self, request: Request) -> Answer:
        records = request.json()["Records"]
        events = [json.loads(base64.b64decode(each["Data"])) for each in records]
        if any(map(is_refused, events)):
            body = {"__type": "ValidationException", "message": "not to be had"}
            return Answer(status=400, body=json.dumps(body).encode())
        full: set[int] = set()
        found = []
        for event in events:
            shard = self.shard_of(event)
            if self.is_wild and self.random.random() < 0.1:
                full.add(shard)
            if shard in full:
                found.append({"ErrorCode": self.failure, "ErrorMessage": "full"})
                continue
            self.keep([event])
            found.append({"SequenceNumber": "1", "ShardId": str(shard), "RecordId": "1"})
        counted = {"FailedRecordCount": len(full), "FailedPutCount": len(full)}
        return Answer(body=json.dumps({**counted, self.answers: found}).encode())

    def shard_of(self, event: Event) -> int:
        return int(event["userId"].removeprefix("u-")) % self.SHARDS


class Firehose(Kinesis):
    """Takes some of a request, in no order."""

    keeps_order = False
    failure = "ServiceUnavailableException"
    answers = "RequestResponses"

    def shard_of(self, event: Event) -> int:
        return int(event["properties"]["n"])


class S3(Twin):
    """Takes files; one that is put again replaces the one of its name."""

    refuses = False
    keeps_order = False

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.files: dict[str, list[Event]] = {}

    def take(self, request: Request) -> Answer:
        assert request.method == "PUT", request.method
        events = [json.loads(line) for line in gzip.decompress(request.body).splitlines()]
        self.files[request.path] = events
        self.keep(events)
        return Answer(body=b"", headers={"ETag": '"etag"'})


class ClickHouse(Twin):
    """Stands before a real one; what that has is asked past the twin."""

    keeps_order = False

    def __init__(self, seed: int, url: str, headers: Mapping[str, str]) -> None:
        super().__init__(seed)
        self._server_url = url
        self._headers = headers

    def ask(self, statement: str) -> str:
        """Return the server's answer to a statement."""
        answer = httpx.post(
            self._server_url, content=statement, headers=self._headers, trust_env=False
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    def ids(self) -> set[str]:
        return set(self.ask("SELECT DISTINCT id FROM events.tracks FORMAT TSV").split())

    def take(self, request: Request) -> Answer:
        given = {name: text for name, text in request.headers.items() if name.startswith("x-")}
        found = httpx.post(
            self._server_url, content=request.body, headers=given, timeout=30.0, trust_env=False
        )
        code = {k: v for k, v in found.headers.items() if k.startswith("x-clickhouse")}
        return Answer(status=found.status_code, body=found.content, headers=code)
