"""One way in for query texts of every language."""

from tailrace.query import kql, lucene
from tailrace.query.parsed import Language, Parsed

__all__ = ["Language", "Parsed", "read"]


def read(text: str, language: Language = "lucene") -> Parsed:
    """Return the filter tree of a query; blank text asks for everything.

    Raises:
        QueryError: the text is not valid in that language; with the position and a hint.
    """
    return kql.parse(text) if language == "kql" else lucene.parse(text)
