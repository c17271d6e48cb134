import pytest

from tailrace.errors import QueryError
from tailrace.query.aggregations.arithmetic import (
    CHARACTERS_MAX,
    DEPTH_MAX,
    parse_choice,
    parse_formula,
)

VALUES = {"a": 6.0, "b": 4.0, "zero": 0.0, "none": None, "1": 1.0, "Order Completed": 3.0}

NUMBERS = [
    ("1 + 2 * 3", 7.0),
    ("(1 + 2) * 3", 9.0),
    ("10 - 3 - 2", 5.0),
    ("100 / 10 / 2", 5.0),
    ("-params.a + +params.b", -2.0),
    ("--params.a", 6.0),
    ("2 - -3", 5.0),
    ("7 % 3", 1.0),
    ("-7 % 3", -1.0),
    ("params.a / params.b * 100", 150.0),
    ("a / b", 1.5),
    ("params['Order Completed'] * 2", 6.0),
    ('params["1"] + .5', 1.5),
    ("return params.a / 2;", 3.0),
    ("1e3 + 2.5E-1", 1000.25),
    ("2L + 1.0d + 1f", 4.0),
    ("params.a > params.b ? 1 : 0", 1.0),
    ("params.a < 0 ? 1 : params.a < 10 ? 2 : 3", 2.0),
    ("(params.a == 6 && params.b != 6) || false ? 1 : 2", 1.0),
    ("!(params.a > 1) ? 1 : 2", 2.0),
    ("Math.abs(-3)", 3.0),
    ("Math.min(params.a, params.b)", 4.0),
    ("Math.max(1, 2 + 3)", 5.0),
    ("Math.round(2.5) + Math.round(-2.5)", 1.0),
    ("Math.floor(2.9) + Math.ceil(2.1)", 5.0),
    ("Math.sqrt(16) + Math.cbrt(27)", 7.0),
    ("Math.pow(2, 10)", 1024.0),
    ("Math.log(Math.E) + Math.log10(100)", 3.0),
    ("Math.signum(-4) + Math.exp(0)", 0.0),
    ("Math.floor(Math.PI)", 3.0),
    ("1 / 0", None),
    ("0 / 0", None),
    ("params.a % params.zero", None),
    ("params.none * 2", None),
    ("params.none + 1 > 0 ? 1 : 0", 0.0),
    ("params.none == null ? 0 : params.none", 0.0),
    ("params.a != null ? params.a : 0", 6.0),
    ("params.a > 100 ? 1 : null", None),
    ("Math.sqrt(-1)", None),
    ("Math.log(0)", None),
    ("Math.pow(10, 400)", None),
    ("1e308 * 10", None),
    ("1e999", None),
    ("Math.pow(0, -1)", None),
]


@pytest.mark.parametrize(("text", "expected"), NUMBERS, ids=[text for text, _ in NUMBERS])
def test_a_formula_has_the_value_that_its_script_has(text: str, expected: float | None) -> None:
    assert parse_formula(text).value(VALUES) == (
        None if expected is None else pytest.approx(expected)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("params.a > 5", True),
        ("params.a >= 6 && params.b <= 4", True),
        ("params.a < 6 || params.b < 4", False),
        ("params.none > 0", False),
        ("!(params.none > 0)", True),
        ("params.none != 3", True),
        ("params.none != null", False),
        ("params.a == 6 ? params.b == 4 : false", True),
        ("(params.a > 1) == (params.b > 1)", True),
        ("true", True),
    ],
)
def test_a_choice_holds_as_its_script_does(text: str, expected: bool) -> None:
    assert parse_choice(text).holds(VALUES) is expected


def test_a_formula_tells_which_values_it_takes() -> None:
    formula = parse_formula("params.a / (b + params['c d'])")

    assert formula.names == {"a", "b", "c d"}


REFUSED = [
    ("", 0, "found the end"),
    ("1 +", 3, "found the end"),
    ("1 2", 2, "found '2'"),
    ("(1", 2, r"expected \)"),
    ("1 # 2", 2, "'#' has no place"),
    ("params.", 7, "name of a value"),
    ("params[a]", 7, "in quotes"),
    ("Math.random()", 0, "no Math.random"),
    ("Math.pow(1)", 0, "takes 2 and was given 1"),
    ("Math.abs(1, 2)", 0, "takes 1 and was given 2"),
    ("params.a > 1", 0, "a number is needed"),
    ("params.a && 1 ? 1 : 0", 0, "true or false is needed"),
    ("1 + (2 > 1)", 5, "a number is needed"),
    ("params.a > 1 > 2 ? 1 : 0", 13, "found '>'"),
    ("params.a ? 1 : 2", 0, "true or false is needed"),
    ("1 ? 2 : 3", 0, "true or false is needed"),
    ("params.a.b", 8, "found '.'"),
    ("doc['a'].value", 3, r"found '\['"),
    ("System.exit(1)", 6, "found '.'"),
    ("a = 1", 2, "'=' has no place"),
    ("__import__('os')", 10, r"found '\('"),
    ("1; 2", 3, "found '2'"),
]


@pytest.mark.parametrize(
    ("text", "position", "reason"), REFUSED, ids=[text for text, *_ in REFUSED]
)
def test_what_is_no_formula_is_refused_at_its_place(text: str, position: int, reason: str) -> None:
    with pytest.raises(QueryError, match=reason) as refused:
        parse_formula(text)

    assert refused.value.position == position


def test_a_number_is_no_choice() -> None:
    with pytest.raises(QueryError, match="true or false is needed"):
        parse_choice("params.a + 1")


@pytest.mark.parametrize(
    "text",
    [
        "(" * (DEPTH_MAX + 1) + "1" + ")" * (DEPTH_MAX + 1),
        "true ? 1 : " * DEPTH_MAX + "1",
        "-" * (DEPTH_MAX + 1) + "1",
    ],
    ids=["parentheses", "choices", "signs"],
)
def test_a_formula_has_so_many_levels_at_most(text: str) -> None:
    with pytest.raises(QueryError, match=f"than {DEPTH_MAX}"):
        parse_formula(text)


def test_a_formula_has_so_many_characters_at_most() -> None:
    with pytest.raises(QueryError, match="characters"):
        parse_formula("1" + "+1" * (CHARACTERS_MAX // 2))


def test_the_longest_chains_are_calculated() -> None:
    assert parse_formula("+".join(["1"] * 1000)).value({}) == 1000.0
    assert parse_choice("&&".join(["true"] * 300)).holds({}) is True
