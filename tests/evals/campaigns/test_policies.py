"""The table of policies: shares of what the best known saves, evening by evening."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from evals.campaigns.campaign import load_spec
from evals.campaigns.policies import (
    CAMPAIGN,
    LEAST_SAVED,
    Outcome,
    Play,
    PoliciesRecord,
    policies_markdown,
)
from evals.commands import register
from twin.errors import BadInput
from twin.remediation.held_out import HELD_OUT, check_training


def _record(arm: str, seed: int, cost: float, ms: float = 1.0, case: str = "one") -> PoliciesRecord:
    return PoliciesRecord(
        campaign="policies",
        play=Play(case=case, arm=arm, seed=seed, priced="loads"),
        commit="c0de",
        cpu_s=1.0,
        outcome=Outcome(cost=cost, stake=1.0, changes=2, quarters=5, decision_ms=ms),
    )


def test_closed_is_the_share_of_what_the_best_known_saves() -> None:
    table = policies_markdown(
        [
            *(_record("nothing", seed, cost) for seed, cost in ((1, 2.0), (2, 1.0))),
            *(_record("horizon", seed, cost, 8.0) for seed, cost in ((1, 1.0), (2, 1.2))),
            *(_record("peak-only", seed, cost) for seed, cost in ((1, 1.5), (2, 0.8))),
        ]
    )
    # Of 1.0 all and half, of 0.2 minus all and all.
    assert "| horizon | 2 | 0.000 [-1.000, 1.000] | 0.667 | 50% | 2.0 | 8.0 |" in table
    assert "| peak-only | 2 | 0.750 [0.500, 1.000] | 0.583 | 0% | 2.0 | 1.0 |" in table
    assert "| horizon - peak-only | 2 | -0.750 [-2.000, 0.500] |" in table
    assert "2 of 2 evenings have something to gain" in table
    assert "priced by loads, code c0de" in table


def test_evenings_with_nothing_to_gain_are_not_counted() -> None:
    saves_too_little = [_record("nothing", 1, 1.0), _record("horizon", 1, 1.0 - 0.9 * LEAST_SAVED)]
    too_small_a_share = [_record("nothing", 2, 9.0), _record("horizon", 2, 8.6)]
    counts = [_record("nothing", 3, 1.0), _record("horizon", 3, 0.5)]
    table = policies_markdown([*saves_too_little, *too_small_a_share, *counts])
    assert "1 of 3 evenings have something to gain" in table
    assert "| horizon | 1 | 1.000" in table


def test_evenings_without_their_baseline_are_left_out_and_what_raised_is_told() -> None:
    raised = _record("nothing", 1, 1.0).model_copy(update={"outcome": None, "error": "Oops: no"})
    whole = [_record("nothing", 2, 1.0), _record("horizon", 2, 0.5)]
    table = policies_markdown([raised, _record("horizon", 1, 0.2), *whole])
    assert "1 of 1 evenings" in table
    assert "1 of 4 plays raised an error, and are left out" in table


def test_where_there_is_no_table_it_is_told_what_is_missing() -> None:
    nothing = _record("nothing", 1, 1.0)
    for records, told in (
        ([], "none of the plays that were asked for is recorded"),
        ([_record("horizon", 1, 0.2)], 'no evening was played by "nothing"'),
        ([nothing], 'nobody but "nothing" has played'),
        (
            [nothing, _record("horizon", 1, 0.99)],
            "on none of these evenings does the best policy save",
        ),
    ):
        table = policies_markdown(records)
        assert f"No table: {told}" in table
        assert "|" not in table


def test_pairs_whose_difference_is_told_are_named_where_none_has_played() -> None:
    played = [_record("nothing", 1, 1.0), _record("horizon", 1, 0.5), _record("nearest-8", 1, 0.8)]
    table = policies_markdown(played)
    assert "| difference" not in table
    assert "of no pair both have played (horizon - peak-only, " in table
    assert "No table" not in table


def test_a_policy_that_played_fewer_evenings_is_compared_on_these() -> None:
    table = policies_markdown(
        [
            *(_record("nothing", seed, 1.0) for seed in (1, 2)),
            *(_record("horizon", seed, 0.5) for seed in (1, 2)),
            _record("beam", 2, 0.0),
        ]
    )
    assert "| beam | 1 | 1.000" in table
    assert "| horizon | 2 | 0.750 [0.500, 1.000]" in table
    assert "| beam - horizon | 1 | 0.500 [0.500, 0.500] |" in table


def test_what_is_compared_on_is_never_trained_on() -> None:
    large = Path(__file__).parents[3] / "evals" / "campaigns" / "policies_large.yaml"
    for case in (*load_spec(CAMPAIGN).cases, *load_spec(CAMPAIGN, large).cases):
        with pytest.raises(BadInput, match=f"{case} is held out"):
            check_training(["topozoo/Abilene", case])
    with pytest.raises(BadInput, match="sndlib/polska is held out"):
        check_training(["sndlib/polska"])
    assert len(set(HELD_OUT)) == len(HELD_OUT)


def test_shipped_comparison_is_of_every_arm_on_every_evening_one_seed_after_the_other() -> None:
    spec = load_spec(CAMPAIGN)
    plays = CAMPAIGN.plays(spec)
    evenings = [spec.first.get(arm, len(spec.seeds)) for arm in spec.arms]
    assert len(plays) == len(spec.cases) * sum(evenings)
    assert {play.seed for play in plays if play.arm == "rule"} == set(range(1, 11))
    assert [play.seed for play in plays] == sorted(play.seed for play in plays)


def _compared(*arguments: str) -> tuple[int, str, str]:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["policy", "compare", *arguments], obj=Path("state"))
    return result.exit_code, result.stdout, str(result.exception or "")


@pytest.mark.slow
def test_comparison_is_played_recorded_and_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "evenings.jsonl"
    few = ("--policy", "horizon", "--policy", "carried-8", "--network", "sndlib/abilene",
           "--out", str(out))  # fmt: skip
    code, table, _ = _compared(*few, "--evenings", "2")
    assert code == 0
    assert "| nothing |" in table or "0 of 2 evenings" in table
    before = out.read_text().splitlines()
    assert len(before) == 6
    code, told, _ = _compared(*few, "--evenings", "3", "--json")
    after = out.read_text().splitlines()
    assert after[:6] == before
    assert {json.loads(line)["play"]["seed"] for line in after[6:]} == {3}
    assert len(json.loads(told)) == 9
    only = ("--table-only", str(out), "--network", "sndlib/abilene")
    code, told, _ = _compared(*only, "--evenings", "1", "--policy", "horizon", "--json")
    assert code == 0
    assert [(x["play"]["arm"], x["play"]["seed"]) for x in json.loads(told)] == [
        ("horizon", 1), ("nothing", 1),
    ]  # fmt: skip


def test_a_policy_of_no_name_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    out = tmp_path / "evenings.jsonl"
    code, _, told = _compared("--policy", "clever", "--out", str(out))
    assert code != 0
    assert 'no policy is called "clever"' in told
    assert not out.exists()


def test_a_network_that_there_is_not_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    out = tmp_path / "evenings.jsonl"
    code, _, told = _compared("--network", "sndlib/germany", "--out", str(out))
    assert code != 0
    assert "did you mean sndlib/germany50" in " ".join(told.split())
    assert not out.exists()
