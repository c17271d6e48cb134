"""What may come next at a place in a query: fields, values of a field, operators.

The text before the place is read word by word, not parsed, as a query that is being written is
seldom valid.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

from tailrace.query import counting, tree
from tailrace.query.bind import Binder
from tailrace.query.commonest import array_sql
from tailrace.query.fields import Column, many_of, resolve
from tailrace.query.parsed import LENGTH_MAX, Language
from tailrace.query.running import Runner
from tailrace.query.shapes import (
    VALUES_MAX,
    FieldInfo,
    QueryLanguage,
    Since,
    ValueCount,
    Values,
)

SUGGESTIONS_MAX: Final = 50
_VALUE_LENGTH_MAX: Final = 500
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_OWN_WORDS = frozenset({"and", "or", "not", "to", "true", "false", "null"})
_PIECES = re.compile(
    r'(?P<space>\s+)|(?P<quoted>"(?:[^"\\]|\\[\s\S])*"?)|(?P<sign>[<>]=?|[():\[\]{}])'
    r'|(?P<word>(?:\\[\s\S]|[^\s():"\[\]{}<>\\])+)|(?P<other>[\s\S])'
)
_REST_OF_WORD = re.compile(r'(?:\\[\s\S]|[^\s():"\[\]{}<>\\])*')
_REST_OF_QUOTED = re.compile(r'(?:[^"\\]|\\[\s\S])*"?')
_TIMES = ("now-1h", "now-24h", "now-7d", "now-30d", "now/d", "now-1d/d", "now/w", "now/M")
_LUCENE_WORDS = {"AND": "both", "OR": "either", "NOT": "without what follows"}
_KQL_WORDS = {"and": "both", "or": "either", "not": "without what follows"}
_LUCENE_SIGNS = {
    ":": "is",
    ":*": "has a value",
    ":>": "more than",
    ":>=": "at least",
    ":<": "less than",
    ":<=": "at most",
}
_KQL_SIGNS = {
    ":": "is",
    ":*": "has a value",
    " > ": "more than",
    " >= ": "at least",
    " < ": "less than",
    " <= ": "at most",
}

Kind = Literal["field", "value", "operator"]


class Complete(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A query as far as it is written, and where in it the next character goes.

    Values and fields are those of the events since then.
    """

    query: Annotated[str, Meta(max_length=LENGTH_MAX)] = ""
    language: QueryLanguage = "lucene"
    position: Annotated[int, Meta(ge=0, le=LENGTH_MAX)] | None = None
    since: Since = "24h"
    limit: Annotated[int, Meta(ge=1, le=SUGGESTIONS_MAX)] = 20


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """One text that may stand there.

    A field has its `type` and the `share` of events that have it, a value the number of its
    `events`; `about` says what an operator means.
    """

    text: str
    label: str
    kind: Kind
    about: str = ""
    type: str | None = None
    share: float | None = None
    events: int | None = None


class Completed(msgspec.Struct, frozen=True, kw_only=True):
    """What may stand from `start` to `end` of the query, in place of what is there; best first."""

    start: int
    end: int
    field: str | None
    suggestions: list[Suggestion]


@dataclass(frozen=True)
class Place:
    """Where the cursor is: in what, of which field, and how far that is written.

    `wants` says what may come; for `operator`, `written` is the word before.
    """

    wants: Literal["start", "value", "after field", "after clause"]
    start: int
    end: int
    written: str
    field: str | None = None


class _Piece(NamedTuple):
    kind: str
    text: str
    start: int


def complete(runner: Runner, question: Complete, *, now: datetime) -> Completed:
    """Return what may come next.

    Raises:
        QueryError: the time is not valid.
        LimitError: looking for fields or values took more than it may.
    """
    text = question.query
    position = len(text) if question.position is None else min(question.position, len(text))
    place = place_of(text, position)
    suggestions = _Suggestions(runner, question, place, now).all()
    return Completed(
        start=place.start,
        end=place.end,
        field=place.field,
        suggestions=suggestions[: question.limit],
    )


def place_of(text: str, position: int) -> Place:
    """Return what is being written at the position."""
    pieces = [
        _Piece(str(found.lastgroup), found.group(), found.start())
        for found in _PIECES.finditer(text, 0, position)
    ]
    last = pieces[-1] if pieces else None
    if last is None or last.kind in ("space", "sign", "other"):
        written, before, start = "", pieces, position
    else:
        is_done = last.kind == "quoted" and len(last.text) > 1 and _is_closed(last.text)
        if is_done:
            return Place("after clause", position, position, "")
        written, before, start = last.text, pieces[:-1], last.start
    rest = _REST_OF_QUOTED if written.startswith('"') else _REST_OF_WORD
    found = rest.match(text, position)
    end = found.end() if found else position
    field = _field_at(before)
    if field is not None:
        return Place("value", start, end, _bare(written), field)
    if not written and before and before[-1].kind == "space":
        said = [piece for piece in before if piece.kind != "space"]
        if said and _ends_clause(said[-1]):
            name = said[-1]
            is_name = name.kind == "word" and not _is_value(said[:-1])
            return Place(
                "after field" if is_name else "after clause", position, end, _bare(name.text)
            )
    return Place("start", start, end, _bare(written))


