"""Settings: the only reader of the configuration file, the environment and the first-run state.

One file (`tailrace.toml`, optional) plus `TAILRACE_...` variables become one frozen `Config`, built
once at start and passed down. All problems are reported together.
"""

import hashlib
import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from tailrace.errors import ConfigError

CONFIG_NAME = "tailrace.toml"
STATE_NAME = "first-run.json"
LOOPBACK = "127.0.0.1"

# A dollar would let a line break follow.
WRITE_KEY_PATTERN = r"^[A-Za-z0-9_-]{8,128}(?![\s\S])"
FIRST_EMAIL = "owner@localhost"
EMAIL_PATTERN = r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+"
FIRST_SLUGS = ("default", "first-run")
"""How the first source is called: the second where the file has a source of the first name."""

SLUG_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}(?![\s\S])"
Slug = Annotated[str, Meta(pattern=SLUG_PATTERN)]
WriteKey = Annotated[str, Meta(pattern=WRITE_KEY_PATTERN)]
Positive = Annotated[int, Meta(gt=0)]
Seconds = Annotated[float, Meta(gt=0)]
Port = Annotated[int, Meta(ge=0, le=65535)]


class Secret:
    """A value that prints as `***`; `reveal` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value; never put it into a log or an answer."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(
            self._value.encode(), other._value.encode()
        )

    def __hash__(self) -> int:
        return hash(self._value)


class JsonMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an object posted to `/v1/json/<write key>` becomes a track event.

    Each path is a list of keys joined by dots. A path that leads to nothing leaves its field out;
    the whole object becomes `properties`.
    """

    event: str = "event"
    event_default: str = "JSON Received"
    user_id: str = "userId"
    anonymous_id: str = "anonymousId"
    message_id: str = "messageId"
    timestamp: str = "timestamp"


Kind = Literal["web", "mobile", "server", "webhook", "json"]
IpSetting = Literal["keep", "truncate", "drop"]


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events come from, and what its calls authenticate with."""

    slug: Slug
    name: str = ""
    kind: Kind = "web"
    write_keys: tuple[WriteKey, ...]
    enabled: bool = True
    webhook_secret: Secret | None = None
    requests_per_s_max: Annotated[float, Meta(gt=0)] | None = None
    ip: IpSetting = "keep"
    json: JsonMapping = JsonMapping()


class CollectConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The collection port and its bounds."""

    host: str = LOOPBACK
    port: Port = 8282
    workers: Positive = 1
    body_bytes_max: Positive = 1_048_576
    event_bytes_max: Positive = 65_536
    batch_events_max: Positive = 2_500
    depth_max: Positive = 64
    queue_bytes_max: Positive = 67_108_864
    header_timeout_s: Seconds = 20.0
    body_timeout_s: Seconds = 20.0
    connections_max: Positive = 4_096
    fsync_timeout_s: Seconds = 10.0
    trust_forwarded_for: bool = False


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The durable log: file sizes, how long records are kept, and what is left of the disk.

    `raw` refuses when less than `free_bytes_min` of its disk is free, `events` at half of it and
    the store at a quarter, so that what was accepted can still be refined and stored.
    """

    segment_bytes_max: Positive = 268_435_456
    raw_age_s_max: Seconds = 7 * 86_400.0
    raw_bytes_max: Positive = 20 * 1_073_741_824
    events_age_s_max: Seconds = 7 * 86_400.0
    events_bytes_max: Positive = 20 * 1_073_741_824
    free_bytes_min: Annotated[int, Meta(ge=0)] = 268_435_456


class RefineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Deduplication, and how long a block of events waits for more."""

    dedup_window_s: Seconds = 7 * 86_400.0
    block_events_max: Positive = 20_000
    block_bytes_max: Positive = 33_554_432
    linger_s: Annotated[float, Meta(ge=0)] = 0.15


class QueryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one question to the store."""

    time_s_max: Seconds = 20.0
    rows_read_max: Positive = 2_000_000_000
    memory_bytes_max: Positive = 2_147_483_648
    result_rows_max: Positive = 10_000
    download_rows_max: Positive = 1_000_000
    concurrency_max: Positive = 4
    concurrency_per_asker_max: Positive = 3


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The analytics store; an empty `dsn` is the embedded one below the data directory."""

    dsn: str = ""
    memory_bytes_max: Positive = 2_147_483_648
    set_aside_days: Positive = 30


class ControlConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where what people decide is kept, and the keys that seal its secrets.

    Without a `dsn` it is SQLite below the data directory. `secret_key` is one key, or several with
    commas between them: the first seals, all of them open; without it the file `secret.key` has
    them, one per line.
    """

    dsn: Secret | None = None
    secret_key: Secret | None = None


class AppConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The web app and API port.

    `allowed_hosts` are further names that the `Host` header may have while the app listens on
    loopback: those of a reverse proxy in front of it. `session_age_s_max` bounds what the
    workspace's settings may say. `access_log` logs every request, not only those that failed.
    """

    host: str = LOOPBACK
    port: Port = 8283
    allowed_hosts: tuple[str, ...] = ()
    session_age_s_max: Seconds | None = None
    live_streams_max: Positive = 50
    access_log: bool = False


class DeliverConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Delivering to destinations.

    `private_networks` are the networks such as 10.0.0.0/8 that outgoing requests may reach although
    they are private. `file_directories` are the directories below which destinations may write
    files; without any, none may. An event that a destination does not take is tried for
    `retry_window_s`.
    """

    private_networks: tuple[str, ...] = ()
    file_directories: tuple[str, ...] = ()
    retry_window_s: Seconds = 7 * 86_400.0


class OpenIdConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Signing in by an OpenID provider; none without an `issuer`.

    `public_url` is how browsers reach this app; without it, the address that they ask it under.
    People with a verified address of `email_domains` become members of `role` by themselves; the
    others must be members or be invited. `has_passwords` allows passwords beside the provider.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret: Secret | None = None
    name: Annotated[str, Meta(max_length=100)] = ""
    public_url: str = ""
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    email_domains: tuple[str, ...] = ()
    role: Literal["admin", "editor", "viewer"] = "viewer"
    has_passwords: bool = True


class FirstOwner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who becomes a member, as an owner, where nobody is one; without a password until one is set.

    `password_hash` is what `tailrace.control.passwords` keeps.
    """

    email: str
    password_hash: Secret | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that a part needs to know, checked and complete.

    `sources` are those of `file`; people make the others at run time, in the control database.
    `first_source` is the one that the first start puts there, with `given_write_key` where the
    environment gives one, and `first_owner` its first member.
    """

    data_dir: Path
    collect: CollectConfig = CollectConfig()
    log: LogConfig = LogConfig()
    refine: RefineConfig = RefineConfig()
    query: QueryConfig = QueryConfig()
    store: StoreConfig = StoreConfig()
    app: AppConfig = AppConfig()
    control: ControlConfig = ControlConfig()
    oidc: OpenIdConfig = OpenIdConfig()
    deliver: DeliverConfig = DeliverConfig()
    sources: tuple[Source, ...] = ()
    api_token_hashes: tuple[str, ...] = ()
    file: Path | None = None
    given_write_key: str = ""
    first_source: Source | None = None
    first_owner: FirstOwner | None = None

    @property
    def log_dir(self) -> Path:
        """The directory of the durable log."""
        return self.data_dir / "log"

    @property
    def known_sources(self) -> tuple[Source, ...]:
        """The sources that are known without the control database."""
        return (self.first_source, *self.sources) if self.first_source else self.sources

    @property
    def store_dsn(self) -> str:
        """The address that `clickhouse_connect.get_client` takes."""
        return self.store.dsn or f"chdb:///{(self.data_dir / 'store').resolve()}"


class FirstRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the first start made: the first write key, the owner's token, the first member.

    `api_token` and `owner_password` are None later, when only their hashes are known. There is no
    `owner_password_hash` where a release without members was started first.
    """

    write_key: str
    api_token_hash: str
    api_token: Secret | None = None
    owner_email: str = FIRST_EMAIL
    owner_password_hash: str = ""
    owner_password: Secret | None = None


