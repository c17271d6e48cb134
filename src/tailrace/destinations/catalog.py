"""Every type of destination: ours, and those of other packages.

Another package offers its `api.Destination` as an entry point of the group
`tailrace.destinations`.
"""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from tailrace.destinations.api import SLUG_PATTERN, Destination

GROUP: Final = "tailrace.destinations"
BUILT_IN: Final = (
    "aggregations-io",
    "clickhouse",
    "elasticsearch",
    "file",
    "firehose",
    "kafka",
    "kinesis",
    "nats",
    "postgres",
    "redis-streams",
    "s3",
    "slack",
    "tailrace",
    "webhook",
)
"""The modules of our own types, by their slugs."""


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The types by their slugs, and what is wrong with packages that offer more.

    `packages` says which package a type comes from that is not ours.
    """

    types: Mapping[str, Destination]
    problems: tuple[str, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)


def load_catalog() -> Catalog:
    """Return all types; a package that is broken is named and left out."""
    found = {slug: _built_in(slug) for slug in BUILT_IN}
    problems: list[str] = []
    packages: dict[str, str] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        offered = _offered(entry)
        if isinstance(offered, str):
            problems.append(offered)
        elif offered.slug in found:
            problems.append(f"{_named(entry)}: there is another type '{offered.slug}' already")
        else:
            found[offered.slug] = offered
            packages[offered.slug] = entry.dist.name if entry.dist is not None else entry.value
    return Catalog(types=dict(sorted(found.items())), problems=tuple(problems), packages=packages)


def _built_in(slug: str) -> Destination:
    module = importlib.import_module(f"tailrace.destinations.{slug.replace('-', '_')}")
    made: Destination = module.DESTINATION
    return made


def _offered(entry: EntryPoint) -> Destination | str:
    """Return what an entry point offers, or what is wrong with it."""
    try:
        offered = entry.load()
    # Importing what others wrote may raise anything, and must not stop the whole server.
    except Exception as error:  # noqa: BLE001
        return f"{_named(entry)} cannot be loaded: {type(error).__name__}: {error}"
    if not isinstance(offered, Destination):
        return f"{_named(entry)} is no api.Destination but {type(offered).__name__}"
    if not re.fullmatch(SLUG_PATTERN, offered.slug):
        return f"{_named(entry)}: the slug {offered.slug!r} is not of the form {SLUG_PATTERN}"
    try:
        _ = offered.fields
    except (TypeError, NameError) as error:
        return f"{_named(entry)}: {error}"
    return offered


def _named(entry: EntryPoint) -> str:
    package = entry.dist.name if entry.dist is not None else entry.value
    return f"package {package}, destination '{entry.name}'"
