"""What results are summed up to, worked by hand on plays that were written down."""

import pytest

from evals.arm import ArmResult
from evals.campaigns.campaign import load_spec
from evals.campaigns.results import (
    ARMS,
    BEGIN,
    CAMPAIGN,
    END,
    ORACLE,
    Difference,
    Play,
    ResultsRecord,
    put_between_markers,
    results_markdown,
    summarise,
)
from evals.delays import NO_DELAYS
from evals.oracle import OracleResult
from evals.stage import case_names, load_case
from twin.errors import BadInput


def _result(arm: str, case: str, seed: int, minutes: float, **changes: object) -> ArmResult:
    fields: dict[str, object] = {
        "arm": arm,
        "case": case,
        "seed": seed,
        "mismatch": 1,
        "delays": NO_DELAYS,
        "slo_minutes": {"svc-001": minutes} if minutes else {},
        "slo_minutes_total": minutes,
        "services_hit": int(minutes > 0),
        "lost_bits": 0.0,
        "detect_s": 30.0,
        "mitigate_s": None,
        "resolve_s": None,
        "changes": 0,
        "phase": "resolved",
        "incidents": 1,
        "false_incidents": 0,
        "causes": (),
        "cause_correct": True,
        "location_correct": True,
        "repaired": True,
        "still_in_breach": (),
        "seen_in_breach": (),
        "escalated": False,
        "chose_nothing": False,
        "rolled_back": 0,
        "outcomes": 10,
        "outcomes_inside": 9,
        "devices_left_changed": 0,
        "wall_s": 1.0,
    }
    return ArmResult.model_validate(fields | changes)


def _search(case: str, seed: int, *, repairable: bool, nothing: bool = False) -> OracleResult:
    return OracleResult(
        case=case,
        seed=seed,
        repairable=repairable,
        do_nothing_suffices=nothing,
        breaches=(),
        best=(),
        left_in_breach=(),
        searched=1,
        wall_s=0.1,
    )


def _record(arm: str, case: str, seed: int, commit: str = "abc1234") -> ResultsRecord:
    """Of a play that raised."""
    play = Play(case=case, arm=arm, seed=seed, mismatch=1)
    return ResultsRecord(
        campaign="results", play=play, commit=commit, cpu_s=1.0, error="ValueError: why"
    )


def _played(found: ArmResult | OracleResult) -> ResultsRecord:
    arm = found.arm if isinstance(found, ArmResult) else ORACLE
    raised = _record(arm, found.case, found.seed)
    return raised.model_copy(update={"outcome": found, "error": ""})


@pytest.fixture
def records() -> list[ResultsRecord]:
    """amber: repairable, repaired for seed 1 alone; basil: beyond repair; calm: healthy."""
    quiet = {"detect_s": None, "cause_correct": None, "location_correct": None, "repaired": None}
    calm = {**quiet, "incidents": 0, "phase": "no incident", "outcomes": 0, "outcomes_inside": 0}
    found = (
        _result("noctua", "amber", 1, 10.0),
        _result("noctua", "amber", 2, 30.0, repaired=False),
        _result("noctua", "basil", 1, 50.0, repaired=False, escalated=True, detect_s=90.0),
        _result("noctua", "basil", 2, 50.0, repaired=False, escalated=True, cause_correct=False),
        _result("noctua", "calm", 1, 0.0, **calm),
        _result("noctua", "calm", 2, 0.0, **calm, changes=1),
        _result("nothing", "amber", 1, 100.0),
        _result("nothing", "amber", 2, 20.0),
        _result("nothing", "basil", 1, 50.0),
        _result("nothing", "basil", 2, 60.0),
        _search("amber", 1, repairable=True),
        _search("amber", 2, repairable=True, nothing=True),
        _search("basil", 1, repairable=False),
        _search("basil", 2, repairable=False),
    )
    return [_played(one) for one in found]


def test_counts_are_as_worked_by_hand(records: list[ResultsRecord]) -> None:
    total = summarise(records)[-1]
    assert (total.repaired, total.repairable) == (1, 2)
    assert (total.handed_over, total.unrepairable) == (1, 2)
    assert (total.left_alone, total.healthy) == (1, 2)
    assert (total.cause_correct, total.faulty) == (3, 4)
    assert (total.nothing_chosen, total.nothing_suffices) == (1, 1)
    assert (total.outcomes_inside, total.outcomes) == (36, 40)
    assert total.detect_s == 30.0


