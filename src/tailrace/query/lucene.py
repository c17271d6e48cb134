"""Lucene query text to a filter tree, by the rules of Elasticsearch's `query_string`.

A recursive descent over the tokens. Elasticsearch knows no precedence: each clause of one level of
parentheses is required, optional or prohibited (`_Clause.occur`), decided left to right:
`a OR b AND c` requires b and c, and a does not matter. What does not matter is left out of the tree
and told in the notes.

Source: Lucene's QueryParser.jj and QueryParserBase.addClause; Elasticsearch's
QueryStringQueryParser for `>`, `_exists_` and match-all.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum

from tailrace.errors import QueryError
from tailrace.query.conditions import EDITS_MAX
from tailrace.query.lexer import Kind, RangeText, Token, tokens_of, unescape
from tailrace.query.parsed import DEPTH_MAX, LEAVES_MAX, LENGTH_MAX, Parsed, require_text
from tailrace.query.regexes import expression_of
from tailrace.query.tree import (
    All,
    And,
    Bound,
    Exists,
    Fuzzy,
    Not,
    Or,
    Phrase,
    Range,
    Regex,
    Term,
    Tree,
    Wildcard,
)

__all__ = ["DEPTH_MAX", "LEAVES_MAX", "LENGTH_MAX", "Parsed", "parse"]

EXISTS_FIELD = "_exists_"
_SLOP_MAX = 100
_EDITS = re.compile(r"[0-9]{1,3}")
_SIMILARITY = re.compile(r"0?\.[0-9]{1,6}")


def parse(text: str, *, joins_all: bool = False) -> Parsed:
    """Return the filter tree of a query; blank text asks for everything.

    With `joins_all` clauses that nothing joins are joined by AND instead of OR.

    Raises:
        QueryError: the text is not valid; with the position and a hint.
    """
    require_text(text)
    if not text.strip(" \t\n\r\u3000"):
        return Parsed(All(), ())
    return _Parser(text, joins_all=joins_all).parse()


class _Occur(Enum):
    MUST = "+"
    SHOULD = ""
    MUST_NOT = "-"


@dataclass(frozen=True)
class _Clause:
    occur: _Occur
    tree: Tree
    start: int
    end: int


_STARTS = (
    Kind.TERM,
    Kind.WILDCARD,
    Kind.STAR,
    Kind.QUOTED,
    Kind.REGEX,
    Kind.RANGE,
    Kind.OPEN,
)
# A bare word that is followed by one of these is not joined with the word before it.
_ENDS_JOINING = (Kind.COLON, Kind.STAR, Kind.FUZZY, Kind.BOOST, Kind.AND, Kind.OR)


class _Parser:
    def __init__(self, text: str, *, joins_all: bool) -> None:
        self._text = text
        self._joins_all = joins_all
        self._tokens = tokens_of(text)
        self._at = 0
        self._depth = 0
        self._leaves = 0
        self._notes: list[str] = []

    def parse(self) -> Parsed:
        tree = self._level(None)
        token = self._token
        if token.kind is not Kind.END:
            raise self._unexpected(token)
        return Parsed(tree, tuple(self._notes))

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _peek(self, ahead: int) -> Kind:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)].kind

    def _take(self) -> Token:
        token = self._token
        self._at += 1
        return token

    def _level(self, field: str | None) -> Tree:
        """Parse clauses up to a closing parenthesis or the end."""
        clauses: list[_Clause] = []
        while self._token.kind not in (Kind.END, Kind.CLOSE) or not clauses:
            start = self._token.position
            conjunction = self._conjunction(has_before=bool(clauses))
            if conjunction is None and self._may_join():
                tree: Tree = self._joined_words(field)
                occur = _Occur.SHOULD
            else:
                occur = self._modifier()
                tree = self._clause(field)
            if conjunction is Kind.AND:
                if clauses[-1].occur is not _Occur.MUST_NOT:
                    clauses[-1] = replace(clauses[-1], occur=_Occur.MUST)
                if occur is not _Occur.MUST_NOT:
                    occur = _Occur.MUST
            elif self._joins_all and conjunction is Kind.OR:
                # As Lucene does it: OR frees its left neighbour too.
                if clauses[-1].occur is _Occur.MUST:
                    clauses[-1] = replace(clauses[-1], occur=_Occur.SHOULD)
            elif self._joins_all and occur is _Occur.SHOULD:
                occur = _Occur.MUST
            clauses.append(_Clause(occur, tree, start, self._end_of_last()))
        return self._combined(clauses)

    def _combined(self, clauses: list[_Clause]) -> Tree:
        must = [clause.tree for clause in clauses if clause.occur is _Occur.MUST]
        should = [clause for clause in clauses if clause.occur is _Occur.SHOULD]
        parts = must
        if must and should:
            self._note_ignored(should)
        elif should:
            optional = tuple(clause.tree for clause in should)
            parts = [optional[0] if len(optional) == 1 else Or(optional)]
        parts = parts + [Not(c.tree) for c in clauses if c.occur is _Occur.MUST_NOT]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _note_ignored(self, clauses: list[_Clause]) -> None:
        for clause in clauses:
            text = self._text[clause.start : clause.end].strip()
            for operator in ("OR ", "|| "):
                text = text.removeprefix(operator)
            self._notes.append(
                f"'{text}' narrows nothing: beside AND, && or +, a clause without one of them is "
                "optional. Put what belongs together in parentheses."
            )

    def _conjunction(self, *, has_before: bool) -> Kind | None:
        kind = self._token.kind
        if not has_before or kind not in (Kind.AND, Kind.OR):
            return None
        return self._take().kind

    def _modifier(self) -> _Occur:
        kind = self._token.kind
        if kind not in (Kind.PLUS, Kind.MINUS, Kind.NOT):
            return _Occur.SHOULD
        self._take()
        return _Occur.MUST if kind is Kind.PLUS else _Occur.MUST_NOT

    def _may_join(self) -> bool:
        return (
            self._token.kind is Kind.TERM
            and self._peek(1) is Kind.TERM
            and self._peek(2) not in _ENDS_JOINING
        )

    def _joined_words(self, field: str | None) -> Tree:
        first = self._take()
        words = [first]
        while self._token.kind is Kind.TERM and self._peek(1) not in _ENDS_JOINING:
            words.append(self._take())
        self._count_leaf(first)
        if field is not None:
            for word in words:
                if word.text[0] in "<>":
                    raise QueryError(
                        f"'{word.text}' stands beside another value",
                        position=word.position,
                        hint="join the two with AND or OR",
                    )
        texts = [unescape(word.text, word.position) for word in words]
        if self._joins_all and field is None:
            parts = zip(words, texts, strict=True)
            return And(tuple(Term(None, text, word.position) for word, text in parts))
        return Term(field, " ".join(texts), first.position)

    def _clause(self, field: str | None) -> Tree:
        token = self._token
        if token.kind is Kind.STAR and self._peek(1) is Kind.COLON:
            self._take()
            self._take()
            field = None
        elif token.kind is Kind.TERM and self._peek(1) is Kind.COLON:
            self._take()
            self._take()
            field = self._field_name(token)
        elif token.kind is Kind.WILDCARD and self._peek(1) is Kind.COLON:
            raise QueryError(
                f"'{token.text}' is a pattern, which is no name of a field",
                position=token.position,
                hint=f"to ask several fields, write \\ before the *: {_with_escapes(token.text)}:x",
            )
        if self._token.kind is Kind.OPEN:
            tree = self._group(field)
        else:
            tree = self._value(field)
            self._refuse_second_colon(tree)
        if self._token.kind is Kind.BOOST:
            self._take()
        return tree

    def _field_name(self, token: Token) -> str | None:
        name = unescape(token.text, token.position)
        return None if name == "*" else name

    def _group(self, field: str | None) -> Tree:
        opened = self._take()
        if self._depth >= DEPTH_MAX:
            raise QueryError(
                f"more than {DEPTH_MAX} parentheses inside each other", position=opened.position
            )
        self._depth += 1
        tree = self._level(field)
        if self._token.kind is not Kind.CLOSE:
            raise QueryError(
                "this parenthesis is never closed",
                position=self._token.position,
                hint=f"it opens at character {opened.position + 1}; add a )",
            )
        self._take()
        self._depth -= 1
        return tree

    def _value(self, field: str | None) -> Tree:
        token = self._token
        if token.kind not in _STARTS:
            raise self._unexpected(token)
        self._take()
        self._count_leaf(token)
        if field == EXISTS_FIELD:
            return self._exists(token)
        match token.kind:
            case Kind.STAR:
                return All() if field is None else Exists(field, token.position)
            case Kind.QUOTED:
                text = unescape(token.text, token.position + 1)
                return Phrase(field, text, self._slop(), token.position)
            case Kind.RANGE:
                return self._range(field, token)
            case Kind.REGEX:
                expression_of(token.text, token.position + 1)
                self._note_path(token)
                self._skip_edits()
                return Regex(field, token.text, token.position)
        if token.kind is Kind.WILDCARD:
            self._skip_edits()
            return self._wildcard(field, token)
        if field is not None and token.text[0] in "<>":
            return _one_sided(field, token)
        text = unescape(token.text, token.position)
        if self._token.kind is Kind.FUZZY:
            return Fuzzy(field, text, self._edits(text), token.position)
        return Term(field, text, token.position)

    def _note_path(self, token: Token) -> None:
        """Tell who wrote a path that a part of it is read as an expression."""
        before = self._text[token.position - 1 : token.position]
        if before and not before.isspace() and before not in "(:+-!":
            self._notes.append(
                f"'/{token.text}/' is read as a regular expression; put paths and addresses in "
                'quotes: "/a/b".'
            )

    def _exists(self, token: Token) -> Tree:
        if token.kind is Kind.STAR:
            return All()
        if token.kind not in (Kind.TERM, Kind.QUOTED, Kind.WILDCARD):
            raise QueryError(
                f"expected the name of a field after '{EXISTS_FIELD}:'", position=token.position
            )
        return Exists(unescape(token.text, token.position), token.position)

    def _wildcard(self, field: str | None, token: Token) -> Tree:
        pattern = _normalised(token.text, token.position)
        if set(pattern) == {"*"}:
            return All() if field is None else Exists(field, token.position)
        return Wildcard(field, pattern, token.position)

    def _slop(self) -> int:
        token = self._token
        if token.kind is not Kind.FUZZY:
            return 0
        self._take()
        if not token.text.isascii() or not token.text.isdigit() or int(token.text) > _SLOP_MAX:
            raise QueryError(
                f"expected a whole number up to {_SLOP_MAX} after '~', as in \"quick fox\"~2",
                position=token.position,
            )
        return int(token.text)

    def _edits(self, text: str) -> int | None:
        """Return the edits that `~` allows, None where it says nothing of them.

        Source: Lucene, FuzzyQuery.floatToEdits, for a number between 0 and 1.
        """
        token = self._take()
        if token.text in ("", "AUTO"):
            return None
        if _EDITS.fullmatch(token.text):
            if int(token.text) > EDITS_MAX:
                self._notes.append(f"'~{token.text}' is read as ~{EDITS_MAX}, which is the most.")
            return min(int(token.text), EDITS_MAX)
        if _SIMILARITY.fullmatch(token.text):
            return min(int((1 - float(token.text)) * len(text)), EDITS_MAX)
        raise QueryError(
            f"expected 0, 1 or 2 after '~', not '{token.text}'",
            position=token.position,
            hint="quikc~1 finds words one edit away; without a number it depends on the length",
        )

    def _skip_edits(self) -> None:
        """Pass over a `~` that means nothing: a pattern has no edits."""
        if self._token.kind is Kind.FUZZY:
            self._take()
            self._notes.append("'~' changes nothing after a pattern.")

    def _refuse_second_colon(self, before: Tree) -> None:
        token = self._token
        if token.kind is Kind.COLON:
            hint = 'put a value with a colon in quotes: field:"a:b"'
            if isinstance(before, Range):
                hint = f'write the range in brackets: {before.field}:["a:b" TO *]'
            raise QueryError("unexpected ':'", position=token.position, hint=hint)

    def _range(self, field: str | None, token: Token) -> Tree:
        found = token.range
        if found is None:
            raise self._unexpected(token)
        if field is None:
            raise QueryError(
                "a range needs a field",
                position=token.position,
                hint="write the field before it: timestamp:[2026-01-01 TO 2026-02-01]",
            )
        low, high = _bounds(found)
        if low is None and high is None:
            return Exists(field, token.position)
        return Range(field, low, high, token.position)

    def _count_leaf(self, token: Token) -> None:
        self._leaves += 1
        if self._leaves > LEAVES_MAX:
            raise QueryError(f"more than {LEAVES_MAX} conditions", position=token.position)

    def _end_of_last(self) -> int:
        return self._token.position if self._at else 0

    def _unexpected(self, token: Token) -> QueryError:
        before = self._tokens[self._at - 1].kind if self._at else None
        if token.kind is Kind.END:
            return QueryError(
                "unexpected end of the query",
                position=token.position,
                hint="write what follows, or put the words AND, OR, NOT in quotes to search for "
                "them",
            )
        hint = ""
        if token.kind is Kind.MINUS and before is Kind.COLON:
            hint = 'put a negative number in quotes: status:"-5"'
        elif token.kind in (Kind.AND, Kind.OR, Kind.NOT):
            hint = f'to search for the word, put it in quotes: "{token.text}"'
        elif token.kind is Kind.CLOSE and before is Kind.OPEN:
            hint = "put something between the parentheses"
        elif token.kind is Kind.COLON:
            hint = "a field's name stands before the colon"
        text = self._text[token.position : token.position + 12].split(" ")[0]
        shown = token.text if token.kind in (Kind.AND, Kind.OR, Kind.NOT) else text[:1]
        return QueryError(f"unexpected '{shown}'", position=token.position, hint=hint)


def _one_sided(field: str, token: Token) -> Tree:
    """Return the range of `field:>=5`, whose operator stands in the word itself."""
    operator = token.text[:2] if token.text[1:2] == "=" else token.text[:1]
    image = token.text[len(operator) :]
    position = token.position + len(operator)
    if not image:
        raise QueryError(
            f"expected a value directly after '{operator}'",
            position=position,
            hint=f"leave no space after it: {field}:{operator}5",
        )
    bound = Bound(unescape(image, position), operator.endswith("="), position)
    if operator[0] == ">":
        return Range(field, bound, None, token.position)
    return Range(field, None, bound, token.position)


def _bounds(found: RangeText) -> tuple[Bound | None, Bound | None]:
    low = Bound(found.low, found.low_is_inclusive, found.low_position)
    high = Bound(found.high, found.high_is_inclusive, found.high_position)
    return (
        None if found.low == "*" and not found.low_is_quoted else low,
        None if found.high == "*" and not found.high_is_quoted else high,
    )


def _normalised(image: str, position: int) -> str:
    """Return a pattern in which only `*`, `?` and `\\` are escaped, so that equals are equal."""
    out = []
    at = 0
    while at < len(image):
        if image[at] != "\\":
            out.append(image[at])
            at += 1
            continue
        length = 6 if image[at + 1] == "u" else 2
        character = unescape(image[at : at + length], position + at)
        out.append("\\" + character if character in "*?\\" else character)
        at += length
    return "".join(out)


def _with_escapes(text: str) -> str:
    """Return a name with a backslash before each bare star."""
    return re.sub(r"(\\[\s\S])|\*", lambda found: found.group(1) or "\\*", text)
