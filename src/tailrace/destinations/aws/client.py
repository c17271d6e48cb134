"""Calls of AWS services: credentials, requests, and what errors of a whole call mean.

Every request goes out by the HTTP of `api.Tools`, so that boto reaches no address that other
destinations may not; it builds, signs and reads them. Only the credentials of the machine itself
are fetched past it.
"""

import asyncio
import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from tailrace.destinations import api
from tailrace.destinations.aws.account import Account
from tailrace.destinations.aws.answers import DETAIL_CHARACTERS_MAX, is_transient
from tailrace.errors import SettingsError, TransientError

LANES: Final = 4
TIMEOUT_S: Final = 10.0
_TOO_LARGE: Final = 413
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


class Refusal(NamedTuple):
    """What a service says instead of doing what it was asked; `told` is for people."""

    operation: str
    code: str
    status: int
    told: str


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
        answer = await self.ask(operation, arguments)
        return self._judged(answer) if isinstance(answer, Refusal) else answer

    async def ask(
        self, operation: str, arguments: Mapping[str, object]
    ) -> Mapping[str, Any] | Refusal:
        """Return the answer of an operation, or what the service says instead.

        Raises:
            TransientError: there was no answer.
            SettingsError: there are no credentials, or the address is not allowed.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._ask, operation, arguments)

    def close(self) -> None:
        """Let the threads end; those that wait for an answer do so once it is there."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, operation: str, arguments: Mapping[str, object]) -> Mapping[str, Any] | Refusal:
        from botocore import exceptions, parsers

        try:
            answer: Mapping[str, Any] = getattr(self._made(), operation)(**arguments)
        except exceptions.ClientError as error:
            return _refusal(error)
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
            raise TransientError(f"{self._service}: {error}"[:DETAIL_CHARACTERS_MAX]) from error
        return answer

    def _made(self) -> Any:
        with self._making:
            if self._client is None:
                self._client = _client(self._account, self._service, self._send)
            return self._client

    def _judged(self, refusal: Refusal) -> api.Rejected:
        """Return that the service refuses what was sent; anything else that it says is raised."""
        code, status, told = refusal.code, refusal.status, refusal.told
        if is_transient(code, status):
            raise TransientError(told)
        if refusal.operation != "AssumeRole":
            if status == _TOO_LARGE:
                return api.Rejected("too-large", told, status)
            if code in self._refusals:
                return api.Rejected("invalid", told, status)
        raise SettingsError(f"{told}; {advice_for(code)}")


def advice_for(code: str) -> str:
    """Return what to do about an error of a service."""
    return _ADVICE.get(code, "change the settings, or what they name")


def client_of(
    tools: api.Tools,
    account: Account,
    service: str,
    *,
    timeout_s: float = TIMEOUT_S,
    refusals: frozenset[str] = frozenset(),
    purpose: str = "send",
) -> Client:
    """Return the client of a destination for a purpose; it is made once.

    `refusals` are the codes that mean a fault of what is sent, not of settings.
    """

    def made() -> Client:
        return Client(account, service, tools.http, timeout_s=timeout_s, refusals=refusals)

    return tools.kept(f"aws-{service}-{purpose}", made)


# --- boto -----------------------------------------------------------------------------------------


def _refusal(error: Any) -> Refusal:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    told = f"{error.operation_name}: {code}"
    if code not in _QUOTES_REQUEST:
        message = error.response.get("Error", {}).get("Message", "")
        told = f"{told}: {message}"[:DETAIL_CHARACTERS_MAX].rstrip(".")
    return Refusal(error.operation_name, code, status, told)


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
    addresses = {"sts": account.sts_endpoint_url, "iam": account.iam_endpoint_url}
    address = addresses.get(service, account.endpoint_url)
    return session.create_client(service, endpoint_url=address)


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
