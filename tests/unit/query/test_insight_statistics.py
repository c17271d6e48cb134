"""Statistics of groups, against published numbers and against counting by hand."""

import math
import random
from fractions import Fraction
from math import comb

import pytest

from tailrace.query.insights.statistics import (
    Interval,
    Moments,
    Proportion,
    always_valid_p,
    chi_square_p,
    confidence_sequence,
    detectable_rate,
    fisher_p,
    holm,
    incomplete_beta,
    means_size,
    moments_of,
    newcombe,
    normal_p,
    proportions_p,
    proportions_power,
    proportions_size,
    proportions_z,
    quantile,
    ratio_interval,
    sample_ratio,
    t_of,
    t_p,
    upper_gamma,
    welch,
    wilson,
    winsorised,
)

A, B = Proportion(200, 1000), Proportion(240, 1000)


def test_two_rates_are_compared_with_the_pooled_variance() -> None:
    tested = proportions_z(A, B)

    assert tested.statistic == pytest.approx(2.159, abs=0.0005)
    assert tested.p == pytest.approx(0.0308, abs=0.00005)


def test_the_difference_of_two_rates_has_newcombes_interval() -> None:
    interval = newcombe(A, B)

    assert interval.low == pytest.approx(0.004, abs=0.0005)
    assert interval.high == pytest.approx(0.076, abs=0.0005)


def test_newcombes_own_example() -> None:
    # 56 of 70 against 48 of 80: his method 10 gives 0.0524 to 0.3339.
    interval = newcombe(Proportion(48, 80), Proportion(56, 70))

    assert interval == pytest.approx((0.0524, 0.3339), abs=0.0001)


@pytest.mark.parametrize(("rate_a", "rate_b", "n"), [(0.1, 0.11, 14_751), (0.2, 0.22, 6_510)])
def test_sizes_of_samples(rate_a: float, rate_b: float, n: int) -> None:
    size = proportions_size(rate_a, rate_b)

    assert size == n
    assert proportions_power(rate_a, rate_b, size) == pytest.approx(0.8, abs=0.0001)
    assert detectable_rate(rate_a, size) == pytest.approx(rate_b - rate_a, abs=0.00001)


def test_nothing_can_be_detected_with_nobody() -> None:
    assert detectable_rate(0.2, 0) is None
    assert detectable_rate(0.9, 3) is None


def test_the_size_for_means_is_that_of_the_normal_test() -> None:
    # 16 s^2 / d^2 is the rule of thumb for a power of 0.8.
    assert means_size(10, 1, alpha=0.05, power=0.8) == 1_570


def test_a_split_that_is_off_is_seen() -> None:
    assert sample_ratio([50_000, 49_000], [1, 1]).p == pytest.approx(0.0015, abs=0.00005)
    assert sample_ratio([9_000, 1_000], [0.9, 0.1]).p == pytest.approx(1)
    assert sample_ratio([10, 20, 30], [1, 1, 1]).statistic == pytest.approx(10)
    assert sample_ratio([10, 20, 30], [1, 1, 1]).p == pytest.approx(math.exp(-5))


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("t", "df", "p"),
    # From tables of Student's t.
    [(12.706, 1, 0.05), (2.228, 10, 0.05), (3.169, 10, 0.01), (1.96, 1e9, 0.05), (0, 5, 1)],
)
def test_tails_of_t(t: float, df: float, p: float) -> None:
    assert t_p(t, df) == pytest.approx(p, abs=0.0001)
    assert t_p(-t, df) == t_p(t, df)


def test_t_of_a_level_is_the_inverse_of_the_tails() -> None:
    for df in (1.0, 2.5, 30.0, 1e6):
        for level in (0.5, 0.9, 0.95, 0.999):
            assert t_p(t_of(level, df), df) == pytest.approx(1 - level, rel=1e-6)


@pytest.mark.parametrize(
    ("x", "df", "p"), [(3.841, 1, 0.05), (18.307, 10, 0.05), (6.635, 1, 0.01), (0, 3, 1)]
)
def test_tails_of_chi_square(x: float, df: float, p: float) -> None:
    assert chi_square_p(x, df) == pytest.approx(p, abs=0.0001)


def test_chi_square_of_one_degree_is_a_squared_normal() -> None:
    for z in (0.01, 0.5, 1.0, 2.0, 5.0):
        assert chi_square_p(z * z, 1) == pytest.approx(normal_p(z), rel=1e-9)


def test_incomplete_functions_of_whole_numbers_are_sums() -> None:
    rng = random.Random(7)
    for _ in range(200):
        a, b = rng.randint(1, 30), rng.randint(1, 30)
        x = rng.random()
        n = a + b - 1
        binomial = sum(comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))
        assert incomplete_beta(x, a, b) == pytest.approx(binomial, abs=1e-12)
        y = x * 40
        poisson = sum(math.exp(-y) * y**k / math.factorial(k) for k in range(a))
        assert upper_gamma(a, y) == pytest.approx(poisson, abs=1e-12)


def test_the_lady_tasting_tea() -> None:
    assert fisher_p(Proportion(3, 4), Proportion(1, 4)) == pytest.approx(34 / 70)
    assert fisher_p(Proportion(4, 4), Proportion(0, 4)) == pytest.approx(2 / 70)


