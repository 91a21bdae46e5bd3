"""The exhaustive search, on cases whose answer is known by construction."""

from pathlib import Path

import pytest

from evals.oracle import consult
from evals.stage import Case
from twin.errors import BadCase
from twin.events.actions.revert_to_intended import RevertToIntended


def test_finds_the_revert_that_repairs_a_wrong_weight(weight_case: Case, tmp_path: Path) -> None:
    found = consult(weight_case, 1, tmp_path)
    assert found.repairable
    assert not found.do_nothing_suffices
    assert RevertToIntended(node="ATLAng") in found.best


@pytest.mark.slow
def test_exhaustive_search_agrees_with_the_early_end(weight_case: Case, tmp_path: Path) -> None:
    first = consult(weight_case, 1, tmp_path / "first")
    every = consult(weight_case, 1, tmp_path / "every", exhaustive=True)
    assert (first.repairable, first.breaches) == (every.repairable, every.breaches)
    assert set(first.best) <= set(every.best)
    assert every.searched > first.searched


@pytest.mark.slow
def test_a_node_without_a_way_out_cannot_be_repaired(stub_case: Case, tmp_path: Path) -> None:
    found = consult(stub_case, 1, tmp_path)
    assert not found.repairable
    assert found.left_in_breach
    assert set(found.left_in_breach) <= set(found.breaches)


def test_a_healthy_case_has_nothing_to_search_for(healthy_case: Case, tmp_path: Path) -> None:
    with pytest.raises(BadCase, match="healthy"):
        consult(healthy_case, 1, tmp_path)
