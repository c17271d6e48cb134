"""Comparing groups: tests, intervals and sizes of samples, from counts and moments alone.

Sources: Newcombe 1998, "Interval estimation for the difference between independent proportions",
method 10; Welch 1947; Fisher 1935; Holm 1979; Johari, Koomen, Pekelis and Walsh 2022, "Always
valid inference"; Lentz 1976 for the continued fractions.
"""

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

_NORMAL: Final = NormalDist()
_TINY: Final = 1e-300
_ROUNDS_MAX: Final = 10_000
_PRECISION: Final = 1e-15
FISHER_CELL: Final = 5
"""A table with a smaller cell is tested exactly."""

_FISHER_TABLES_MAX: Final = 200_000


class Proportion(NamedTuple):
    """So many of so many."""

    hits: int
    of: int

    @property
    def rate(self) -> float:
        """The share, 0 where there is nobody."""
        return self.hits / self.of if self.of else 0.0


class Moments(NamedTuple):
    """How many values, their mean, and their variance as a sample has it (n - 1)."""

    n: int
    mean: float
    variance: float


class Interval(NamedTuple):
    """What a number lies between."""

    low: float
    high: float


class Tested(NamedTuple):
    """A statistic and the chance of one as far out, either way, if there is no difference."""

    statistic: float
    p: float


class Welch(NamedTuple):
    """Welch's t with its degrees of freedom, p, and the interval of the difference b - a."""

    t: float
    df: float
    p: float
    interval: Interval


# Tails -------------------------------------------------------------------------------------------


def z_of(level: float) -> float:
    """Return how many standard errors an interval of that level reaches: 1.96 for 0.95."""
    return _NORMAL.inv_cdf(0.5 + level / 2)


def normal_tails(*, alpha: float, power: float) -> float:
    """Return how many standard errors a difference must be to be seen with that power."""
    return _NORMAL.inv_cdf(1 - alpha / 2) + _NORMAL.inv_cdf(power)


def normal_p(z: float) -> float:
    """Return the chance of a standard normal value as far from 0, either way."""
    return math.erfc(abs(z) / math.sqrt(2))


def t_p(t: float, df: float) -> float:
    """Return the chance of Student's t as far from 0, either way."""
    if math.isinf(t):
        return 0.0
    return incomplete_beta(df / (df + t * t), df / 2, 0.5)


def t_of(level: float, df: float) -> float:
    """Return how many standard errors an interval of that level reaches."""
    outside = 1 - level
    low, high = 0.0, 2.0
    while t_p(high, df) > outside and high < 1e12:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if t_p(middle, df) > outside:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def chi_square_p(x: float, df: float) -> float:
    """Return the chance of a chi-square value of at least x."""
    return 1.0 if x <= 0 else upper_gamma(df / 2, x / 2)


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    # The fraction converges fast on this side of the mean only.
    if x > (a + 1) / (a + b + 2):
        return 1 - front * _beta_fraction(1 - x, b, a) / b
    return front * _beta_fraction(x, a, b) / a


