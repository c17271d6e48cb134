"""What the interface says when it cannot answer: Elasticsearch's error bodies."""

from collections.abc import Mapping
from typing import Any, Final

from tailrace.app.problems import FORBIDDEN, NOT_ALLOWED, UNAUTHENTICATED, ProblemError
from tailrace.errors import LimitError, QueryError, TransientError
from tailrace.query.aggregations import TooManyBucketsError

INDEX: Final = "events"
REASON_CHARACTERS_MAX: Final = 2_000
_CHALLENGES: Final = (
    'Basic realm="tailrace", charset="UTF-8"',
    "ApiKey",
    'Bearer realm="tailrace"',
)


class ElasticError(Exception):
    """A request that is not answered, as Elasticsearch says it.

    With a `cause` it is one that a search met on its way: the cause is told as that of a shard.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        reason: str,
        *,
        cause: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
        allow: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.reason = reason[:REASON_CHARACTERS_MAX]
        self.cause = cause
        self.facts = facts or {}
        self.retry_after_s = retry_after_s
        self.allow = allow

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers that such an answer has."""
        found = [] if self.allow is None else [("allow", self.allow)]
        if self.retry_after_s is not None:
            found.append(("retry-after", str(self.retry_after_s)))
        if self.status == 401:
            found += [("www-authenticate", challenge) for challenge in _CHALLENGES]
        return found

    def body(self) -> dict[str, Any]:
        """Return the body of the answer, which is also what `_msearch` puts in its place."""
        return {"error": self.error(), "status": self.status}

    def error(self) -> dict[str, Any]:
        """Return the error itself."""
        if self.cause is None:
            plain = {"type": self.kind, "reason": self.reason, **self.facts}
            return {"root_cause": [plain], **plain}
        shard: dict[str, Any] = {"type": self.kind, "reason": self.reason, "index": INDEX}
        return {
            "root_cause": [shard],
            "type": "search_phase_execution_exception",
            "reason": "all shards failed",
            "phase": "query",
            "grouped": True,
            "failed_shards": [
                {
                    "shard": 0,
                    "index": INDEX,
                    "node": "tailrace",
                    "reason": {**shard, "caused_by": dict(self.cause)},
                }
            ],
        }


def bad_request(reason: str, *, kind: str = "illegal_argument_exception") -> ElasticError:
    """Return what is said of a request that is not right."""
    return ElasticError(400, kind, reason)


def parsing_error(reason: str) -> ElasticError:
    """Return what is said of a body with something in it that does not belong there."""
    return ElasticError(400, "parsing_exception", reason)


def index_not_found(name: str) -> ElasticError:
    """Return what is said of an index that is not `events`."""
    facts = {"resource.type": "index_or_alias", "resource.id": name, "index_uuid": "_na_"}
    return ElasticError(
        404,
        "index_not_found_exception",
        f"no such index [{name}]; there is one index, [{INDEX}]",
        facts={**facts, "index": name},
    )


def query_failed(text: str, error: QueryError) -> ElasticError:
    """Return what is said of a query text that cannot be parsed."""
    return ElasticError(
        400,
        "query_shard_exception",
        f"Failed to parse query [{text}]",
        cause={"type": "parse_exception", "reason": f"Cannot parse '{text[:500]}': {_told(error)}"},
    )


def as_elastic_error(error: Exception) -> ElasticError:
    """Return what Elasticsearch would say of an error; what is not foreseen is a defect."""
    match error:
        case TooManyBucketsError():
            return _too_many_buckets(error)
        case QueryError():
            reason = _told(error)
            return ElasticError(
                400,
                "query_shard_exception",
                f"failed to create query: {reason}",
                cause={"type": "illegal_argument_exception", "reason": reason},
            )
        case LimitError():
            cause = {"type": "search_limit_exception", "reason": str(error)}
            return ElasticError(400, "search_limit_exception", str(error), cause=cause)
        case TransientError():
            reason = str(error)
            return ElasticError(503, "es_rejected_execution_exception", reason, retry_after_s=2)
        case RecursionError():
            return parsing_error("the body is nested too deeply")
    return ElasticError(500, "exception", "the app's log has the details")


def of_problem(error: ProblemError) -> ElasticError:
    """Return what Elasticsearch would say to somebody who is not let in."""
    if error.kind is UNAUTHENTICATED:
        return ElasticError(
            401,
            "security_exception",
            "unable to authenticate: send an API token as the password of Basic, as an ApiKey, or "
            "as a Bearer token",
        )
    kind = "security_exception" if error.kind in (FORBIDDEN, NOT_ALLOWED) else "exception"
    return ElasticError(error.kind.status, kind, error.detail, retry_after_s=error.retry_after_s)


def _too_many_buckets(error: TooManyBucketsError) -> ElasticError:
    facts = {"max_buckets": error.buckets_max}
    cause = {"type": "too_many_buckets_exception", "reason": str(error), **facts}
    return ElasticError(400, "too_many_buckets_exception", str(error), cause=cause, facts=facts)


def _told(error: QueryError) -> str:
    """Return the message with where it went wrong and what to do."""
    text = str(error)
    if error.position is not None:
        text += f" at column {error.position}"
    return f"{text} ({error.hint})" if error.hint else text