def new_write_key() -> str:
    """Return a write key that nobody guesses."""
    # One that began with a dash would be taken for an option on a command line.
    while (key := secrets.token_urlsafe(24)).startswith("-"):
        pass
    return key


def token_hash(token: str) -> str:
    """Return what is stored of an API token.

    Tokens made here carry 256 random bits, so a plain SHA-256 cannot be searched.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def read_config(
    *, environ: Mapping[str, str], data_dir: Path | None = None, path: Path | None = None
) -> Config:
    """Return the settings from the file and the environment.

    `path` is the file; when None, `TAILRACE_CONFIG` or `./tailrace.toml` where it exists. Before
    `prepare_first_run` has made them, there may be no source and no token.

    Raises:
        ConfigError: names every problem with its file and key.
    """
    file = path or (Path(environ["TAILRACE_CONFIG"]) if "TAILRACE_CONFIG" in environ else None)
    if file is None and Path(CONFIG_NAME).exists():
        file = Path(CONFIG_NAME)
    tables = _read_toml(file) if file is not None else {}
    where = str(file) if file is not None else "environment"
    tables["data_dir"] = str(
        data_dir or environ.get("TAILRACE_DATA_DIR") or tables.get("data_dir") or "data"
    )
    problems: list[str] = []
    for variable, section, key in _VARIABLES:
        if variable in environ:
            section_table = tables.setdefault(section, {})
            if isinstance(section_table, dict):
                text = environ[variable]
                section_table[key] = _number_or_text(text) if key in _NUMBERS else text
    config = _convert(tables, where=where, problems=problems)
    if config is not None:
        problems += _duplicates(config)
        problems += _wrong_dsn(config)
        problems += _wrong_networks(config.deliver, where=where)
        problems += _wrong_directories(config.deliver, where=where)
        problems += _wrong_openid(config.oidc, where=where)
    if problems or config is None:
        raise ConfigError("\n".join(problems))
    return _with_first_run(msgspec.structs.replace(config, file=file), environ)


def encode_config(config: Config) -> bytes:
    """Return the settings, secrets included, for the standard input of a child process."""
    return msgspec.json.encode(config, enc_hook=_encode_secret)


def decode_config(text: bytes) -> Config:
    """Return the settings that `encode_config` was given."""
    return msgspec.json.decode(text, type=Config, dec_hook=_decode_secret)


def prepare_first_run(config: Config, *, environ: Mapping[str, str]) -> tuple[Config, FirstRun]:
    """Make the data directory, the first write key and the logins where they are missing.

    `TAILRACE_WRITE_KEY`, `TAILRACE_API_TOKEN`, `TAILRACE_OWNER_EMAIL` and `TAILRACE_OWNER_PASSWORD`
    are taken when set; else all are made. The token is in the answer only when it was made or given
    just now, the password only when it was made.

    Raises:
        ConfigError: what is given for the first owner cannot be taken.
    """
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    state_path = config.data_dir / STATE_NAME
    given_token = environ.get("TAILRACE_API_TOKEN", "")
    given_password = environ.get("TAILRACE_OWNER_PASSWORD", "")
    password: str | None = None
    if state_path.exists():
        state = msgspec.json.decode(state_path.read_bytes(), type=FirstRun)
        token = given_token or None
        if given_password and not state.owner_password_hash:
            state, _ = _with_owner(state, environ)
            write_private(state_path, msgspec.json.encode(state))
    else:
        token = given_token or "trt_" + secrets.token_urlsafe(32)
        state = FirstRun(
            write_key=environ.get("TAILRACE_WRITE_KEY") or new_write_key(),
            api_token_hash=token_hash(token),
        )
        state, password = _with_owner(state, environ)
        write_private(state_path, msgspec.json.encode(state))
    shown = msgspec.structs.replace(
        state,
        api_token=Secret(token) if token else None,
        owner_password=Secret(password) if password else None,
    )
    return _with_first_run(config, environ), shown


def _with_owner(state: FirstRun, environ: Mapping[str, str]) -> tuple[FirstRun, str | None]:
    """Add the first owner with the password given or a new one; return one that is new, too."""
    # Collectors read settings at every start, and need this at none but the first.
    from tailrace.control.passwords import hash_password, new_password, weakness

    email = environ.get("TAILRACE_OWNER_EMAIL", FIRST_EMAIL).strip().lower()
    if len(email) > 254 or not re.fullmatch(EMAIL_PATTERN, email):
        raise ConfigError(
            f"TAILRACE_OWNER_EMAIL is '{email[:100]}'; expected an e-mail address, name@host"
        )
    given = environ.get("TAILRACE_OWNER_PASSWORD", "")
    problem = weakness(given, email=email, name="") if given else ""
    if problem:
        raise ConfigError(f"TAILRACE_OWNER_PASSWORD {problem}")
    made = None if given else new_password()
    kept = hash_password(given or made or "")
    return msgspec.structs.replace(state, owner_email=email, owner_password_hash=kept), made


def reset_token(config: Config) -> Secret:
    """Replace the first owner's token; the old one stops working at the next start."""
    state_path = config.data_dir / STATE_NAME
    state = msgspec.json.decode(state_path.read_bytes(), type=FirstRun)
    token = "trt_" + secrets.token_urlsafe(32)
    state = msgspec.structs.replace(state, api_token_hash=token_hash(token))
    write_private(state_path, msgspec.json.encode(state))
    return Secret(token)


