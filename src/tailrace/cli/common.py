"""What every command shares: options, settings, the API client, and how it ends."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from tailrace.addresses import url_of
from tailrace.config import Config, read_config
from tailrace.errors import ConfigError, QueryError, TailraceError, TransientError

if TYPE_CHECKING:
    import httpx

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept; ./data unless told.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings file; ./tailrace.toml where it exists.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Server = Annotated[
    str | None,
    typer.Option("--server", help="Address of the API; this machine's unless told."),
]
Since = Annotated[
    str, typer.Option("--since", help="From when: 15m, 24h, 7d, or a time in ISO 8601.")
]
Until = Annotated[str, typer.Option("--until", help="Until when; `now` unless told.")]

LOCAL_TOKEN = "run/local.token"  # noqa: S105 - a file name


def fail(message: str, *, status: int) -> NoReturn:
    """Print the message to standard error and end with the status."""
    print(message, file=sys.stderr)
    sys.exit(status)


def load(data_dir: Path | None, config_file: Path | None) -> Config:
    """Return the settings that the options and the environment give."""
    return read_config(environ=os.environ, data_dir=data_dir, path=config_file)


def options_of(data_dir: Path | None, config_file: Path | None) -> list[str]:
    """Return the options again, for a child process."""
    options: list[str] = []
    if data_dir is not None:
        options += ["--data-dir", str(data_dir)]
    if config_file is not None:
        options += ["--config", str(config_file)]
    return options


def print_json(answer: object, *, is_line: bool = False) -> None:
    """Print a value as JSON for scripts: on several lines, or on one."""
    import msgspec

    text = msgspec.json.encode(answer)
    print((text if is_line else msgspec.json.format(text)).decode(), flush=is_line)


class Api:
    """The API of a running Tailrace.

    The token is `TAILRACE_API_TOKEN`, else the one that the running server left in its data
    directory for this machine's user.
    """

    def __init__(self, config: Config, *, server: str | None) -> None:
        import httpx

        self.url = server or os.environ.get("TAILRACE_URL") or _own_address(config)
        token = os.environ.get("TAILRACE_API_TOKEN") or _local_token(config)
        self.client = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60.0
        )

    def get(self, path: str, **parameters: object) -> Any:
        """Return the JSON answer of a GET; parameters that are None are left out."""
        sent = {name: value for name, value in parameters.items() if value is not None}
        return self._send("GET", path, params=sent).json()

    def get_text(self, path: str) -> str:
        """Return the answer of a GET as it is."""
        return self._send("GET", path).text

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        """Return the JSON answer of a POST."""
        return self._send("POST", path, json=body).json()

    def post_text(self, path: str, body: Mapping[str, object]) -> str:
        """Return the answer of a POST as it is."""
        return self._send("POST", path, json=body).text

    def _send(self, method: str, path: str, **arguments: Any) -> "httpx.Response":
        import httpx

        try:
            response = self.client.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise TransientError(self._unreachable(error)) from error
        if response.status_code >= 400:
            raise problem_of(response.status_code, response.text)
        return response

    @contextmanager
    def stream(self, path: str, **parameters: object) -> Iterator[Iterator[str]]:
        """Give the lines of a server-sent event stream as they come."""
        import httpx

        sent = {name: str(value) for name, value in parameters.items() if value is not None}
        try:
            with self.client.stream("GET", path, params=sent, timeout=None) as response:
                if response.status_code >= 400:
                    response.read()
                    raise problem_of(response.status_code, response.text)
                yield response.iter_lines()
        except httpx.TransportError as error:
            raise TransientError(self._unreachable(error)) from error

    def _unreachable(self, error: Exception) -> str:
        return (
            f"No answer from {self.url} ({error}). Is it running? Start it with `tailrace up`, "
            "or give its address with --server."
        )


def problem_of(status: int, text: str) -> TailraceError:
    """Return the error that a problem document describes."""
    import msgspec

    try:
        problem = msgspec.json.decode(text)
    except msgspec.DecodeError:
        problem = {}
    detail = str(problem.get("detail") or problem.get("title") or text[:300])
    if status == 401:
        return TailraceError(
            f"{detail} Set TAILRACE_API_TOKEN to the token that the first start printed, or run "
            "the command as the user who owns the data directory."
        )
    if status in {400, 422}:
        position = problem.get("position")
        hint = str(problem.get("hint") or "")
        place = f" (at character {position + 1})" if isinstance(position, int) else ""
        return QueryError(f"{detail}{place}" + (f"\n{hint}" if hint else ""))
    if "problems" in problem:
        return TailraceError(detail)
    return TailraceError(f"The server answered {status}: {detail}")


def _own_address(config: Config) -> str:
    return url_of(config.app.host, config.app.port)


def _local_token(config: Config) -> str:
    path = config.data_dir / LOCAL_TOKEN
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path} is not there: Tailrace is not running on {config.data_dir}. Start it with "
            "`tailrace up`, name another directory with --data-dir, or set TAILRACE_API_TOKEN."
        ) from error
    except PermissionError as error:
        raise ConfigError(
            f"{path} belongs to another user: set TAILRACE_API_TOKEN to a token."
        ) from error
