"""Filter text to a tree.

    expr  := and { "or" and }
    and   := unary { "and" unary }
    unary := "!" unary | "(" expr ")" | value [ comparison value ]
    value := path | text | number | "true" | "false" | "null" | list | name "(" values ")"

`!` binds tighter than a comparison, that than `and`, and that than `or`.
"""

import difflib
from dataclasses import dataclass, field
from typing import Final

from tailrace.filters.faults import FilterError
from tailrace.filters.functions import FUNCTIONS
from tailrace.filters.lexer import Kind, Token, tokens_of
from tailrace.filters.tree import (
    All,
    And,
    Call,
    Compare,
    Constant,
    ListOf,
    Not,
    Operator,
    Or,
    Path,
    Tree,
    Value,
)

TEXT_BYTES_MAX: Final = 5 * 1024
DEPTH_MAX: Final = 50

_OPERATORS: Final[dict[str, Operator]] = {
    "=": "=",
    "!=": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "in": "in",
}
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_MEANT: Final = {"AND": "and", "OR": "or", "IN": "in", "is": "=", "IS": "=", "like": "match()"}


@dataclass(frozen=True)
class Warned:
    """Something that is allowed and easily misread."""

    message: str
    position: int


@dataclass(frozen=True)
class Parsed:
    """A tree, and what its writer should know about it."""

    tree: Tree
    warnings: tuple[Warned, ...]


def parse(text: str) -> Parsed:
    """Return the tree of a filter.

    Raises:
        FilterError: it is empty, too long, too deep, or not in the language.
    """
    size = len(text.encode(errors="surrogatepass"))
    if size > TEXT_BYTES_MAX:
        raise FilterError(
            f"this filter is {size} bytes; the limit is {TEXT_BYTES_MAX}",
            hint="a list is shorter than many comparisons: event in ['A', 'B']",
        )
    return _Parser(tokens_of(text)).whole()


