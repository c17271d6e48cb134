"""`simple_query_string`: a small language in which nothing is an error.

`+` and, `|` or, `-` not, `"a phrase"~2`, `word*`, `word~1`, `( )`; a `\\` takes the next character
as it is. What does not fit, such as a parenthesis without its other half, is passed over.

Source: Elasticsearch 8 reference, simple query string query.
"""

import re
from typing import Final

from tailrace.query.tree import And, Fuzzy, Not, Or, Phrase, Term, Tree, Wildcard

DEPTH_MAX: Final = 20
_TOKEN = re.compile(
    r'\s*(?:(?P<phrase>"(?P<quoted>(?:[^"\\]|\\.)*)"(?:~(?P<slop>[0-9]{1,3}))?)'
    r"|(?P<sign>[+|()-])"
    r"|(?P<word>(?:[^\s+|()\"\\]|\\.)+))"
)
_FUZZY = re.compile(r"(?P<word>.+)~(?P<edits>[0-9]?)")
_ESCAPED = re.compile(r"\\(.)")


def simple_tree(text: str, *, joins_all: bool) -> Tree | None:
    """Return the tree of a text, None where it asks for nothing."""
    return _Parser(text, joins_all=joins_all).level(0)


class _Parser:
    def __init__(self, text: str, *, joins_all: bool) -> None:
        self._tokens = [found for found in _TOKEN.finditer(text) if found.group().strip()]
        self._joins_all = joins_all
        self._at = 0

    def level(self, depth: int) -> Tree | None:
        """Parse up to the end of a group: clauses that stand side by side are joined alike."""
        result: Tree | None = None
        while self._at < len(self._tokens):
            joins_all = self._joins_all
            while (sign := self._sign()) in ("+", "|"):
                joins_all = sign == "+"
                self._at += 1
            if sign == ")":
                self._at += 1
                if depth:
                    break
                continue
            clause = self._clause(depth)
            if clause is None:
                continue
            if result is None:
                result = clause
            else:
                kind = And if joins_all else Or
                before = result.parts if isinstance(result, kind) else (result,)
                result = kind((*before, clause))
        return result

    def _clause(self, depth: int) -> Tree | None:
        """Parse one clause, None where there is none."""
        is_negated = False
        while self._sign() == "-":
            is_negated = not is_negated
            self._at += 1
        if self._at == len(self._tokens) or self._sign() in ("+", "|", ")"):
            return None
        found = self._tokens[self._at]
        self._at += 1
        if found["sign"] == "(":
            clause = self.level(depth + 1) if depth < DEPTH_MAX else None
        elif found["phrase"]:
            words = _ESCAPED.sub(r"\1", found["quoted"])
            clause = Phrase(None, words, int(found["slop"] or 0)) if words.strip() else None
        else:
            clause = _word(found["word"])
        return Not(clause) if is_negated and clause is not None else clause

    def _sign(self) -> str | None:
        return self._tokens[self._at]["sign"] if self._at < len(self._tokens) else None


def _word(text: str) -> Tree:
    fuzzy = _FUZZY.fullmatch(text)
    if fuzzy is not None:
        edits = min(int(fuzzy["edits"]), 2) if fuzzy["edits"] else None
        return Fuzzy(None, _ESCAPED.sub(r"\1", fuzzy["word"]), edits)
    if text.endswith("*") and not text.endswith("\\*") and len(text) > 1:
        start = _ESCAPED.sub(r"\1", text[:-1])
        return Wildcard(None, "".join(f"\\{c}" if c in "\\*?" else c for c in start) + "*")
    return Term(None, _ESCAPED.sub(r"\1", text))
