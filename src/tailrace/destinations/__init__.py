"""Tools that receive events: what each type is called, and which settings it takes.

`api` is the contract of a type. One module below it describes one type and imports nothing else of
ours than `api`, `errors` and, where several types belong to one provider, the module they share;
`catalog` knows them all, those of other packages too.

A type's settings are a frozen dataclass. From its annotations come the JSON Schema, the check of
what people send, and what must be sealed: a setting that is an `api.Secret` is never returned.
"""

from tailrace.destinations.api import Checked, Destination, Secret, Setting, check, schema_of
from tailrace.destinations.catalog import Catalog, load_catalog

__all__ = [
    "Catalog",
    "Checked",
    "Destination",
    "Secret",
    "Setting",
    "check",
    "load_catalog",
    "schema_of",
]
