"""The store's SQL, one statement per file."""

from functools import cache
from importlib import resources


@cache
def statement(name: str) -> str:
    """Return the statement in `<name>.sql`."""
    return resources.files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