def test_arms_are_compared_play_by_play(records: list[ResultsRecord]) -> None:
    # Differences: 10-100, 30-20, 50-50, 50-60: fewer in two, more in one, median -5.
    four = Difference(plays=4, fewer=2, more=1, minutes=-5.0, interval=None)
    assert summarise(records)[-1].fewer_than == {"nothing": four}


def test_median_difference_has_an_interval_where_there_are_plays_enough() -> None:
    # Differences are -1 to -6. Of six, all lie on one side of the median once in 32 times.
    records = [
        _played(found)
        for seed in range(1, 7)
        for found in (
            _result("noctua", "amber", seed, 10.0),
            _result("nothing", "amber", seed, 10.0 + seed),
        )
    ]
    found = summarise(records)[-1].fewer_than["nothing"]
    assert (found.minutes, found.interval) == (-3.5, (-6.0, -1.0))
    assert "-3.5 minutes (95 % interval -6.0 to -1.0)" in results_markdown(records)


def test_play_that_raised_is_missed_in_every_count(records: list[ResultsRecord]) -> None:
    for case, seed in (("amber", 1), ("basil", 1), ("calm", 1)):
        missed = _record("noctua", case, seed)
        records = [missed if r.play == missed.play else r for r in records]
    total = summarise(records)[-1]
    assert (total.repaired, total.repairable) == (0, 2)
    assert (total.handed_over, total.unrepairable) == (0, 2)
    assert (total.left_alone, total.healthy) == (0, 2)
    assert (total.cause_correct, total.faulty) == (1, 4)
    # Its minutes are more than any other's: 30-20 and 50-60 are left beside two that raised.
    assert total.fewer_than["nothing"].fewer == 1
    assert total.fewer_than["nothing"].more == 3
    assert total.fewer_than["nothing"].minutes is None
    assert total.slo_minutes == {"noctua": None, "nothing": 55.0}
    table = results_markdown(records)
    assert "3 of 14 plays raised an error, and count as missed" in table
    assert '{"case":"amber","arm":"noctua","seed":1,"mismatch":1}: ValueError: why' in table


def test_search_that_raised_leaves_the_play_out_of_what_was_repairable(
    records: list[ResultsRecord],
) -> None:
    missed = _record(ORACLE, "amber", 1)
    total = summarise([missed if r.play == missed.play else r for r in records])[-1]
    assert (total.repaired, total.repairable) == (0, 1)
    assert (total.cause_correct, total.faulty) == (3, 4)


def test_the_table_names_its_run(records: list[ResultsRecord]) -> None:
    table = results_markdown(records)
    for part in ("noctua results --seeds 2", "seeds 1..2", "mismatch 1", "abc1234", "| amber |"):
        assert part in table
    assert "mixed" not in table


def test_the_table_says_that_its_plays_are_of_several_commits(
    records: list[ResultsRecord],
) -> None:
    later = records[0].model_copy(update={"commit": "def5678"})
    table = results_markdown([later, *records[1:]])
    assert "code of several commits mixed: abc1234 (13 plays), def5678 (1 plays)" in table


def test_the_table_is_of_one_mismatch_level(records: list[ResultsRecord]) -> None:
    other = records[0].play.model_copy(update={"mismatch": 2})
    with pytest.raises(BadInput, match="at one mismatch level"):
        results_markdown([*records, records[0].model_copy(update={"play": other})])


def test_shipped_campaign_plays_every_case_by_every_arm() -> None:
    spec = load_spec(CAMPAIGN)
    assert spec.cases == case_names()
    assert set(spec.arms) == {*ARMS, ORACLE}
    plays = CAMPAIGN.plays(load_spec(CAMPAIGN, seeds=2))
    assert len(plays) == len(set(plays)) == 18 * 2 * 5 + 13 * 2
    searched = {play.case for play in plays if play.arm == ORACLE}
    assert all(bool(load_case(c).truth.events) == (c in searched) for c in case_names())


def test_unknown_arm_is_refused_before_anything_is_played() -> None:
    with pytest.raises(BadInput, match='no arm "nobody"; there are noctua'):
        CAMPAIGN.plays(load_spec(CAMPAIGN, arms=("nobody",)))


def test_the_table_replaces_what_stands_between_the_markers() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = put_between_markers(page, "new")
    assert "old" not in once
    assert once.startswith("before\n")
    assert once.endswith(f"{END}\nafter\n")
    assert put_between_markers(once, "new") == once


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(BadInput, match="results:begin"):
        put_between_markers(f"{END} {BEGIN}", "new")
