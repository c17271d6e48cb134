"""Tools that receive events: what each type is called, and which settings it takes.

`api` is the contract of a type; `checking` and `schema` read it. Each type has a module of its own,
which imports nothing else of ours than `api`, `errors` and, where several types belong to one
provider, the module they share; `catalog` knows them all, those of other packages too.

A type's settings are a frozen dataclass. From its annotations come the JSON Schema, the check of
what people send, and what must be sealed: a setting that is an `api.Secret` is never returned.
"""

from tailrace.destinations.api import Destination, Secret, Setting
from tailrace.destinations.catalog import Catalog, load_catalog
from tailrace.destinations.checking import Checked, check
from tailrace.destinations.schema import schema_of

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