def _field_at(before: list[_Piece]) -> str | None:
    """Return the field whose value comes after these pieces, if one does.

    Parentheses after a colon hold values of one field: `event:(a OR `.
    """
    said = [piece for piece in before if piece.kind != "space"]
    groups: list[str | None] = []
    for number, piece in enumerate(said):
        if piece.text in ("(", "[", "{") and piece.kind == "sign":
            groups.append(_named(said[:number]) if piece.text != "{" else None)
        elif piece.text in (")", "]", "}") and piece.kind == "sign" and groups:
            groups.pop()
    own = _named(said)
    if own is not None:
        return own
    return groups[-1] if groups and (not said or not _ends_clause(said[-1])) else None


def _named(said: list[_Piece]) -> str | None:
    """Return the field that the last pieces ask something of: `f:`, `f:>`, `f >=`."""
    at = len(said) - 1
    while at >= 0 and said[at].kind == "sign" and said[at].text in (":", "<", ">", "<=", ">="):
        at -= 1
    if at == len(said) - 1 or at < 0 or said[at].kind not in ("word", "quoted"):
        return None
    return _bare(said[at].text)


def _is_value(before: list[_Piece]) -> bool:
    return _named(before) is not None


def _ends_clause(piece: _Piece) -> bool:
    if piece.kind == "word":
        return piece.text.lower() not in ("and", "or", "not", "to", "&&", "||", "!")
    return piece.kind == "quoted" or piece.text in (")", "]", "}")


def _is_closed(quoted: str) -> bool:
    return re.fullmatch(r'"(?:[^"\\]|\\[\s\S])*"', quoted) is not None


def _bare(written: str) -> str:
    """Return a word without its quotes and escapes."""
    text = written.removeprefix('"')
    if written.startswith('"') and _is_closed(written):
        text = text[:-1]
    return re.sub(r"\\([\s\S])", r"\1", text)


class _Suggestions:
    def __init__(self, runner: Runner, question: Complete, place: Place, now: datetime) -> None:
        self._runner = runner
        self._question = question
        self._place = place
        self._now = now

    def all(self) -> list[Suggestion]:
        match self._place.wants:
            case "value":
                return self._values()
            case "after clause":
                return self._words()
            case "after field":
                known = [info.name for info in self._known()]
                return self._signs() if self._place.written in known else self._words()
            case "start":
                return self._start()

    def _start(self) -> list[Suggestion]:
        written = self._place.written.lower()
        found = [
            Suggestion(
                text=_name(info.name, self._question.language) + ":",
                label=info.name,
                kind="field",
                type=info.type,
                share=info.share,
            )
            for info in _ranked(self._known(), written)
        ]
        word = "not" if self._question.language == "kql" else "NOT"
        is_meant = word.lower().startswith(written)
        words = [each for each in self._words() if each.text.strip() == word] if is_meant else []
        return [*words, *found] if written else [*found, *words]

    def _known(self) -> list[FieldInfo]:
        found = counting.fields(
            self._runner, since=self._question.since, until="now", now=self._now
        )
        return found.fields

    def _words(self) -> list[Suggestion]:
        words = _KQL_WORDS if self._question.language == "kql" else _LUCENE_WORDS
        return [
            Suggestion(text=f"{word} ", label=word, kind="operator", about=about)
            for word, about in words.items()
        ]

    def _signs(self) -> list[Suggestion]:
        signs = _KQL_SIGNS if self._question.language == "kql" else _LUCENE_SIGNS
        return [
            Suggestion(text=sign, label=sign.strip(), kind="operator", about=about)
            for sign, about in signs.items()
        ]

    def _values(self) -> list[Suggestion]:
        name = self._place.field or ""
        written = self._place.written.lower()
        field = None if many_of(name) else resolve(name)
        if name == "_exists_":
            return [
                Suggestion(
                    text=_name(info.name, self._question.language),
                    label=info.name,
                    kind="field",
                    type=info.type,
                    share=info.share,
                )
                for info in _ranked(self._known(), written)
            ]
        if isinstance(field, Column) and field.kind == "time":
            return [
                Suggestion(text=_value(time), label=time, kind="value", about="time")
                for time in _TIMES
                if written in time
            ]
        if many_of(name) or array_sql(name, Binder()) is None:
            return []
        asked = Values(field=name, since=self._question.since, limit=VALUES_MAX)
        found = counting.values(self._runner, asked, now=self._now).values
        return [
            Suggestion(text=_value(each.value), label=each.value, kind="value", events=each.events)
            for each in sorted(found, key=lambda each: not _begins(each, written))
            if written in each.value.lower() and 0 < len(each.value) <= _VALUE_LENGTH_MAX
        ]


def _begins(each: ValueCount, written: str) -> bool:
    return each.value.lower().startswith(written)


def _ranked(fields: list[FieldInfo], written: str) -> list[FieldInfo]:
    """Return the fields that fit what is written: whole, by a beginning of a part, anywhere."""

    def rank(info: FieldInfo) -> tuple[int, float, str]:
        name = info.name.lower()
        begins = name.startswith(written)
        part = any(part.startswith(written) for part in name.split("."))
        return (0 if begins else 1 if part else 2, -info.share, name)

    return sorted((info for info in fields if written in info.name.lower()), key=rank)


def _name(name: str, language: Language) -> str:
    if language == "kql":
        return re.sub(r'([\\():<>"*{}])', r"\\\1", name)
    return tree.escape(name)


def _value(text: str) -> str:
    """Return a value as it is written in either language."""
    if _PLAIN.fullmatch(text) and text.lower() not in _OWN_WORDS:
        return text
    if text in ("true", "false"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
