"""Sources and write keys of a workspace file."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.orm import Session

from tailrace.config import JsonMapping, Secret
from tailrace.control.changes import is_usable
from tailrace.control.keys import KeyDraft, WriteKeys, shortened
from tailrace.control.models import SourceRow, WriteKeyRow
from tailrace.control.shapes import SecretText, SourceChange, SourceDraft
from tailrace.control.sources import GivenKey, Sources
from tailrace.control.vault import webhook_place
from tailrace.control.workspace_file.opening import Opener
from tailrace.control.workspace_file.reading import Path
from tailrace.control.workspace_file.shapes import FileKey, FileSource
from tailrace.control.workspace_file.work import Work, nested, without_defaults

_JSON: Final = "json."
_FAR = datetime.max.replace(tzinfo=UTC)
_DEFAULTS: Final[Mapping[str, object]] = {
    **msgspec.structs.asdict(SourceDraft(slug="x")),
    **{_JSON + name: value for name, value in msgspec.structs.asdict(JsonMapping()).items()},
}


class SourcesPart:
    """Compares sources, makes them like the file's, and writes them down."""

    def __init__(self, sources: Sources, keys: WriteKeys, opener: Opener) -> None:
        self._sources = sources
        self._keys = keys
        self._opener = opener

    def exported(self, session: Session, *, now: datetime) -> dict[str, dict[str, object]]:
        """Return the sources as a file has them, those of the settings file left out."""
        return {
            slug: {
                **nested(without_defaults(self._current(row), _DEFAULTS), "json"),
                "write_keys": [
                    _exported_key(key)
                    for key in sorted(row.write_keys, key=lambda key: key.key)
                    if is_usable(key, now=now)
                ],
            }
            for slug, row in self._rows(session).items()
        }

    def apply_in(self, work: Work, wanted: Mapping[str, FileSource]) -> None:
        """Make and change the sources that the file names."""
        rows = self._rows(work.session)
        for slug, source in wanted.items():
            path: Path = ("sources", slug)
            with work.trying(path):
                self._sources.require_unmanaged(slug)
                if slug in rows:
                    self._change(work, rows[slug], source, path)
                else:
                    self._create(work, slug, source, path)

    def prune_in(self, work: Work) -> None:
        """Delete the sources that the file does not name, or say that they are left."""
        for slug, row in self._rows(work.session).items():
            path: Path = ("sources", slug)
            if work.read.names(path):
                continue
            if not work.is_pruning:
                work.left(f"sources/{slug}")
                continue
            with work.trying(path):
                work.deleted(f"sources/{slug}", without_defaults(self._current(row), _DEFAULTS))
                self._sources.delete_in(work.change, slug, version=None)

    def _rows(self, session: Session) -> dict[str, SourceRow]:
        rows = session.scalars(
            select(SourceRow).where(SourceRow.deleted_at.is_(None)).order_by(SourceRow.slug)
        )
        return {row.slug: row for row in rows}

    def _current(self, row: SourceRow) -> dict[str, object]:
        """Return the settings of a source, its secret opened."""
        return {
            "name": row.name,
            "kind": row.kind,
            "enabled": row.enabled,
            "ip": row.ip,
            "requests_per_s_max": row.requests_per_s_max,
            "webhook_secret": self._stored(row),
            **_json_fields(msgspec.convert(row.json, JsonMapping)),
        }

    def _stored(self, row: SourceRow) -> Secret | None:
        if row.webhook_secret_sealed is None:
            return None
        return self._opener.open(row.webhook_secret_sealed, place=webhook_place(row.slug))

    def _create(self, work: Work, slug: str, source: FileSource, path: Path) -> None:
        secret = _secret(work, source, stored=None, path=path)
        values = _wanted(source, secret)
        keys = _new_keys(source, now=work.change.at)
        draft = SourceDraft(
            slug=slug,
            name=source.name,
            kind=source.kind,
            enabled=source.enabled,
            ip=source.ip,
            requests_per_s_max=source.requests_per_s_max,
            webhook_secret=None if secret is None else secret.reveal(),
            json=source.json,
        )
        if not self._are_new(work, source, keys or (), path):
            return
        self._sources.create_in(work.change, draft, keys=keys)
        after = without_defaults(values, _DEFAULTS)
        if keys:
            after["write_keys"] = [shortened(given.key) for given in keys]
        work.created(f"sources/{slug}", after)

    def _change(self, work: Work, row: SourceRow, source: FileSource, path: Path) -> None:
        before = self._current(row)
        secret = _secret(work, source, stored=before["webhook_secret"], path=path)
        after = _wanted(source, secret)
        differing = work.updated(f"sources/{row.slug}", before, after)
        if differing:
            fields = {name: after[name] for name in differing if not name.startswith(_JSON)}
            if secret is not None and "webhook_secret" in fields:
                fields["webhook_secret"] = secret.reveal()
            if any(name.startswith(_JSON) for name in differing):
                fields["json"] = source.json
            self._sources.change_in(
                work.change,
                row.slug,
                SourceChange(**fields),  # type: ignore[arg-type]
                version=None,
            )
        if source.write_keys is not UNSET:
            self._change_keys(work, row, source.write_keys, path)

    def _change_keys(
        self, work: Work, row: SourceRow, wanted: Sequence[FileKey], path: Path
    ) -> None:
        now = work.change.at
        known = {key.key: key for key in row.write_keys}
        seen: set[str] = set()
        for at, given in enumerate(wanted):
            where: Path = (*path, "write_keys", at)
            if given.key in seen:
                work.complain(where, "the same write key stands above", field="key")
                continue
            seen.add(given.key)
            with work.trying(where):
                if given.key in known:
                    self._change_key(work, row.slug, known[given.key], given, where)
                elif _is_over(given, now=now):
                    continue
                else:
                    self._keys.add_in(
                        work.change,
                        row.slug,
                        KeyDraft(key=given.key, label=given.label),
                        expires_at=given.expires_at,
                    )
                    work.created(_key_resource(row.slug, given.key), _key_facts(given))
        for key in known.values():
            if key.key in seen or not is_usable(key, now=now):
                continue
            if work.is_pruning:
                work.deleted(_key_resource(row.slug, key.key), _key_facts(key))
                self._keys.disable_in(work.change, row.slug, key.id)
            else:
                work.left(_key_resource(row.slug, key.key))

    def _change_key(
        self, work: Work, slug: str, row: WriteKeyRow, given: FileKey, path: Path
    ) -> None:
        if row.disabled_at is not None:
            work.complain(
                path,
                f"the write key {shortened(row.key)} was disabled, and is never taken again: "
                "take it out of the file",
                field="key",
            )
            return
        before = {"label": row.label, "expires_at": row.expires_at}
        after = {"label": given.label, "expires_at": given.expires_at}
        if work.updated(_key_resource(slug, row.key), before, after):
            self._keys.change_in(
                work.change, slug, row.id, label=given.label, expires_at=given.expires_at
            )

    def _are_new(
        self, work: Work, source: FileSource, keys: Sequence[GivenKey], path: Path
    ) -> bool:
        """Tell whether all keys of a new source are new; note a problem for each other one."""
        found = len(work.problems)
        places = (
            {}
            if source.write_keys is UNSET
            else {given.key: at for at, given in enumerate(source.write_keys)}
        )
        if source.write_keys is not UNSET and len(places) < len(source.write_keys):
            work.complain((*path, "write_keys"), "a write key stands there twice")
        for given in keys:
            with work.trying((*path, "write_keys", places.get(given.key, 0))):
                self._sources.require_new_key(work.session, given.key, field="key")
        return len(work.problems) == found


