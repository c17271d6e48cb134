"""What `moving_fn` may calculate from the values of a window: Elasticsearch's MovingFunctions.

A function gets the values of the window, oldest first, none of them missing, and gives a number or
None where there is nothing to say.

Source: Elasticsearch reference, moving function aggregation.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tailrace.errors import QueryError

Window = Sequence[float]
Moving = Callable[[Window], float | None]

_PREFIX: Final = "MovingFunctions."
_CALL = re.compile(r"\s*(?:return\s+)?MovingFunctions\.(\w+)\(\s*values\s*(?:,(.*))?\)\s*;?\s*")
_AVERAGE = re.compile(r"\s*MovingFunctions\.unweightedAvg\(\s*values\s*\)\s*")
_NUMBER = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?)\s*")


def parse_moving(text: str) -> Moving:
    """Return what a script of `moving_fn` asks for.

    Raises:
        QueryError: it is none of the functions, or its arguments are not right.
    """
    found = _CALL.fullmatch(text)
    if found is None:
        raise _unknown(text)
    name, rest = found[1], found[2]
    given = [] if rest is None else rest.split(",")
    if name in _PLAIN and not given:
        return _PLAIN[name]
    if name == "stdDev" and len(given) == 1:
        return _deviation_from(given[0], text)
    if name == "ewma" and len(given) == 1:
        (alpha,) = _weights(given, text)
        return lambda window: _ewma(window, alpha)
    if name == "holt" and len(given) == 2:
        alpha, beta = _weights(given, text)
        return lambda window: _holt(window, alpha, beta)
    raise _unknown(text)


def _sum(window: Window) -> float:
    return math.fsum(window)


def _average(window: Window) -> float | None:
    return math.fsum(window) / len(window) if window else None


def _linear_average(window: Window) -> float | None:
    """Return the mean of values that weigh 1, 2, 3...; Elasticsearch's weights have 1 too much."""
    weights = range(1, len(window) + 1)
    weighted = math.fsum(value * weight for value, weight in zip(window, weights, strict=True))
    return weighted / (1 + sum(weights)) if window else None


def _deviation_from(text: str, script: str) -> Moving:
    """Return the deviation from the mean, or from a number that is given."""
    if _AVERAGE.fullmatch(text):
        return lambda window: _deviation(window, _average(window))
    (center,) = _numbers([text], script)
    return lambda window: _deviation(window, center)


def _deviation(window: Window, center: float | None) -> float | None:
    if center is None or not window:
        return None
    return math.sqrt(math.fsum((value - center) ** 2 for value in window) / len(window))


def _ewma(window: Window, alpha: float) -> float | None:
    if not window:
        return None
    average = window[0]
    for value in window[1:]:
        average = value * alpha + average * (1 - alpha)
    return average


def _holt(window: Window, alpha: float, beta: float) -> float | None:
    if not window:
        return None
    level, trend = window[0], 0.0
    for value in window[1:]:
        before = level
        level = alpha * value + (1 - alpha) * (level + trend)
        trend = beta * (level - before) + (1 - beta) * trend
    return level


_PLAIN: Final[Mapping[str, Moving]] = {
    "max": lambda window: max(window, default=None),
    "min": lambda window: min(window, default=None),
    "sum": _sum,
    "unweightedAvg": _average,
    "linearWeightedAvg": _linear_average,
}


def _weights(given: Sequence[str], script: str) -> list[float]:
    weights = _numbers(given, script)
    if not all(0 <= weight <= 1 for weight in weights):
        raise QueryError(f"the weights of a moving function are from 0 to 1: '{script[:200]}'")
    return weights


def _numbers(given: Sequence[str], script: str) -> list[float]:
    found = [_NUMBER.fullmatch(text) for text in given]
    numbers = [float(match[1]) for match in found if match is not None]
    if len(numbers) != len(given):
        raise _unknown(script)
    return numbers


def _unknown(text: str) -> QueryError:
    names = ", ".join(f"{_PREFIX}{name}(values)" for name in _PLAIN)
    return QueryError(
        f"'{text[:200]}' is no moving function",
        hint=f"there are {names}, {_PREFIX}stdDev(values, {_PREFIX}unweightedAvg(values)), "
        f"{_PREFIX}ewma(values, 0.3) and {_PREFIX}holt(values, 0.3, 0.1)",
    )
