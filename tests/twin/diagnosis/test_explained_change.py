"""Root causes on a graph of calls, by hand."""

import pytest

from twin.diagnosis.explained_change import Change, Troubled, ranked_causes

CALLS = {"web": ("shop", "ads"), "shop": ("db", "db_remote")}


def _case(**changes: Change) -> Troubled:
    return Troubled("web", CALLS, changes)


def test_score_is_the_unexplained_share_times_the_bounded_z() -> None:
    case = _case(
        web=Change(0.4, 30.0, 100.0),
        shop=Change(0.2, 20.0, 100.0),
        db=Change(0.05, 80.0, 300.0),
    )
    # shop explains half of web. db is asked three times a request, which is 0.15 of shop's 0.2.
    scores = dict(ranked_causes(case))
    assert scores == pytest.approx({"web": 0.5 * 30, "shop": 0.25 * 20, "db": 50.0})
    assert [name for name, _ in ranked_causes(case)] == ["db", "web", "shop"]


def test_what_did_not_change_ends_the_walk() -> None:
    case = _case(
        web=Change(0.4, 30.0, 100.0),
        shop=Change(0.2, 2.9, 100.0),
        db=Change(0.05, 80.0, 300.0),
    )
    assert dict(ranked_causes(case)) == {"web": 30.0}
    assert len(ranked_causes(case, anomalous_z=2.9)) == 3, "from the threshold on it takes part"


def test_what_only_callers_report_comes_last() -> None:
    case = Troubled(
        "web",
        {"web": ("db_remote",)},
        {"web": Change(0.4, 3.0, 100.0), "db_remote": Change(0.4, 90.0, 100.0)},
    )
    assert ranked_causes(case) == (("web", 0.0), ("db_remote", 50.0))


def test_component_that_calls_itself_does_not_explain_itself() -> None:
    case = Troubled("web", {"web": ("web",)}, {"web": Change(0.4, 30.0, 100.0)})
    assert ranked_causes(case) == (("web", 30.0),)


def test_target_that_is_not_measured_is_no_cause() -> None:
    assert ranked_causes(Troubled("web", CALLS, {})) == ()
    better = _case(web=Change(-0.1, -5.0, 100.0))
    assert [score for _, score in ranked_causes(better)] == [0.0]
