"""What-ifs on an estimated matrix, against gravity alone."""

import pytest

from evals.estimation import WORKLOADS, Truth, estimation_markdown, measure_estimation


@pytest.mark.slow
@pytest.mark.parametrize(("network", "truth"), WORKLOADS)
def test_estimate_foresees_failures_better_than_gravity(network: str, truth: Truth) -> None:
    found = measure_estimation(2, [(network, truth)])
    assert {e.missing for e in found} == {0.0, 0.1}
    for missing in (0.0, 0.1):
        arm = {e.arm: e for e in found if e.missing == missing}
        assert arm["ours"].load_error < 0.5 * arm["gravity"].load_error
        assert arm["ours"].worst_error < arm["gravity"].worst_error
        assert arm["ours"].moved_error < arm["gravity"].moved_error
        assert arm["ours"].utilisation_mae < arm["gravity"].utilisation_mae


@pytest.mark.slow
def test_the_same_seeds_give_the_same_table() -> None:
    one, two = (measure_estimation(1, WORKLOADS[:1]) for _ in range(2))
    assert estimation_markdown(one) == estimation_markdown(two)
