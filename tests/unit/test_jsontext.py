"""Values as text, the way JavaScript writes them."""

import math
from typing import Any

import pytest

from tailrace.jsontext import json_text, number_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-7, "1.5e-7"),
        (1e20, "100000000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (-1.25e25, "-1.25e+25"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (2**53 + 1, "9007199254740993"),
        (10**30, "1" + "0" * 30),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
    ],
)
def test_a_number_is_written_as_javascript_writes_it(number: float, text: str) -> None:
    assert number_text(number) == text


def test_a_whole_number_that_python_cannot_write_is_infinite() -> None:
    assert number_text(10**5000) == "Infinity"
    assert number_text(-(10**5000)) == "-Infinity"
    assert json_text(10**5000) == "null"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ('é"\\\n\u2028\x01', '"é\\"\\\\\\n\u2028\\u0001"'),
        ([], "[]"),
        ({}, "{}"),
        ({"b": [1.0, {"a": None}], "a": "x"}, '{"b":[1,{"a":null}],"a":"x"}'),
        (math.nan, "null"),
    ],
)
def test_json_has_no_spaces_and_keeps_the_order(value: Any, text: str) -> None:
    assert json_text(value) == text


def test_what_is_written_is_counted_before_the_next_piece() -> None:
    lengths: list[int] = []

    text = json_text({"a": [1, "xy"]}, spend=lengths.append)

    assert sum(lengths) == len(text)
