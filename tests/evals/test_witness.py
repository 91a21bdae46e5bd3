"""A witness tells what devices and the truth were like, and when incidents were open."""

import pytest

from evals.stage import Case
from evals.witness import joined, open_spans, witness
from tools.journal.records import TimelineEvent
from tools.journal.standing import OVER
from twin.errors import BadInput


def _line(kind: str, time_s: float, **data: str) -> TimelineEvent:
    return TimelineEvent(
        seq=int(time_s),
        incident_id="i",
        time_s=time_s,
        kind=kind,
        actor="a",
        text="",
        data={**data},
    )


def test_escalated_incident_is_open_until_it_is_over_and_again_with_a_symptom() -> None:
    lines = [
        _line("detected", 10.0),
        _line("escalated", 20.0),
        _line(OVER, 50.0),
        _line("symptom", 70.0),
    ]
    assert open_spans(5.0, lines[:2]) == ((5.0, None),)
    assert open_spans(5.0, lines[:3]) == ((5.0, 50.0),)
    assert open_spans(5.0, lines) == ((5.0, 50.0), (70.0, None))


def test_incident_ends_where_it_is_merged_into_another_which_goes_on() -> None:
    assert open_spans(5.0, [_line("merged", 20.0, into="j")]) == ((5.0, 20.0),)
    assert open_spans(5.0, [_line("merged", 20.0, **{"from": "j"})]) == ((5.0, None),)


def test_service_that_recovers_for_one_tick_has_one_spell() -> None:
    assert joined([30.0, 60.0, 120.0, 210.0]) == [(30.0, 120.0), (210.0, 210.0)]
    assert joined([]) == []


def test_unknown_arm_is_refused_by_name(weight_case: Case) -> None:
    with pytest.raises(BadInput, match='no arm "nobody"; there are nothing, noc, noctua'):
        witness(weight_case, "nobody", 1)


@pytest.mark.slow
def test_revert_of_a_bad_commit_is_witnessed_from_breach_to_repair(
    weight_case: Case,
) -> None:
    seen = witness(weight_case, "noctua", 1)
    told = seen.incidents[0]
    assert seen.began_s[0] < told.detected_s < seen.ends_s
    assert told.diagnoses[-1].causes == seen.faults
    kept = [made for made in seen.changes if made.what == "committed"]
    assert kept
    assert not any(made.broken or made.shut for made in kept)
    assert seen.left == ()
    assert {spell.service for spell in seen.spells} == {
        service for service, minutes in seen.result.slo_minutes.items() if minutes > 0.5
    }
