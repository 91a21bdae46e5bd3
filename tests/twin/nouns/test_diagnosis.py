from typing import Literal

import pytest

from twin.events.faults.link_down import LinkDown
from twin.nouns.diagnosis import Diagnosis, Hypothesis

BLAMED = LinkDown(link="A--B")


def _diagnosis(
    verdict: Literal["found", "ambiguous", "unknown", "healthy"], *links: str
) -> Diagnosis:
    hypotheses = tuple(
        Hypothesis(
            id=link,
            faults=(LinkDown(link=link),),
            log_likelihood=1.0,
            probability=0.5,
            evidence_for=(),
            evidence_against=(),
        )
        for link in links
    )
    return Diagnosis(verdict=verdict, hypotheses=hypotheses, statement="")


@pytest.mark.parametrize("verdict", ["found", "ambiguous"])
def test_the_cause_is_the_first_hypothesis_where_something_was_found(
    verdict: Literal["found", "ambiguous"],
) -> None:
    assert _diagnosis(verdict, "A--B", "B--C").cause == (BLAMED,)


@pytest.mark.parametrize("verdict", ["unknown", "healthy"])
def test_nothing_is_blamed_by_a_verdict_that_found_nothing(
    verdict: Literal["unknown", "healthy"],
) -> None:
    assert _diagnosis(verdict, "A--B").cause == ()


def test_a_diagnosis_without_hypotheses_blames_nothing() -> None:
    assert _diagnosis("found").cause == ()


def test_a_kept_diagnosis_has_no_cause_of_its_own() -> None:
    assert "cause" not in _diagnosis("found", "A--B").model_dump(mode="json")