@dataclass
class _Parser:
    tokens: list[Token]
    at: int = 0
    depth: int = 0
    warnings: list[Warned] = field(default_factory=list)

    def now(self) -> Token:
        return self.tokens[self.at]

    def whole(self) -> Parsed:
        if self.now().kind is Kind.END:
            raise FilterError(
                "the filter is empty", position=0, hint="to match every event, write all"
            )
        if self._is_keyword("all") and self.tokens[1].kind is Kind.END:
            return Parsed(All(), ())
        tree = self._or()
        if self.now().kind is not Kind.END:
            raise self._refused("and, or, or the end of the filter")
        return Parsed(tree, tuple(self.warnings))

    def _or(self) -> Tree:
        position = self.now().position
        parts = [self._and()]
        mixed_at: int | None = parts[0][1]
        while self._is_keyword("or"):
            self.at += 1
            part = self._and()
            mixed_at = part[1] if mixed_at is None else mixed_at
            parts.append(part)
        if len(parts) == 1:
            return parts[0][0]
        if mixed_at is not None:
            self.warnings.append(
                Warned(
                    "and binds tighter than or here; write parentheses to say which you mean",
                    mixed_at,
                )
            )
        return Or(tuple(tree for tree, _ in parts), position)

    def _and(self) -> tuple[Tree, int | None]:
        """Return the tree, and where its `and` stands if it has one of its own."""
        position = self.now().position
        parts = [self._unary()]
        and_at: int | None = None
        while self._is_keyword("and"):
            and_at = self.now().position if and_at is None else and_at
            self.at += 1
            parts.append(self._unary())
        return (parts[0] if len(parts) == 1 else And(tuple(parts), position)), and_at

    def _unary(self) -> Tree:
        token = self.now()
        if token.kind is Kind.NOT:
            self.at += 1
            self._deeper(token)
            is_group = self.now().kind is Kind.OPEN
            part = self._unary()
            self.depth -= 1
            if isinstance(part, Compare) and not is_group:
                raise _not_compared(token)
            return Not(part, token.position)
        if token.kind is Kind.OPEN:
            return self._group(token)
        return self._comparison()

    def _group(self, token: Token) -> Tree:
        self.at += 1
        self._deeper(token)
        tree = self._or()
        self.depth -= 1
        if self.now().kind is not Kind.CLOSE:
            raise self._refused("and, or, or ) for the ( at " + str(token.position))
        self.at += 1
        if self.now().kind is Kind.COMPARISON or self._is_keyword("in"):
            raise self._refused(
                "and, or, or the end", hint="parentheses are for conditions, not values"
            )
        return tree

    def _comparison(self) -> Tree:
        left = self._value()
        operator = _OPERATORS.get(self.now().image) if self._is_operator() else None
        if operator is None:
            return left
        position = self.now().position
        self.at += 1
        right = self._value()
        if self._is_operator():
            raise self._refused(
                "and, or, or the end", hint="one comparison has two sides: a = b and b = c"
            )
        return Compare(operator, left, right, position)

    def _value(self) -> Value:
        token = self.now()
        match token.kind:
            case Kind.TEXT | Kind.NUMBER:
                self.at += 1
                return Constant(token.value, token.position)
            case Kind.NAME:
                return self._named(token)
            case Kind.OPEN_LIST:
                self.at += 1
                return ListOf(self._values(token, Kind.CLOSE_LIST), token.position)
            case Kind.KEYWORD if token.image in _CONSTANTS:
                self.at += 1
                return Constant(_CONSTANTS[token.image], token.position)
        if token.image == "all":
            raise self._refused(
                "a value", hint="all stands alone; a field of that name is written \\all"
            )
        raise self._refused(
            "a field, a text in quotes, a number, true, false, null, a list or a function"
        )

    def _named(self, token: Token) -> Value:
        self.at += 1
        if self.now().kind is not Kind.OPEN:
            return Path(token.parts, token.position)
        function = FUNCTIONS.get(token.image)
        if function is None:
            raise FilterError(
                f"there is no function '{token.image}'",
                position=token.position,
                hint=_nearest(token.image),
            )
        opening = self.now()
        self.at += 1
        arguments = self._values(opening, Kind.CLOSE)
        if len(arguments) != function.arity:
            raise FilterError(
                f"{token.image}() was given {len(arguments)} values",
                position=token.position,
                hint=f"write {function.form}",
            )
        return Call(token.image, arguments, token.position)

    def _values(self, opening: Token, closing: Kind) -> tuple[Value, ...]:
        self._deeper(opening)
        values: list[Value] = []
        if self.now().kind is not closing:
            values.append(self._value())
            while self.now().kind is Kind.COMMA:
                self.at += 1
                values.append(self._value())
        if self.now().kind is not closing:
            raise self._refused(
                f", or {closing.value} for the {opening.image} at {opening.position}"
            )
        self.at += 1
        self.depth -= 1
        return tuple(values)

    def _deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise FilterError(
                f"this is nested more than {DEPTH_MAX} levels deep", position=token.position
            )

    def _is_keyword(self, word: str) -> bool:
        return self.now().kind is Kind.KEYWORD and self.now().image == word

    def _is_operator(self) -> bool:
        return self.now().kind is Kind.COMPARISON or self._is_keyword("in")

    def _refused(self, expected: str, *, hint: str = "") -> FilterError:
        token = self.now()
        found = f"'{token.image}'" if token.image else "the filter ends"
        if token.image in _MEANT:
            hint = f"write {_MEANT[token.image]}"
        elif token.image in {"not", "NOT"} or (
            self.at and self.tokens[self.at - 1].image in {"not", "NOT"}
        ):
            hint = "write !, as in !contains(event, 'test')"
        joint = "not" if token.image else "but"
        return FilterError(
            f"expected {expected}, {joint} {found}", position=token.position, hint=hint
        )


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), FUNCTIONS, n=1)
    return f"write {FUNCTIONS[near[0]].form}" if near else "there are " + ", ".join(FUNCTIONS)


def _not_compared(token: Token) -> FilterError:
    return FilterError(
        "! binds tighter than a comparison and takes true or false only",
        position=token.position,
        hint="put the comparison in parentheses, !(a = b), or write a != b",
    )
