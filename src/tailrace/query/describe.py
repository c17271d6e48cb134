"""A filter tree in words for people, and as text with its parentheses: what a query will match."""

from typing import Final

from tailrace.query import kql, tree
from tailrace.query.conditions import EDITS_MAX
from tailrace.query.fields import Column, many_of, resolve
from tailrace.query.parsed import Language
from tailrace.query.text import edits_for, number_of
from tailrace.query.times import is_time
from tailrace.query.tree import (
    All,
    And,
    Exists,
    Fuzzy,
    Nested,
    Not,
    Or,
    Phrase,
    Range,
    Regex,
    Term,
    Tree,
    Wildcard,
)

_SHOWN_MAX: Final = 200


def text_of(found: Tree, language: Language = "lucene") -> str:
    """Return text that asks for the same, with parentheses that say what belongs together.

    It is Lucene text where KQL has no words for it.
    """
    try:
        text = kql.render(found) if language == "kql" else tree.render(found)
    except ValueError:
        text = tree.render(found)
    return text[1:-1] if isinstance(found, And | Or | Not) else text


def words_of(found: Tree) -> str:
    """Return what the tree asks for in plain words."""
    text = _words(found)
    return text[1:-1] if isinstance(found, And | Or) else text


def _words(found: Tree) -> str:
    match found:
        case All():
            return "every event"
        case Not(Exists(name)):
            return f"{name} has no value"
        case Not(part):
            return f"not {_words(part)}"
        case And(parts):
            return "(" + " and ".join(map(_words, parts)) + ")"
        case Or(parts):
            return "(" + " or ".join(map(_words, parts)) + ")"
        case Exists(name):
            return f"{_field(name)} has a value"
        case Nested(name, part):
            return f"one object of {name} has {_words(part)}"
        case Range():
            return _range(found)
        case Term() | Phrase() | Wildcard() | Regex() | Fuzzy() if found.field is None:
            return _anywhere(found)
        case Term(name, text) | Phrase(name, text, 0):
            return f"{_field(name)} is {_shown(text)}"
        case Phrase(name, text, slop):
            return f"{_field(name)} has the words {_shown(text)} at most {slop} moves apart"
        case Wildcard(name, pattern):
            return f"{_field(name)} is like {_shown(pattern)}"
        case Regex(name, pattern):
            return f"{_field(name)} matches the regular expression {_shown(pattern)}"
        case Fuzzy(name, text):
            return f"{_field(name)} is {_near(found)} {_shown(text)}"


def _anywhere(leaf: Term | Phrase | Wildcard | Regex | Fuzzy) -> str:
    match leaf:
        case Term(_, text):
            words = text.split()
            if len(words) < 2:
                return f"the word {_shown(text)} anywhere"
            return "any of the words " + ", ".join(map(_shown, words)) + " anywhere"
        case Phrase(_, text, 0):
            return f"the words {_shown(text)} side by side anywhere"
        case Phrase(_, text, slop):
            return f"the words {_shown(text)} at most {slop} moves apart anywhere"
        case Wildcard(_, pattern):
            return f"a word like {_shown(pattern)} anywhere"
        case Regex(_, pattern):
            return f"a word that matches the regular expression {_shown(pattern)} anywhere"
        case Fuzzy(_, text):
            return f"a word {_near(leaf)} {_shown(text)} anywhere"


def _near(leaf: Fuzzy) -> str:
    edits = edits_for(leaf.text) if leaf.edits is None else min(leaf.edits, EDITS_MAX)
    return f"at most {edits} {'edit' if edits == 1 else 'edits'} away from"


def _range(leaf: Range) -> str:
    ends = [bound for bound in (leaf.low, leaf.high) if bound is not None]
    field = None if many_of(leaf.field) else resolve(leaf.field)
    is_when = (isinstance(field, Column) and field.kind == "time") or all(
        is_time(bound.text) and number_of(bound.text) is None for bound in ends
    )
    parts = []
    if leaf.low is not None:
        more = ("at or after", "after") if is_when else ("at least", "more than")
        parts.append(f"{more[not leaf.low.is_inclusive]} {_shown(leaf.low.text)}")
    if leaf.high is not None:
        less = ("at or before", "before") if is_when else ("at most", "less than")
        parts.append(f"{less[not leaf.high.is_inclusive]} {_shown(leaf.high.text)}")
    return f"{_field(leaf.field)} is {' and '.join(parts)}"


def _field(name: str | None) -> str:
    return f"any field like {name}" if name and many_of(name) else f"{name}"


def _shown(text: str) -> str:
    cut = text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…"
    return f"“{cut}”"
