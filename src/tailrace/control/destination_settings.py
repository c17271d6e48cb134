"""Settings of destinations as they are kept: checked, with their secrets sealed."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tailrace.config import Secret
from tailrace.control.models import DestinationRow
from tailrace.control.vault import STARS, Vault, destination_place
from tailrace.destinations import Catalog, Checked, Destination, check
from tailrace.errors import ChangeError, ConfigError, SettingsError, TransientError


class KeptSettings(NamedTuple):
    """Settings as a row has them: what anybody may read, and the secrets that are set."""

    public: dict[str, Any]
    sealed: dict[str, str]


class DestinationSettings:
    """Checks what people send by the type of the destination, and seals what is secret."""

    def __init__(self, catalog: Catalog, vault: Vault | None) -> None:
        self._catalog = catalog
        self._vault = vault

    def made(self, slug: str, kind: str, given: Mapping[str, object]) -> KeptSettings:
        """Return the settings of a new destination of that type.

        Raises:
            ChangeError: there is no such type, or they are not its settings.
        """
        checked = _checked(self.type(kind), given, stays=())
        return KeptSettings(checked.public, self._sealed(slug, checked.secrets))

    def merged(self, row: DestinationRow, given: Mapping[str, object]) -> KeptSettings:
        """Return the settings of a destination with what is given in its place.

        Raises:
            ChangeError: they are not those of the type any more.
        """
        destination = self.type(row.type)
        stays = {
            name: sealed
            for name, sealed in row.secrets_sealed.items()
            if name in _secrets(destination) and given.get(name, STARS) == STARS
        }
        # What an older form of the type had goes with the next change.
        public = {name: row.settings[name] for name in row.settings if name in destination.fields}
        kept = self._opened(row.slug, stays)
        checked = _checked(destination, {**public, **given, **kept}, stays=stays)
        _require_same_place(destination, row.settings, checked.public, stays=stays)
        new = {name: secret for name, secret in checked.secrets.items() if name not in stays}
        return KeptSettings(checked.public, {**stays, **self._sealed(row.slug, new)})

    def opened(self, kind: Destination, given: Mapping[str, object]) -> Any:
        """Return the dataclass of settings that no destination has yet.

        Raises:
            ChangeError: they are not those of the type.
        """
        return _checked(kind, given, stays=()).settings

    def opened_merged(self, row: DestinationRow, given: Mapping[str, object]) -> Any:
        """Return the dataclass of the settings that `merged` would keep.

        Raises:
            ChangeError: as `merged`.
        """
        kept = self.merged(row, given)
        opened = self._opened(row.slug, kept.sealed)
        return _checked(self.type(row.type), {**kept.public, **opened}, stays=opened).settings

    def require_valid(self, row: DestinationRow, kept: KeptSettings) -> None:
        """Return when the type takes settings that the destination had before.

        Raises:
            ChangeError: it does not.
        """
        opened = self._opened(row.slug, kept.sealed)
        _checked(self.type(row.type), {**kept.public, **opened}, stays=opened)

    def type(self, slug: str) -> Destination:
        """Return a type of destinations.

        Raises:
            ChangeError: there is none.
        """
        found = self._catalog.types.get(slug)
        if found is None:
            known = ", ".join(self._catalog.types)
            raise ChangeError(
                f"there is no destination type '{slug}'; there are {known}. One of another "
                "package needs that package to be installed beside Tailrace",
                reason="invalid",
                field="type",
            )
        return found

    def _sealed(self, slug: str, secrets: Mapping[str, Secret]) -> dict[str, str]:
        if not secrets:
            return {}
        if self._vault is None:
            raise TransientError("there is no secret key to seal secrets with")
        return {
            name: self._vault.seal(secret, place=destination_place(slug, name))
            for name, secret in secrets.items()
        }

    def _opened(self, slug: str, sealed: Mapping[str, str]) -> dict[str, Secret]:
        opened: dict[str, Secret] = {}
        for name, text in sealed.items():
            if self._vault is None:
                raise TransientError("there is no secret key to open secrets with")
            try:
                opened[name] = self._vault.open(text, place=destination_place(slug, name))
            except ConfigError as error:
                raise ChangeError(
                    str(error), reason="conflict", field=f"settings.{name}"
                ) from error
        return opened


def _checked(
    destination: Destination, given: Mapping[str, object], *, stays: Collection[str]
) -> Checked:
    """Return the settings, or say to whoever sent them everything that is wrong.

    `stays` are the secrets that are set already; stars for another one stand for nothing.
    """
    problems = {
        name: f"is '{STARS}', which stands for a secret that is set already; none is"
        for name in _secrets(destination)
        if name not in stays and given.get(name) == STARS
    }
    usable = {name: value for name, value in given.items() if name not in problems}
    told = ""
    try:
        checked = check(destination, usable)
    except SettingsError as error:
        problems = {**error.problems, **problems}
        told = str(error)
    if problems:
        told = "; ".join(f"settings.{name[:100]}: {text}" for name, text in problems.items())
    if told:
        first = next(iter(problems), "")
        field = f"settings.{first[:100]}" if first else "settings"
        raise ChangeError(told, reason="invalid", field=field)
    return checked


def _secrets(destination: Destination) -> list[str]:
    return [name for name, field in destination.fields.items() if field.is_secret]


def _require_same_place(
    destination: Destination,
    before: Mapping[str, object],
    after: Mapping[str, object],
    *,
    stays: Collection[str],
) -> None:
    """Return when secrets that stay go where they went before.

    Whoever may change an address, but may not read a secret, could else have it sent to themselves.

    Raises:
        ChangeError: an address leads to another host, and a secret was not given with it.
    """
    for name, field in destination.fields.items():
        about, was, is_now = field.about, before.get(name), after.get(name)
        is_same = _origin(was) == _origin(is_now) if about.is_url else was == is_now
        if is_same or not (about.is_url or about.is_address):
            continue
        for secret in stays:
            raise ChangeError(
                f"settings.{secret} must be given again: settings.{name} leads elsewhere now, and "
                "a secret goes only where somebody who knows it sends it",
                reason="conflict",
                field=f"settings.{secret}",
            )


def _origin(url: object) -> tuple[str, str]:
    parts = urlsplit(str(url or ""))
    return parts.scheme, parts.netloc.lower()