def test_fishers_test_counts_the_tables_that_are_no_likelier() -> None:
    rng = random.Random(11)
    for _ in range(100):
        of_a, of_b = rng.randint(1, 25), rng.randint(1, 25)
        a, b = Proportion(rng.randint(0, of_a), of_a), Proportion(rng.randint(0, of_b), of_b)
        hits = a.hits + b.hits

        def likely(k: int, of_a: int = of_a, of_b: int = of_b, hits: int = hits) -> Fraction:
            return Fraction(comb(of_a, k) * comb(of_b, hits - k), comb(of_a + of_b, hits))

        every = range(max(0, hits - of_b), min(hits, of_a) + 1)
        wanted = sum(likely(k) for k in every if likely(k) <= likely(a.hits))
        assert fisher_p(a, b) == pytest.approx(float(wanted), abs=1e-9)


def test_a_small_cell_is_tested_exactly() -> None:
    small = (Proportion(3, 50), Proportion(10, 50))

    assert proportions_p(*small) == fisher_p(*small)
    assert proportions_p(A, B) == proportions_z(A, B).p


def test_too_many_tables_are_left_to_z() -> None:
    large = (Proportion(2, 10**6), Proportion(500_000, 10**6))

    assert fisher_p(*large) is None
    assert proportions_p(*large) == proportions_z(*large).p


def test_welch_of_two_small_samples() -> None:
    # Of the same variance and size it is Student's: means 2 and 4, both of variance 1, n = 3.
    tested = welch(moments_of([1, 2, 3]), moments_of([3, 4, 5]))

    assert tested is not None
    assert tested.t == pytest.approx(2 / math.sqrt(2 / 3))
    assert tested.df == pytest.approx(4)
    assert tested.p == pytest.approx(0.0705, abs=0.0001)
    assert tested.interval == pytest.approx((2 - 2.2667, 2 + 2.2667), abs=0.001)


def test_welch_needs_two_values_and_some_difference() -> None:
    alike = Moments(5, 2.0, 0.0)

    assert welch(Moments(1, 2.0, 0.0), Moments(9, 3.0, 1.0)) is None
    tested = welch(alike, alike)
    assert tested is not None
    assert (tested.t, tested.p) == (0, 1)
    apart = welch(alike, Moments(5, 3.0, 0.0))
    assert apart is not None
    assert apart.p == 0


def test_a_rate_of_nobody_is_unknown() -> None:
    assert wilson(Proportion(0, 0)) == Interval(0, 1)
    assert proportions_z(Proportion(0, 0), B).p == 1
    assert Proportion(0, 0).rate == 0


def test_values_above_the_quantile_are_lowered_to_it() -> None:
    values = [*map(float, range(100)), 1_000.0]

    assert winsorised(values, 0.99) == [*map(float, range(100)), 99.0]
    assert winsorised([]) == []
    assert quantile([1, 2, 3, 4], 0.5) == 2.5


def test_the_interval_of_a_lift_is_that_of_the_logarithm() -> None:
    # 0.2 and 0.24 of 1,000 each: the ratio 1.2, its logarithm's error 0.0848.
    errors = [math.sqrt(p.rate * (1 - p.rate) / p.of) for p in (A, B)]
    interval = ratio_interval(A.rate, errors[0], B.rate, errors[1])

    assert interval is not None
    assert interval == pytest.approx((0.0165, 0.4166), abs=0.0001)
    assert ratio_interval(0, 0, 0.1, 0.01) is None


def test_the_always_valid_p_is_the_formula_for_equal_groups() -> None:
    n, tau, d = 5_000, 0.02, 0.03
    v = 0.1 * 0.9 + 0.13 * 0.87
    spread = v + n * tau**2
    ratio = math.sqrt(v / spread) * math.exp(n**2 * tau**2 * d**2 / (2 * v * spread))

    assert always_valid_p(d, v / n, tau=tau) == pytest.approx(1 / ratio)
    assert always_valid_p(0, v / n, tau=tau) == 1


def test_the_confidence_sequence_is_the_formula_and_ends_where_p_is_alpha() -> None:
    n, tau, d, alpha = 5_000, 0.02, 0.03, 0.05
    v = 0.1 * 0.9 + 0.13 * 0.87
    rho2 = tau**2 / v
    reach = math.sqrt(v) * math.sqrt(
        2 * (n * rho2 + 1) / (n**2 * rho2) * math.log(math.sqrt(n * rho2 + 1) / alpha)
    )

    interval = confidence_sequence(d, v / n, tau=tau)

    assert interval == pytest.approx((d - reach, d + reach))
    assert always_valid_p(reach, v / n, tau=tau) == pytest.approx(alpha)


def test_looking_often_fools_the_plain_test_and_not_the_sequential_one() -> None:
    rng = random.Random(20260311)
    looks, step, rate, tau = 20, 1_000, 0.1, 0.02
    fooled = {"plain": 0, "once": 0, "sequential": 0}
    for _ in range(1_500):
        total, lowest, plain = 0.0, 1.0, 1.0
        for look in range(1, looks + 1):
            # The sum of the difference of so many pairs is as good as normal.
            total += rng.gauss(0, math.sqrt(2 * step * rate * (1 - rate)))
            n = look * step
            variance = 2 * rate * (1 - rate) / n
            plain = min(plain, normal_p(total / n / math.sqrt(variance)))
            lowest = min(lowest, always_valid_p(total / n, variance, tau=tau))
        fooled["plain"] += plain < 0.05
        fooled["once"] += normal_p(total / n / math.sqrt(variance)) < 0.05
        fooled["sequential"] += lowest < 0.05

    assert fooled["plain"] / 1_500 == pytest.approx(0.25, abs=0.05)
    assert fooled["once"] / 1_500 == pytest.approx(0.05, abs=0.015)
    assert fooled["sequential"] / 1_500 == pytest.approx(0.015, abs=0.01)