def _secret(work: Work, source: FileSource, *, stored: object, path: Path) -> Secret | None:
    """Return the webhook secret that the file asks for; note what is wrong with it."""
    where: Path = (*path, "webhook_secret")
    known = stored if isinstance(stored, Secret) else None
    secret = work.secret(source.webhook_secret, path=where, stored=known)
    if secret is None or secret is known:
        return secret
    try:
        msgspec.convert(secret.reveal(), SecretText)
    except msgspec.ValidationError as error:
        work.complain(where, f"its value is not one: {error}")
        return known
    return secret


def _wanted(source: FileSource, secret: Secret | None) -> dict[str, object]:
    return {
        "name": source.name,
        "kind": source.kind,
        "enabled": source.enabled,
        "ip": source.ip,
        "requests_per_s_max": source.requests_per_s_max,
        "webhook_secret": secret,
        **_json_fields(source.json),
    }


def _json_fields(json: JsonMapping) -> dict[str, object]:
    return {_JSON + name: value for name, value in msgspec.structs.asdict(json).items()}


def _new_keys(source: FileSource, *, now: datetime) -> list[GivenKey] | None:
    """Return the keys of a new source; None where the file leaves them to the workspace.

    The last one counts as the newest, which is shown first: one without an end.
    """
    if source.write_keys is UNSET:
        return None
    last = sorted(source.write_keys, key=lambda given: given.expires_at or _FAR)
    return [
        GivenKey(given.key, label=given.label, expires_at=given.expires_at)
        for given in last
        if not _is_over(given, now=now)
    ]


def _is_over(given: FileKey, *, now: datetime) -> bool:
    return given.expires_at is not None and given.expires_at <= now


def _exported_key(row: WriteKeyRow) -> dict[str, object]:
    return {"key": row.key, **_key_facts(row)}


def _key_facts(key: WriteKeyRow | FileKey) -> dict[str, object]:
    return without_defaults(
        {"label": key.label, "expires_at": key.expires_at}, {"label": "", "expires_at": None}
    )


def _key_resource(slug: str, key: str) -> str:
    return f"sources/{slug}/write-keys/{shortened(key)}"
