"""Formulas that people write: scripts of `bucket_script`, and what charts calculate.

The language is the arithmetic that Elasticsearch's scripts and JavaScript have in common:

    params.errors / params.all * 100
    params.all > 0 ? Math.round(params.errors * 100 / params.all) : 0

Nothing else runs: a formula is parsed here, and a name is a value that it was given. What has no
value makes everything that is calculated from it have none, and so does a division by zero or a
number out of range; in a comparison it is unlike every number.

Source: Elasticsearch reference, bucket script aggregation; Painless, operators and `Math`.
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from tailrace.errors import QueryError

CHARACTERS_MAX: Final = 2_000
DEPTH_MAX: Final = 40

Values = Mapping[str, float | None]
Number = Callable[[Values], float | None]
Flag = Callable[[Values], bool]
Kind = Literal["number", "flag"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[lLdDfF]?"
    r"|(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)"
    r"|(?P<text>'[^'\\]*'|\"[^\"\\]*\")"
    r"|(?P<sign>&&|\|\||[=!<>]=|[-+*/%()<>!?:,.;\[\]]))"
)
_SPACES = re.compile(r"\s*")


def _round(x: float) -> float:
    return math.floor(x + 0.5)


_FUNCTIONS: Final[Mapping[str, tuple[int, Callable[..., float]]]] = {
    "abs": (1, abs),
    "min": (2, min),
    "max": (2, max),
    "round": (1, _round),
    "floor": (1, math.floor),
    "ceil": (1, math.ceil),
    "sqrt": (1, math.sqrt),
    "cbrt": (1, math.cbrt),
    "exp": (1, math.exp),
    "log": (1, math.log),
    "log10": (1, math.log10),
    "pow": (2, math.pow),
    "signum": (1, lambda x: float((x > 0) - (x < 0))),
}
_CONSTANTS: Final = {"PI": math.pi, "E": math.e}
_ARITHMETIC: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Formula:
    """A formula that can be calculated; `names` are the values that it takes."""

    text: str
    names: frozenset[str]
    _value: Number

    def value(self, values: Values) -> float | None:
        """Return the number for these values, None where there is none."""
        return self._value(values)


@dataclass(frozen=True)
class Choice:
    """A formula that tells whether; `names` are the values that it takes."""

    text: str
    names: frozenset[str]
    _holds: Flag

    def holds(self, values: Values) -> bool:
        """Tell whether it is so for these values."""
        return self._holds(values)


def parse_formula(text: str) -> Formula:
    """Return the formula for a number.

    Raises:
        QueryError: it is none; says where.
    """
    parser = _Parser(text)
    part = parser.whole()
    return Formula(text, frozenset(parser.names), parser.number(part))


def parse_choice(text: str) -> Choice:
    """Return the formula for true or false.

    Raises:
        QueryError: it is none; says where.
    """
    parser = _Parser(text)
    part = parser.whole()
    return Choice(text, frozenset(parser.names), parser.flag(part))


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


@dataclass(frozen=True)
class _Null:
    """The word `null`: it stands beside == and != only, and as a side of a choice of numbers."""

    position: int


@dataclass(frozen=True)
class _Number:
    position: int
    value: Number


@dataclass(frozen=True)
class _Flag:
    position: int
    holds: Flag


_Part = _Null | _Number | _Flag


class _Parser:
    """Recursive descent; chains of one rank are loops, so that only nesting goes deep."""

    def __init__(self, text: str) -> None:
        if len(text) > CHARACTERS_MAX:
            raise QueryError(
                f"the formula has {len(text)} characters; at most {CHARACTERS_MAX} are read"
            )
        self.names: set[str] = set()
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> _Part:
        """Parse all of it; a script may say `return` and end with a semicolon."""
        if self._next.text == "return" and self._next.kind == "name":
            self._at += 1
        part = self._choice()
        self._take(";")
        if self._next.kind != "end":
            raise self._unexpected("an operator or the end")
        return part

    def number(self, part: _Part) -> Number:
        """Return the part as a number.

        Raises:
            QueryError: it is true or false.
        """
        match part:
            case _Number():
                return part.value
            case _Null():
                return lambda _: None
        raise QueryError(
            "a number is needed here, and this is true or false",
            position=part.position,
            hint="write a choice: condition ? 1 : 0",
        )

    def flag(self, part: _Part) -> Flag:
        """Return the part as true or false.

        Raises:
            QueryError: it is a number.
        """
        if isinstance(part, _Flag):
            return part.holds
        raise QueryError(
            "true or false is needed here, and this is a number",
            position=part.position,
            hint="compare it: params.x > 0",
        )

    # One method per rank, from the loosest.

    def _choice(self) -> _Part:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise QueryError(
                f"the formula is nested deeper than {DEPTH_MAX} levels",
                position=self._next.position,
            )
        condition = self._chain(("||",), self._all)
        if self._take("?"):
            holds = self.flag(condition)
            yes = self._choice()
            self._expect(":")
            condition = self._one_of(condition.position, holds, yes, self._choice())
        self._depth -= 1
        return condition

    def _one_of(self, position: int, holds: Flag, yes: _Part, no: _Part) -> _Part:
        if isinstance(yes, _Flag) and isinstance(no, _Flag):
            left, right = yes.holds, no.holds
            return _Flag(position, lambda values: left(values) if holds(values) else right(values))
        one, other = self.number(yes), self.number(no)
        return _Number(position, lambda values: one(values) if holds(values) else other(values))

    def _all(self) -> _Part:
        return self._chain(("&&",), self._equality)

    def _chain(self, signs: tuple[str, ...], inner: Callable[[], _Part]) -> _Part:
        """Parse conditions that are joined by one sign, || or &&."""
        first = inner()
        if self._next.text not in signs or self._next.kind != "sign":
            return first
        parts = [self.flag(first)]
        while self._take(*signs):
            parts.append(self.flag(inner()))
        together = any if signs == ("||",) else all
        return _Flag(first.position, lambda values: together(part(values) for part in parts))

    def _equality(self) -> _Part:
        left = self._comparison()
        while sign := self._take("==", "!="):
            left = self._equal(left, self._comparison(), is_equal=sign == "==")
        return left

    def _equal(self, left: _Part, right: _Part, *, is_equal: bool) -> _Flag:
        if isinstance(left, _Flag) and isinstance(right, _Flag):
            one, other = left.holds, right.holds
            return _Flag(left.position, lambda values: (one(values) == other(values)) == is_equal)
        x, y = self.number(left), self.number(right)
        if isinstance(left, _Null) or isinstance(right, _Null):
            known = y if isinstance(left, _Null) else x
            return _Flag(left.position, lambda values: (known(values) is None) == is_equal)
        return _compared("==" if is_equal else "!=", left.position, x, y)

    def _comparison(self) -> _Part:
        left = self._sum()
        if sign := self._take("<", "<=", ">", ">="):
            right = self._sum()
            return _compared(sign, left.position, self.number(left), self.number(right))
        return left

    def _sum(self) -> _Part:
        return self._calculation(("+", "-"), self._product)

    def _product(self) -> _Part:
        return self._calculation(("*", "/", "%"), self._signed)

    def _calculation(self, signs: tuple[str, ...], inner: Callable[[], _Part]) -> _Part:
        first = inner()
        if self._next.text not in signs or self._next.kind != "sign":
            return first
        start = self.number(first)
        steps: list[tuple[Callable[[float, float], float], Number]] = []
        while sign := self._take(*signs):
            steps.append((_ARITHMETIC[sign], self.number(inner())))

        def value(values: Values) -> float | None:
            result = start(values)
            for calculate, part in steps:
                result = _calculated(calculate, result, part(values))
            return result

        return _Number(first.position, value)

    def _signed(self) -> _Part:
        position = self._next.position
        signs: list[str] = []
        while sign := self._take("-", "+", "!"):
            signs.append(sign)
        if len(signs) > DEPTH_MAX:
            raise QueryError(
                f"more than {DEPTH_MAX} signs stand before one number", position=position
            )
        part = self._primary()
        for sign in reversed(signs):
            part = self._with_sign(sign, part, position)
        return part

    def _with_sign(self, sign: str, part: _Part, position: int) -> _Part:
        if sign == "!":
            holds = self.flag(part)
            return _Flag(position, lambda values: not holds(values))
        number = self.number(part)
        if sign == "+":
            return _Number(position, number)
        return _Number(position, lambda values: _calculated(operator.sub, 0.0, number(values)))

    def _primary(self) -> _Part:
        token = self._next
        self._at += 1
        if token.kind == "number":
            constant = _finite(float(token.text))
            return _Number(token.position, lambda _: constant)
        if token.kind == "name":
            return self._named(token)
        if token.kind == "sign" and token.text == "(":
            part = self._choice()
            self._expect(")")
            return part
        self._at -= 1
        raise self._unexpected("a number, a name or (")

    def _named(self, token: _Token) -> _Part:
        match token.text:
            case "true" | "false":
                is_true = token.text == "true"
                return _Flag(token.position, lambda _: is_true)
            case "null":
                return _Null(token.position)
            case "Math":
                return self._of_math(token)
            case "params" if self._next.text in (".", "[") and self._next.kind == "sign":
                name = self._parameter()
            case _:
                name = token.text
        self.names.add(name)
        return _Number(token.position, lambda values: values.get(name))

    def _parameter(self) -> str:
        """Parse what follows `params`: `.x` or `['x']`."""
        if self._take("."):
            return self._expect_kind("name", "the name of a value")
        self._expect("[")
        name = self._expect_kind("text", "the name of a value in quotes")[1:-1]
        self._expect("]")
        return name

    def _of_math(self, token: _Token) -> _Part:
        self._expect(".")
        name = self._expect_kind("name", "a function of Math")
        if name in _CONSTANTS:
            constant = _CONSTANTS[name]
            return _Number(token.position, lambda _: constant)
        if name not in _FUNCTIONS:
            raise QueryError(
                f"there is no Math.{name}",
                position=token.position,
                hint=f"there are {', '.join([*_FUNCTIONS, *_CONSTANTS])}",
            )
        count, function = _FUNCTIONS[name]
        self._expect("(")
        arguments = [self.number(self._choice())]
        while self._take(","):
            arguments.append(self.number(self._choice()))
        self._expect(")")
        if len(arguments) != count:
            raise QueryError(
                f"Math.{name} takes {count} and was given {len(arguments)}",
                position=token.position,
            )

        def value(values: Values) -> float | None:
            return _called(function, [argument(values) for argument in arguments])

        return _Number(token.position, value)

    # Tokens.

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *signs: str) -> str:
        """Return the next token's sign and go on, if it is one of these; else ""."""
        token = self._next
        if token.kind != "sign" or token.text not in signs:
            return ""
        self._at += 1
        return token.text

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected(sign)

    def _expect_kind(self, kind: str, what: str) -> str:
        token = self._next
        if token.kind != kind:
            raise self._unexpected(what)
        self._at += 1
        return token.text

    def _unexpected(self, expected: str) -> QueryError:
        token = self._next
        found = "the end" if token.kind == "end" else f"'{token.text}'"
        return QueryError(
            f"expected {expected} in the formula and found {found}",
            position=token.position,
            hint="formulas are arithmetic: + - * / % ( ) ?: comparisons && || ! and Math.",
        )


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            spaces = _SPACES.match(text, at)
            at = at if spaces is None else spaces.end()
            raise QueryError(
                f"'{text[at]}' has no place in a formula",
                position=at,
                hint="formulas are arithmetic: + - * / % ( ) ?: comparisons && || ! and Math.",
            )
        tokens.append(_Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
        at = found.end()
    return [*tokens, _Token("end", "", len(text))]


def _compared(sign: str, position: int, left: Number, right: Number) -> _Flag:
    compare = _COMPARISONS[sign]

    def holds(values: Values) -> bool:
        x, y = left(values), right(values)
        return sign == "!=" if x is None or y is None else compare(x, y)

    return _Flag(position, holds)


def _calculated(
    calculate: Callable[[float, float], float], x: float | None, y: float | None
) -> float | None:
    return _called(calculate, [x, y])


def _called(function: Callable[..., float], arguments: list[float | None]) -> float | None:
    if None in arguments:
        return None
    try:
        return _finite(float(function(*arguments)))
    except (ArithmeticError, ValueError):
        return None


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None
