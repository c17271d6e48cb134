"""One application of a file: what was asked, what it has come to, what is in its way."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy.orm import Session

from tailrace.config import Secret
from tailrace.control.changes import Change
from tailrace.control.permissions import Principal
from tailrace.control.vault import STARS
from tailrace.control.workspace_file.checking import CheckedFile
from tailrace.control.workspace_file.problems import Problem
from tailrace.control.workspace_file.reading import Path, path_text
from tailrace.control.workspace_file.shapes import SecretRef
from tailrace.errors import ChangeError, ChangeReason

Action = Literal["create", "update", "delete"]
ENV_HINT: Final = "environment variable"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the workspace and the file, and what applying the file does about it.

    An update names one `field`. `before` is as it is, `after` as the file has it; of what is made
    or removed they show what is not the default, and `***` for each secret.
    """

    action: Action
    resource: str
    field: str | UnsetType = UNSET
    before: Any = None
    after: Any = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What differs, or was changed.

    `kept_secrets` are those whose references had no value, and which stay as they are;
    `not_in_file` is what the file does not name and stays all the same.
    """

    changes: list[Difference]
    kept_secrets: list[str]
    not_in_file: list[str]


class Work:
    """An application that goes on: every part adds what it does, and what it cannot do."""

    def __init__(
        self,
        change: Change,
        read: CheckedFile,
        *,
        secrets: Mapping[str, str],
        is_pruning: bool,
        by: Principal,
    ) -> None:
        self.change = change
        self.read = read
        # While something of the file is not understood, nothing seems superfluous.
        self.is_pruning = is_pruning and not read.problems
        self.by = by
        self.problems: list[Problem] = []
        self.reason: ChangeReason = "invalid"
        self._secrets = secrets
        self._changes: list[Difference] = []
        self._kept: list[str] = []
        self._not_in_file: list[str] = []

    @property
    def session(self) -> Session:
        """The transaction that all of it is part of."""
        return self.change.session

    def outcome(self) -> Outcome:
        """Return what it has come to."""
        return Outcome(
            changes=self._changes, kept_secrets=self._kept, not_in_file=self._not_in_file
        )

    def created(self, resource: str, after: Mapping[str, object]) -> None:
        """Say that something is new."""
        self._changes.append(Difference(action="create", resource=resource, after=_shown(after)))

    def updated(
        self, resource: str, before: Mapping[str, object], after: Mapping[str, object]
    ) -> list[str]:
        """Say which fields differ; return their names."""
        fields = [name for name in after if before.get(name) != after[name]]
        for name in fields:
            self._changes.append(
                Difference(
                    action="update",
                    resource=resource,
                    field=name,
                    before=shown(before.get(name)),
                    after=shown(after[name]),
                )
            )
        return fields

    def deleted(self, resource: str, before: Mapping[str, object]) -> None:
        """Say that something is removed."""
        self._changes.append(Difference(action="delete", resource=resource, before=_shown(before)))

    def left(self, resource: str) -> None:
        """Say that the file does not name something, which stays."""
        self._not_in_file.append(resource)

    def complain(self, path: Path, message: str, *, field: str = "") -> None:
        """Note a problem."""
        self.problems.append(self.read.problem(path, message, field=field))

    def waits_for(self, sources: Sequence[str] | None) -> bool:
        """Tell whether one of the sources is the file's and has problems of its own."""
        good = self.read.file.sources
        return any(
            self.read.names(("sources", slug)) and (good is UNSET or slug not in good)
            for slug in sources or ()
        )

    @contextmanager
    def trying(self, path: Path) -> Iterator[None]:
        """Note the problem for which a change of this place is refused; then go on."""
        try:
            yield
        except ChangeError as error:
            if not self.problems:
                self.reason = error.reason
            self.complain(path, str(error), field=error.field)

    def secret(
        self, reference: SecretRef | None, *, path: Path, stored: Secret | None
    ) -> Secret | None:
        """Return the secret that shall be set: the stored one where the reference has no value."""
        if reference is None:
            return None
        value = self._secrets.get(reference.name)
        if value == STARS:
            self.complain(path, f"the value of {reference.name[:200]} is '{STARS}', no secret")
            return stored
        if value:
            return Secret(value)
        if stored is None:
            kind, _, name = reference.name.partition(":")
            what = ENV_HINT if kind == "env" else "file"
            self.complain(path, f"the {what} {name[:200]} has no value, and no secret is set yet")
            return None
        self._kept.append(path_text(path))
        return stored


def shown(value: object) -> object:
    """Return a value as it may be shown."""
    return STARS if isinstance(value, Secret) else value


def _shown(values: Mapping[str, object]) -> dict[str, object]:
    return {name: shown(value) for name, value in values.items()}


def without_defaults(
    values: Mapping[str, object], defaults: Mapping[str, object]
) -> dict[str, object]:
    """Return what is not the default."""
    return {
        name: value
        for name, value in values.items()
        if name not in defaults or value != defaults[name]
    }


def nested(values: Mapping[str, object], key: str) -> dict[str, object]:
    """Return the values with those whose names begin with the key and a dot below that key."""
    prefix = f"{key}."
    rest = {name: value for name, value in values.items() if not name.startswith(prefix)}
    below = {
        name.removeprefix(prefix): value
        for name, value in values.items()
        if name.startswith(prefix)
    }
    return {**rest, key: below} if below else rest
