"""The way to filters in the search bar's language, which is loaded by the first of them.

It brings the store's client along, some 45 MB that a deliverer without such a filter does without.
"""

from tailrace.filters.filter import Filter


def compile_search(text: str) -> Filter:
    """Return the filter that a text of the search language says; see `searching`.

    Raises:
        FilterError: the text is none, or asks for what an event on its way has not; it says where.
    """
    from tailrace.filters import searching

    return searching.compile_search(text)