_VARIABLES = (
    ("TAILRACE_COLLECT_HOST", "collect", "host"),
    ("TAILRACE_COLLECT_PORT", "collect", "port"),
    ("TAILRACE_COLLECT_WORKERS", "collect", "workers"),
    ("TAILRACE_APP_HOST", "app", "host"),
    ("TAILRACE_APP_PORT", "app", "port"),
    ("TAILRACE_STORE_DSN", "store", "dsn"),
    ("TAILRACE_CONTROL_DSN", "control", "dsn"),
    ("TAILRACE_SECRET_KEY", "control", "secret_key"),
    ("TAILRACE_OIDC_ISSUER", "oidc", "issuer"),
    ("TAILRACE_OIDC_CLIENT_ID", "oidc", "client_id"),
    ("TAILRACE_OIDC_CLIENT_SECRET", "oidc", "client_secret"),
)
_NUMBERS = frozenset({"port", "workers"})
_POSTGRESQL_PATTERN = (
    r"postgres(ql)?://((?:[\w.~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?(?:[^@%\s]|%[0-9A-Fa-f]{2})*"
)
_NOT_IN_FILES = frozenset(
    {"api_token_hashes", "file", "given_write_key", "first_source", "first_owner"}
)


def _with_first_run(config: Config, environ: Mapping[str, str]) -> Config:
    """Add the first source and owner and the owner's token, of the environment or the first run."""
    given = environ.get("TAILRACE_WRITE_KEY", "")
    key = given
    hashes: list[str] = []
    owner = None
    state_path = config.data_dir / STATE_NAME
    if state_path.exists():
        state = msgspec.json.decode(state_path.read_bytes(), type=FirstRun)
        key = key or state.write_key
        hashes.append(state.api_token_hash)
        kept = Secret(state.owner_password_hash) if state.owner_password_hash else None
        owner = FirstOwner(email=state.owner_email, password_hash=kept)
    if environ.get("TAILRACE_API_TOKEN"):
        hashes = [token_hash(environ["TAILRACE_API_TOKEN"])]
    first = None
    if key and not any(key in source.write_keys for source in config.sources):
        if not re.fullmatch(WRITE_KEY_PATTERN, key):
            raise ConfigError(
                "TAILRACE_WRITE_KEY must be 8 to 128 letters, digits, '-' or '_'; "
                f"it has {len(key)} characters"
            )
        first = Source(slug=_first_slug(config), name="My app", write_keys=(key,))
    return msgspec.structs.replace(
        config,
        api_token_hashes=tuple(hashes),
        given_write_key=given,
        first_source=first,
        first_owner=owner,
    )


