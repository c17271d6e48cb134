"""The names of the one index: `events`, patterns that match it, and names by date."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from tailrace.app.elastic.errors import INDEX, bad_request, index_not_found

NAMES_MAX: Final = 100
_NAME_CHARACTERS_MAX: Final = 255
_DATED = re.compile(rf"{INDEX}-[A-Za-z0-9._-]+|<{INDEX}[A-Za-z0-9._{{}}/|+-]*>")
_INVALID = re.compile(r'[\\/"<>| ,#:]|[A-Z]')


def covers_events(given: object, *, ignores_unknown: bool) -> bool:
    """Tell whether names of indices mean the events; nothing given, or `_all`, means them too.

    Raises:
        ElasticError: one of the names is of no index.
    """
    names = list(_names(given))
    if len(names) > NAMES_MAX:
        raise bad_request(f"more than {NAMES_MAX} indices are named")
    covered = not names
    for name in names:
        if name.startswith("-"):
            covered = covered and not _matches(name[1:])
        elif _matches(name):
            covered = True
        elif "*" not in name and not ignores_unknown:
            raise index_not_found(name[:_NAME_CHARACTERS_MAX])
    return covered


def require_writable(name: str) -> None:
    """Refuse what is no name that an index may have.

    Raises:
        ElasticError: it is none.
    """
    is_bad = not name or name.startswith(("_", "-", "+", ".")) or "*" in name or "?" in name
    if is_bad or len(name) > _NAME_CHARACTERS_MAX or _INVALID.search(name):
        raise bad_request(f"Invalid index name [{name[:100]}]", kind="invalid_index_name_exception")


def _names(given: object) -> Iterable[str]:
    if given is None:
        return []
    if isinstance(given, str):
        return [name.strip() for name in given.split(",") if name.strip()]
    if isinstance(given, list) and all(isinstance(name, str) for name in given):
        return [name for names in given for name in _names(names)]
    raise bad_request("index is neither a text nor a list of texts")


def _matches(name: str) -> bool:
    if name in ("_all", INDEX) or _DATED.fullmatch(name):
        return True
    if "*" not in name:
        return False
    # A pattern of names by date is one of the events, whatever its dates are.
    return fnmatchcase(INDEX, name.replace("[", "[[]")) or name.startswith(f"{INDEX}-")
