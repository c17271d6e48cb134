"""What the destinations at AWS share: settings, credentials, calls, and what errors mean.

Every request goes out by the HTTP of `api.Tools`, so that boto reaches no address that other
destinations may not; it builds, signs and reads them. Only the credentials of the machine itself
are fetched past it.

Source: AWS service models of STS (AssumeRole: `RoleArn`, `ExternalId` of 2 to 1,224 characters),
Kinesis and Firehose (errors of calls and of records).
"""

import asyncio
import logging
import threading
import uuid
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

from tailrace.destinations import api
from tailrace.errors import SettingsError, TransientError

K = TypeVar("K", bound=Hashable)

LANES: Final = 4
TIMEOUT_S: Final = 10.0
ROLE_PATTERN: Final = r"arn:aws(-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,512}"
ROLE_EXPECTED: Final = "arn:aws:iam::, the account's 12 digits, :role/ and the role's name"
EXTERNAL_ID_PATTERN: Final = r"[A-Za-z0-9_+=,.@:/-]{2,1224}"
EXTERNAL_ID_EXPECTED: Final = "2 to 1224 letters, digits and _+=,.@:/-"
_DETAIL_CHARACTERS_MAX: Final = 500
_TOO_LARGE: Final = 413
_NOT_IMPLEMENTED: Final = 501
_RETRIED: Final = frozenset({408, 429})
_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "TooManyRequestsException",
    }
)
_FAILED: Final = frozenset(
    {
        "IDPCommunicationError",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "OperationAborted",
        "PriorRequestNotComplete",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_ADVICE: Final[Mapping[str, str]] = {
    "AccessDenied": "let the credentials do this",
    "AccessDeniedException": "let the credentials do this",
    "ExpiredToken": "renew the credentials",
    "ExpiredTokenException": "renew the credentials",
    "InvalidAccessKeyId": "change access_key_id and secret_access_key",
    "InvalidClientTokenId": "change access_key_id and secret_access_key",
    "InvalidSignatureException": "check secret_access_key, and the clock of this machine",
    "NoSuchBucket": "create the bucket, or change bucket or region",
    "ResourceNotFoundException": "create the stream, or change its name or region",
    "SignatureDoesNotMatch": "check secret_access_key, and the clock of this machine",
    "UnrecognizedClientException": "change access_key_id and secret_access_key",
}
_QUOTES_REQUEST: Final = frozenset({"InvalidSignatureException", "SignatureDoesNotMatch"})
"""Codes whose messages quote the request, with the session's token in its headers."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Region and credentials; without keys the machine's own are used."""

    region: Annotated[
        str,
        api.Setting(
            "Region, such as eu-central-1.",
            pattern=r"[a-z]{2,5}(-[a-z]+){1,3}-[0-9]{1,2}",
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

    def __post_init__(self) -> None:
        """Refuse half of a pair."""
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


class Client:
    """Calls one service of an account, in threads of its own.

    Of its own, because a service that does not answer holds its threads for as long as they may
    wait, and must not take them from other destinations.
    """

    def __init__(
        self,
        account: Account,
        service: str,
        http: api.Http,
        *,
        timeout_s: float,
        refusals: frozenset[str],
    ) -> None:
        self._account = account
        self._service = service
        self._send = _sender(http, asyncio.get_running_loop(), timeout_s)
        self._refusals = refusals
        self._threads = ThreadPoolExecutor(LANES, thread_name_prefix=f"aws-{service}")
        self._making = threading.Lock()
        self._client: Any = None

    async def call(
        self, operation: str, arguments: Mapping[str, object]
    ) -> Mapping[str, Any] | api.Rejected:
        """Return the answer of an operation, named as in boto; or that it refuses what is sent.

        Raises:
            TransientError: it may work later.
            SettingsError: somebody has to change something first.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._call, operation, arguments)

    def close(self) -> None:
        """Let the threads end; those that wait for an answer do so once it is there."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _call(
        self, operation: str, arguments: Mapping[str, object]
    ) -> Mapping[str, Any] | api.Rejected:
        from botocore import exceptions, parsers

        try:
            answer: Mapping[str, Any] = getattr(self._made(), operation)(**arguments)
        except exceptions.ClientError as error:
            return self._refusal(error)
        except (
            exceptions.NoCredentialsError,
            exceptions.PartialCredentialsError,
            exceptions.ProfileNotFound,
        ) as error:
            raise SettingsError(
                f"this machine has no credentials of AWS ({error}): give access_key_id and "
                "secret_access_key, or let the machine have a role"
            ) from error
        except (exceptions.BotoCoreError, parsers.ResponseParserError) as error:
            raise TransientError(f"{self._service}: {error}"[:_DETAIL_CHARACTERS_MAX]) from error
        return answer

    def _made(self) -> Any:
        with self._making:
            if self._client is None:
                self._client = _client(self._account, self._service, self._send)
            return self._client

    def _refusal(self, error: Any) -> api.Rejected:
        """Return that the service refuses what was sent; anything else that it says is raised."""
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        told = f"{error.operation_name}: {code}"
        if code not in _QUOTES_REQUEST:
            message = error.response.get("Error", {}).get("Message", "")
            told = f"{told}: {message}"[:_DETAIL_CHARACTERS_MAX].rstrip(".")
        if _is_transient(code, status):
            raise TransientError(told) from error
        if error.operation_name != "AssumeRole":
            if status == _TOO_LARGE:
                return api.Rejected("too-large", told, status)
            if code in self._refusals:
                return api.Rejected("invalid", told, status)
        advice = _ADVICE.get(code, "change the settings, or what they name")
        raise SettingsError(f"{told}; {advice}") from error


def client_of(
    tools: api.Tools,
    account: Account,
    service: str,
    *,
    timeout_s: float = TIMEOUT_S,
    refusals: frozenset[str] = frozenset(),
) -> Client:
    """Return the client of a destination; it is made once.

    `refusals` are the codes that mean a fault of what is sent, not of settings.
    """

    def made() -> Client:
        return Client(account, service, tools.http, timeout_s=timeout_s, refusals=refusals)

    return tools.kept(f"aws-{service}", made)


def outcomes_of(entries: Sequence[Mapping[str, Any]], *, count: int) -> list[api.Outcome]:
    """Return what became of each record, from the answer for them; `count` is how many were sent.

    Raises:
        TransientError: the answer is not for as many.
    """
    if len(entries) != count:
        raise TransientError(f"the answer is for {len(entries)} records; {count} were sent")
    return [_outcome(entry) for entry in entries]


async def in_groups(
    groups: Mapping[K, Sequence[int]],
    send: Callable[[K, Sequence[int]], Awaitable[Sequence[api.Outcome]]],
) -> list[api.Outcome]:
    """Return the outcomes of payloads that are sent group by group, in the order of the payloads.

    An error is raised only while nothing was taken; later it means that the rest is to be tried
    again, so that nothing which was taken is sent twice.
    """
    outcomes: dict[int, api.Outcome] = {}
    has_sent = False
    for key, indexes in groups.items():
        try:
            found = await send(key, indexes)
        except (TransientError, SettingsError) as error:
            if not has_sent:
                raise
            found = [api.Retry("no-answer", str(error))] * len(indexes)
        has_sent = has_sent or any(isinstance(each, api.Delivered) for each in found)
        outcomes.update(zip(indexes, found, strict=True))
    return [outcomes[index] for index in range(len(outcomes))]


def _outcome(entry: Mapping[str, Any]) -> api.Outcome:
    code = str(entry.get("ErrorCode") or "")
    if not code:
        return api.Delivered(200)
    detail = f"{code}: {entry.get('ErrorMessage') or ''}"[:_DETAIL_CHARACTERS_MAX]
    if code.startswith(("InvalidArgument", "Validation")):
        return api.Rejected("invalid", detail, 400)
    if code in _THROTTLED or "Throttl" in code:
        return api.Retry("throttled", detail, 429)
    return api.Retry("record-failed", detail, 503 if code in _FAILED else 500)


def _is_transient(code: str, status: int) -> bool:
    if code in _THROTTLED or code in _FAILED or "Throttl" in code or status in _RETRIED:
        return True
    return status >= 500 and status != _NOT_IMPLEMENTED


# --- boto -----------------------------------------------------------------------------------------


def _client(account: Account, service: str, send: Callable[..., Any]) -> Any:
    """Return boto's client of a service, which acts as the account says."""
    # What boto tells of its work has credentials and events in it.
    logging.getLogger("botocore").setLevel(logging.CRITICAL)
    session = _session(account, send)
    if account.access_key_id is not None and account.secret_access_key is not None:
        session.set_credentials(account.access_key_id, account.secret_access_key.reveal())
    for role, external_id in (
        (account.via_role_arn, account.via_external_id),
        (account.role_arn, account.external_id),
    ):
        if role is not None:
            sts = session.create_client("sts", endpoint_url=account.sts_endpoint_url)
            session = _session(account, send)
            session.register_component("credential_provider", _Role(sts, role, external_id))
    return session.create_client(service, endpoint_url=account.endpoint_url)


def _session(account: Account, send: Callable[..., Any]) -> Any:
    from botocore.config import Config
    from botocore.session import Session

    session = Session()
    session.register("before-send", send)
    session.set_config_variable("region", account.region)
    session.set_default_client_config(
        Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            ignore_configured_endpoint_urls=True,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path" if account.endpoint_url else "auto"},
        )
    )
    return session


class _Role:
    """Gives a session the credentials of a role; boto renews them 15 minutes before they end."""

    def __init__(self, sts: Any, role: str, external_id: str | None) -> None:
        self._sts = sts
        self._asked = {"RoleArn": role, **({"ExternalId": external_id} if external_id else {})}

    def load_credentials(self) -> Any:
        """Return credentials that are asked for when they are needed."""
        from botocore.credentials import DeferredRefreshableCredentials

        return DeferredRefreshableCredentials(self._assume, method="assume-role")

    def _assume(self) -> dict[str, str]:
        name = f"tailrace-{uuid.uuid4().hex}"
        found = self._sts.assume_role(RoleSessionName=name, **self._asked)["Credentials"]
        if found["Expiration"] <= datetime.now(UTC):
            raise SettingsError(
                f"the credentials of {self._asked['RoleArn']} ended at {found['Expiration']}, "
                "before they came: check the clock of this machine"
            )
        return {
            "access_key": found["AccessKeyId"],
            "secret_key": found["SecretAccessKey"],
            "token": found["SessionToken"],
            "expiry_time": found["Expiration"].isoformat(),
        }


def _sender(
    http: api.Http, loop: asyncio.AbstractEventLoop, timeout_s: float
) -> Callable[..., Any]:
    """Return what boto sends its requests by: `http`, which lives on the event loop."""

    def send(request: Any, **_: object) -> Any:
        from botocore.awsrequest import AWSResponse

        body = request.body or b""
        content = body.read() if hasattr(body, "read") else body
        asked = http.request(
            request.method,
            request.url,
            content=content.encode() if isinstance(content, str) else bytes(content),
            headers={
                name: value.decode() if isinstance(value, bytes) else str(value)
                for name, value in request.headers.items()
                # The body follows at once, whatever the service says of it.
                if name.lower() != "expect"
            },
            timeout_s=timeout_s,
        )
        answer = asyncio.run_coroutine_threadsafe(asked, loop).result()
        return AWSResponse(request.url, answer.status, answer.headers, _Raw(answer.body))

    return send


class _Raw:
    """The body of an answer as boto reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self._body