def upper_gamma(a: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function."""
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for step in range(1, _ROUNDS_MAX):
            term *= x / (a + step)
            total += term
            if term < total * _PRECISION:
                break
        return 1 - front * total
    return front / _lentz(x + 1 - a, lambda n: -n * (n - a), lambda n: x + 1 - a + 2 * n)


def _beta_fraction(x: float, a: float, b: float) -> float:
    def numerator(n: int) -> float:
        half = n // 2
        if n % 2:
            return -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        return half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))

    return 1 / _lentz(1.0, numerator, lambda _: 1.0)


def _lentz(
    first: float, numerator: Callable[[int], float], denominator: Callable[[int], float]
) -> float:
    """Return the continued fraction first + n(1) / (d(1) + n(2) / (d(2) + ...))."""
    value = c = first or _TINY
    d = 0.0
    for step in range(1, _ROUNDS_MAX):
        d = denominator(step) + numerator(step) * d or _TINY
        c = denominator(step) + numerator(step) / c or _TINY
        d = 1 / d
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


# Proportions -------------------------------------------------------------------------------------


def proportions_z(a: Proportion, b: Proportion) -> Tested:
    """Return the two-proportion z of b - a with the pooled variance."""
    if not a.of or not b.of:
        return Tested(0.0, 1.0)
    pooled = (a.hits + b.hits) / (a.of + b.of)
    error = math.sqrt(pooled * (1 - pooled) * (1 / a.of + 1 / b.of))
    if not error:
        return Tested(0.0, 1.0)
    z = (b.rate - a.rate) / error
    return Tested(z, normal_p(z))


def fisher_p(a: Proportion, b: Proportion) -> float | None:
    """Return Fisher's exact p: all tables that are no likelier than this one.

    None where there are too many tables; then no cell's smallness matters.
    """
    hits = a.hits + b.hits
    lowest, highest = max(0, hits - b.of), min(hits, a.of)
    if highest - lowest >= _FISHER_TABLES_MAX:
        return None
    logs = [_log_choose(a.of, k) + _log_choose(b.of, hits - k) for k in range(lowest, highest + 1)]
    seen = logs[a.hits - lowest]
    top = max(logs)
    weights = [math.exp(log - top) for log in logs]
    no_likelier = math.fsum(
        weight for weight, log in zip(weights, logs, strict=True) if log <= seen + 1e-7
    )
    return min(1.0, no_likelier / math.fsum(weights))


def proportions_p(a: Proportion, b: Proportion) -> float:
    """Return p of a difference: exact where a cell is small, else by z."""
    cells = (a.hits, a.of - a.hits, b.hits, b.of - b.hits)
    exact = fisher_p(a, b) if min(cells) < FISHER_CELL and a.of and b.of else None
    return proportions_z(a, b).p if exact is None else exact


def wilson(a: Proportion, *, level: float = 0.95) -> Interval:
    """Return Wilson's interval of a rate."""
    if not a.of:
        return Interval(0.0, 1.0)
    z = z_of(level)
    middle = (a.rate + z * z / (2 * a.of)) / (1 + z * z / a.of)
    reach = z * math.sqrt(a.rate * (1 - a.rate) / a.of + (z / (2 * a.of)) ** 2) / (1 + z * z / a.of)
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach))


def newcombe(a: Proportion, b: Proportion, *, level: float = 0.95) -> Interval:
    """Return Newcombe's interval of the difference of rates b - a."""
    of_a, of_b = wilson(a, level=level), wilson(b, level=level)
    difference = b.rate - a.rate
    return Interval(
        difference - math.hypot(b.rate - of_b.low, of_a.high - a.rate),
        difference + math.hypot(of_b.high - b.rate, a.rate - of_a.low),
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


# Means -------------------------------------------------------------------------------------------


def moments_of(values: Sequence[float]) -> Moments:
    """Return the moments of values."""
    n = len(values)
    mean = math.fsum(values) / n if n else 0.0
    squares = math.fsum((value - mean) ** 2 for value in values)
    return Moments(n, mean, squares / (n - 1) if n > 1 else 0.0)


def welch(a: Moments, b: Moments, *, level: float = 0.95) -> Welch | None:
    """Return Welch's t-test of b - a, or None with fewer than two values in a group."""
    if a.n < 2 or b.n < 2:
        return None
    part_a, part_b = a.variance / a.n, b.variance / b.n
    difference = b.mean - a.mean
    error = math.sqrt(part_a + part_b)
    if not error:
        t = math.copysign(math.inf, difference) if difference else 0.0
        alike = Interval(difference, difference)
        return Welch(t, float(a.n + b.n - 2), 0.0 if difference else 1.0, alike)
    # A share of the variance, so that nothing overflows nor vanishes when it is squared.
    share = part_a / (part_a + part_b)
    df = 1 / (share * share / (a.n - 1) + (1 - share) ** 2 / (b.n - 1))
    reach = t_of(level, df) * error
    t = difference / error
    return Welch(t, df, t_p(t, df), Interval(difference - reach, difference + reach))


def winsorised(values: Sequence[float], share: float = 0.99) -> list[float]:
    """Return values with those above that quantile lowered to it."""
    if not values:
        return []
    cap = quantile(values, share)
    return [min(value, cap) for value in values]


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile, between two values by their distance, both ends included."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def ratio_interval(
    rate_a: float, error_a: float, rate_b: float, error_b: float, *, level: float = 0.95
) -> Interval | None:
    """Return the interval of the relative lift b / a - 1, by the logarithm of the ratio.

    `error_a` and `error_b` are standard errors. None where a rate is not above 0.
    """
    if rate_a <= 0 or rate_b <= 0:
        return None
    log = math.log(rate_b / rate_a)
    reach = z_of(level) * math.hypot(error_a / rate_a, error_b / rate_b)
    if log + reach > 700:
        return None
    return Interval(math.expm1(log - reach), math.expm1(log + reach))


