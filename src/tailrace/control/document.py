"""The workspace as running parts know it: the stored document, and the view made from it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from tailrace.config import IpSetting, JsonMapping, Kind, Source
from tailrace.control.delivery_rules import DeliveryRules
from tailrace.control.vault import Vault, webhook_place
from tailrace.errors import ConfigError, CorruptionError

NEVER: Final = float("inf")
_AS_EVER: Final = DeliveryRules()


class DocumentKey(msgspec.Struct, frozen=True, array_like=True):
    """A write key that may be used, and until when (seconds since 1970; None: no end)."""

    key: str
    until: float | None = None


class DocumentSource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source as parts need it; one that was deleted has no keys, and its events still wait."""

    slug: str
    name: str = ""
    kind: Kind = "web"
    enabled: bool = True
    is_deleted: bool = False
    ip: IpSetting = "keep"
    requests_per_s_max: float | None = None
    json: JsonMapping = JsonMapping()
    webhook_secret: str | None = None
    keys: tuple[DocumentKey, ...] = ()


class DocumentDestination(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A destination as the worker needs it; `secrets` are sealed, by the settings' names.

    Without `subscriptions` it has those of its type.
    """

    slug: str
    type: str
    version: int
    enabled: bool = True
    sources: tuple[str, ...] | None = None
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    filters: list[dict[str, Any]] = []
    subscriptions: list[dict[str, Any]] | None = None
    delivery: DeliveryRules = _AS_EVER


class DocumentNotify(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages of an alert go."""

    slug: str
    type: str


class DocumentAlert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A delivery alert that is enabled; `secrets` are sealed, as `SLUG.url` and `SLUG.secret`."""

    slug: str
    name: str = ""
    version: int
    destinations: tuple[str, ...] | None = None
    when: dict[str, int | None] = {}
    repeat_every_h: float | None = None
    notify: tuple[DocumentNotify, ...] = ()
    secrets: dict[str, str] = {}


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a workspace; `workspace` is its id, `secret_key_id` names what seals."""

    workspace: str
    version: int
    secret_key_id: str
    sources: tuple[DocumentSource, ...]
    destinations: tuple[DocumentDestination, ...] = ()
    delivery_alerts: tuple[DocumentAlert, ...] = ()


class Workspace(NamedTuple):
    """The sources that hold now, those of the file first; never changed, only replaced.

    `expires_at` is when the next write key ends and a new view is due.
    """

    version: int
    sources: tuple[Source, ...]
    by_slug: Mapping[str, Source]
    expires_at: float = NEVER
    destinations: tuple[DocumentDestination, ...] = ()
    delivery_alerts: tuple[DocumentAlert, ...] = ()


_decode = msgspec.json.Decoder(Document).decode
encode_document = msgspec.json.Encoder().encode


def decode_document(text: bytes | str, *, where: str) -> Document:
    """Return the document.

    Raises:
        CorruptionError: the text is none.
    """
    try:
        return _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CorruptionError(f"{where}: no workspace document: {error}", path=where) from error


def fixed_workspace(sources: Iterable[Source]) -> Workspace:
    """Return a workspace of sources that never change."""
    kept = tuple(sources)
    return Workspace(0, kept, {source.slug: source for source in kept})


def workspace_of(
    document: Document, vault: Vault | None, *, file_sources: Iterable[Source], now: float
) -> Workspace:
    """Return the view of a document: keys that hold, secrets opened, the file's sources added.

    Where both have the same slug or key, the file's holds; see `collisions`.

    Raises:
        ConfigError: a secret cannot be opened with the keys of this installation.
    """
    kept = list(file_sources)
    slugs = {source.slug for source in kept}
    taken = {key for source in kept for key in source.write_keys}
    expires_at = NEVER
    for source in document.sources:
        if source.slug in slugs:
            continue
        keys = []
        for key in source.keys:
            if key.until is not None and key.until <= now:
                continue
            expires_at = min(expires_at, NEVER if key.until is None else key.until)
            if key.key not in taken:
                keys.append(key.key)
        kept.append(_source(source, tuple(keys), vault))
    return Workspace(
        document.version,
        tuple(kept),
        {source.slug: source for source in kept},
        expires_at,
        document.destinations,
        document.delivery_alerts,
    )


def collisions(document: Document, file_sources: Iterable[Source], *, file: object) -> list[str]:
    """Return what file and database both claim: slugs, and keys of other sources."""
    slugs = {source.slug for source in document.sources if not source.is_deleted}
    owners = {key.key: source.slug for source in document.sources for key in source.keys}
    problems = []
    for source in file_sources:
        if source.slug in slugs:
            problems.append(
                f"{file}: sources: '{source.slug}' is also a source of the control database; "
                "rename it here, or delete it there first"
            )
        problems += [
            f"{file}: sources: a write key of '{source.slug}' belongs to the source "
            f"'{owners[key]}' of the control database"
            for key in source.write_keys
            if owners.get(key, source.slug) != source.slug
        ]
    return problems


def _source(source: DocumentSource, keys: tuple[str, ...], vault: Vault | None) -> Source:
    secret = None
    if source.webhook_secret is not None:
        if vault is None:
            raise ConfigError(
                f"source '{source.slug}' has a sealed webhook_secret and there is no secret key: "
                "give TAILRACE_SECRET_KEY or put secret.key into the data directory"
            )
        secret = vault.open(source.webhook_secret, place=webhook_place(source.slug))
    return Source(
        slug=source.slug,
        name=source.name,
        kind=source.kind,
        write_keys=keys,
        enabled=source.enabled,
        webhook_secret=secret,
        requests_per_s_max=source.requests_per_s_max,
        ip=source.ip,
        json=source.json,
    )
