"""The Poisson bound against published values (Garwood 1936, one-sided 95 %)."""

import pytest

from evals.intervals import poisson_upper


@pytest.mark.parametrize(
    ("events", "upper"), [(0, 2.9957), (1, 4.7439), (2, 6.2958), (5, 10.5130), (10, 16.9622)]
)
def test_upper_bound_is_the_published_one(events: int, upper: float) -> None:
    assert poisson_upper(events) == pytest.approx(upper, abs=5e-4)


def test_bound_grows_with_confidence() -> None:
    assert poisson_upper(3, 0.9) < poisson_upper(3, 0.95) < poisson_upper(3, 0.99)