# Many at once, and over time ---------------------------------------------------------------------


def sample_ratio(counts: Sequence[int], shares: Sequence[float]) -> Tested:
    """Return the chi-square of a split against the planned one."""
    total, weight = sum(counts), math.fsum(shares)
    expected = [total * share / weight for share in shares]
    x = math.fsum((n - e) ** 2 / e for n, e in zip(counts, expected, strict=True) if e)
    return Tested(x, chi_square_p(x, len(counts) - 1) if len(counts) > 1 else 1.0)


def holm(ps: Sequence[float]) -> list[float]:
    """Return p-values adjusted for how many there are."""
    adjusted = [0.0] * len(ps)
    floor = 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        floor = max(floor, min(1.0, (len(ps) - place) * ps[index]))
        adjusted[index] = floor
    return adjusted


def always_valid_p(difference: float, variance: float, *, tau: float) -> float:
    """Return p of one look by the mixture sequential ratio test: 1 / Λ, at most 1.

    `variance` is that of the difference (for proportions the sum of rate (1 - rate) / n over both),
    `tau` about the smallest difference of interest. The least p of all looks so far is valid
    whenever one stops.
    """
    if variance <= 0:
        return 1.0
    mixed = variance + tau * tau
    log = 0.5 * math.log(variance / mixed)
    log += (difference * tau) ** 2 / (2 * variance * mixed)
    return math.exp(-log) if log > 0 else 1.0


def confidence_sequence(
    difference: float, variance: float, *, tau: float, level: float = 0.95
) -> Interval:
    """Return the interval that holds the difference at all looks together."""
    if variance <= 0:
        return Interval(-math.inf, math.inf)
    mixed = variance + tau * tau
    log = math.log(math.sqrt(mixed / variance) / (1 - level))
    reach = math.sqrt(2 * variance * mixed / (tau * tau) * log)
    return Interval(difference - reach, difference + reach)


# Sizes -------------------------------------------------------------------------------------------


def proportions_size(
    rate_a: float, rate_b: float, *, alpha: float = 0.05, power: float = 0.8
) -> int:
    """Return how many each group needs to tell two rates apart."""
    middle = (rate_a + rate_b) / 2
    z_a, z_b = _NORMAL.inv_cdf(1 - alpha / 2), _NORMAL.inv_cdf(power)
    alike = z_a * math.sqrt(2 * middle * (1 - middle))
    apart = z_b * math.sqrt(rate_a * (1 - rate_a) + rate_b * (1 - rate_b))
    return math.ceil((alike + apart) ** 2 / (rate_a - rate_b) ** 2)


def proportions_power(rate_a: float, rate_b: float, n: int, *, alpha: float = 0.05) -> float:
    """Return the chance that groups of n tell two rates apart."""
    middle = (rate_a + rate_b) / 2
    alike = _NORMAL.inv_cdf(1 - alpha / 2) * math.sqrt(2 * middle * (1 - middle))
    apart = math.sqrt(rate_a * (1 - rate_a) + rate_b * (1 - rate_b))
    if not apart:
        return 1.0 if rate_a != rate_b else alpha
    return _NORMAL.cdf((abs(rate_a - rate_b) * math.sqrt(n) - alike) / apart)


def means_size(deviation: float, difference: float, *, alpha: float, power: float) -> int:
    """Return how many each group needs to tell two means apart."""
    z = normal_tails(alpha=alpha, power=power)
    return math.ceil(2 * (z * deviation / difference) ** 2)


def detectable_rate(
    rate: float, n: int, *, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the smallest rise of a rate that groups of n show, or None where none would."""
    low, high = 0.0, 1 - rate
    if n < 1 or proportions_power(rate, 1.0, n, alpha=alpha) < power:
        return None
    for _ in range(100):
        middle = (low + high) / 2
        if proportions_power(rate, rate + middle, n, alpha=alpha) < power:
            low = middle
        else:
            high = middle
    return high
