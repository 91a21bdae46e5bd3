"""Running networks without flow export."""

import pytest

from evals.unmeasured import Source, measure_unmeasured, unmeasured_markdown


@pytest.mark.slow
def test_counters_foresee_failures_of_a_running_network_better_than_gravity() -> None:
    found = measure_unmeasured([1], ["sndlib/geant"])
    by: dict[Source, float] = {e.source: e.load_error for e in found}
    assert by["counters"] < 0.5 * by["gravity"]
    now: dict[Source, float] = {e.source: e.drift for e in found}
    assert now["counters"] < 0.5 * now["gravity"]


@pytest.mark.slow
def test_without_any_mismatch_flow_records_give_the_loads_themselves() -> None:
    found = measure_unmeasured([1], ["sndlib/abilene"], mismatch=0)
    by: dict[Source, float] = {e.source: e.load_error for e in found}
    assert by["flows"] < 0.01
    assert by["flows"] < by["counters"] < by["gravity"]
    assert unmeasured_markdown(found).count("\n") == 6
