"""What a query will match, told while it is written: it need not be valid."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tailrace.errors import QueryError
from tailrace.query.bind import Binder
from tailrace.query.compile import compile_tree, notes_on
from tailrace.query.describe import text_of, words_of
from tailrace.query.fields import Column, Path, Unknown, many_of, resolve
from tailrace.query.parsed import LENGTH_MAX, ExpectedError
from tailrace.query.reading import read
from tailrace.query.shapes import QueryLanguage
from tailrace.query.tree import All, Tree, leaves

FIELDS_MAX: Final = 100

FieldKind = Literal["text", "time", "boolean", "value", "object", "pattern", "unknown"]


class Explain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A query as far as it is written."""

    query: Annotated[str, Meta(max_length=LENGTH_MAX)] = ""
    language: QueryLanguage = "lucene"


class ExplainedField(msgspec.Struct, frozen=True, kw_only=True):
    """A field that a query names; `kind` says what it holds, `value` where that may be anything."""

    name: str
    kind: FieldKind


class QueryProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a text is no query; `expected` is what may stand at the position, where that is known."""

    message: str
    position: int | None
    expected: list[str]
    hint: str


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What a query asks for: as text with all its parentheses, and in words.

    Both are empty where it is not valid.
    """

    valid: bool
    text: str
    words: str
    notes: list[str]
    fields: list[ExplainedField]
    error: QueryProblem | None


def explain(question: Explain, *, now: datetime) -> Explained:
    """Return what a query will match, or what is wrong with it."""
    try:
        parsed = read(question.query, question.language)
        compile_tree(parsed.tree, Binder(), now=now)
    except QueryError as error:
        expected = list(error.expected) if isinstance(error, ExpectedError) else []
        problem = QueryProblem(
            message=str(error), position=error.position, expected=expected, hint=error.hint
        )
        return Explained(valid=False, text="", words="", notes=[], fields=[], error=problem)
    return Explained(
        valid=True,
        text=text_of(parsed.tree, question.language),
        words=words_of(parsed.tree),
        notes=[*parsed.notes, *notes_on(parsed.tree)],
        fields=_fields(parsed.tree),
        error=None,
    )


def _fields(tree: Tree) -> list[ExplainedField]:
    names: dict[str, None] = {}
    for leaf in leaves(tree):
        if not isinstance(leaf, All) and leaf.field is not None:
            names[leaf.field] = None
    return [ExplainedField(name=name, kind=_kind(name)) for name in list(names)[:FIELDS_MAX]]


def _kind(name: str) -> FieldKind:
    if many_of(name):
        return "pattern"
    match resolve(name):
        case Column(_, kind):
            return "boolean" if kind == "flag" else kind
        case Path(_, ()):
            return "object"
        case Path():
            return "value"
        case Unknown():
            return "unknown"
