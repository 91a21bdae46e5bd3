"""Bounds against published values and against what is worked by hand."""

import numpy as np
import pytest

from evals.intervals import mean_interval, median_interval, poisson_upper, share_interval


@pytest.mark.parametrize(
    ("events", "upper"), [(0, 2.9957), (1, 4.7439), (2, 6.2958), (5, 10.5130), (10, 16.9622)]
)
def test_upper_bound_is_the_published_one(events: int, upper: float) -> None:
    # Garwood 1936, one-sided 95 %.
    assert poisson_upper(events) == pytest.approx(upper, abs=5e-4)


def test_bound_grows_with_confidence() -> None:
    assert poisson_upper(3, 0.9) < poisson_upper(3, 0.95) < poisson_upper(3, 0.99)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (0, 0, 0.0, 1.0),
        # None of n at 2.5 %: 1 - 0.025 ** (1 / n).
        (0, 600, 0.0, 1 - 0.025 ** (1 / 600)),
    ],
)
def test_share_lies_in_the_published_interval(
    part: int, whole: int, low: float, high: float
) -> None:
    # Clopper and Pearson 1934, two-sided 95 %.
    assert share_interval(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_median_lies_between_the_order_statistics_of_the_sign_test() -> None:
    # All of five on one side: 2 / 32 > 5 %. All of six: 2 / 64 < 5 %. Of nine, the second and the
    # eighth: 2 * 10 / 512 < 5 %, and the third would be 2 * 46 / 512.
    assert median_interval([3.0, 1.0, 2.0, 5.0, 4.0]) is None
    assert median_interval([6.0, 3.0, 1.0, 2.0, 5.0, 4.0]) == (1.0, 6.0)
    assert median_interval([float(x) for x in range(9)]) == (1.0, 7.0)


def test_mean_of_many_lies_within_two_standard_errors_of_the_sample() -> None:
    values = np.random.default_rng(3).normal(5.0, 2.0, 400)
    low, high = mean_interval(values)
    error = 1.96 * values.std() / 20.0
    assert (low, high) == pytest.approx((values.mean() - error, values.mean() + error), abs=0.02)
    assert mean_interval(values) == (low, high), "nothing else is drawn the second time"