def _first_slug(config: Config) -> str:
    return FIRST_SLUGS[any(source.slug == FIRST_SLUGS[0] for source in config.sources)]


def _read_toml(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{file}: no such file; give --config an existing one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error


def _number_or_text(text: str) -> int | str:
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def _encode_secret(value: object) -> object:
    return value.reveal() if isinstance(value, Secret) else str(value)


def _decode_secret(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise msgspec.ValidationError(f"Expected `str`, got `{type(value).__name__}`")


def _convert(tables: Mapping[str, object], *, where: str, problems: list[str]) -> Config | None:
    """Convert section by section, so that each one's problem is reported, not the first alone."""
    known = {field.name: field for field in msgspec.structs.fields(Config)}
    good: dict[str, object] = {}
    for name, value in tables.items():
        if name not in known or name in _NOT_IN_FILES:
            expected = ", ".join(sorted(set(known) - _NOT_IN_FILES))
            problems.append(f"{where}: unknown key '{name}'; expected one of {expected}")
            continue
        try:
            good[name] = msgspec.convert(value, known[name].type, dec_hook=_decode_secret)
        except msgspec.ValidationError as error:
            problems.append(f"{where}: {name}: {error}")
    return None if problems else Config(**good)  # type: ignore[arg-type]


def _duplicates(config: Config) -> list[str]:
    problems = []
    seen: dict[str, str] = {}
    for source in config.sources:
        for kind, value in (("slug", source.slug), *(("write key", k) for k in source.write_keys)):
            if value in seen:
                problems.append(f"sources: {kind} '{value}' is used twice ({seen[value]})")
            seen[value] = f"source '{source.slug}'"
    return problems


def _wrong_dsn(config: Config) -> list[str]:
    """Return what is wrong with the control database's address, which may hold a password.

    A password with an `@` would become part of the host, and messages of the driver name that.
    """
    dsn = config.control.dsn
    if dsn is None or not dsn.reveal() or re.fullmatch(_POSTGRESQL_PATTERN, dsn.reveal()):
        return []
    complaint = (
        "control: dsn is not the address of a PostgreSQL database, "
        "postgresql://user:password@host/name; in user and password, characters such as @ / : % "
        "and spaces are written in percent form, @ as %40"
    )
    return [complaint]


def _wrong_networks(deliver: DeliverConfig, *, where: str) -> list[str]:
    problems = []
    for text in deliver.private_networks:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            problems.append(f"{where}: deliver.private_networks has {text!r}: {error}")
    return problems


def _wrong_directories(deliver: DeliverConfig, *, where: str) -> list[str]:
    return [
        f"{where}: deliver.file_directories has {text!r}; expected an absolute path"
        for text in deliver.file_directories
        if not text.startswith("/")
    ]


def _wrong_openid(oidc: OpenIdConfig, *, where: str) -> list[str]:
    """Return what is wrong with the settings of the OpenID provider."""
    if not oidc.issuer:
        return []
    problems = []
    if not oidc.client_id:
        problems.append(f"{where}: oidc.client_id is missing; the provider gave it with the secret")
    for name, url in (("issuer", oidc.issuer), ("public_url", oidc.public_url)):
        parts = urlsplit(url)
        is_local = parts.hostname in {"localhost", LOOPBACK, "::1"}
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_local)
        if url and not (is_safe and parts.hostname and not parts.query and not parts.fragment):
            problems.append(
                f"{where}: oidc.{name} is {url!r}; expected https://..., or http on this machine"
            )
    if "openid" not in oidc.scopes:
        problems.append(f"{where}: oidc.scopes must have 'openid'")
    problems += [
        f"{where}: oidc.email_domains has {domain!r}; expected a domain such as example.org"
        for domain in oidc.email_domains
        if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain)
    ]
    return problems


def write_private(path: Path, text: bytes) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    temporary = path.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
