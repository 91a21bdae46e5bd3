"""The table of who finds the worst days: shares, differences by seed, and what was not drawn."""

from evals.campaigns.campaign import load_spec
from evals.campaigns.imagined import (
    CAMPAIGN,
    PAST_INCIDENTS,
    ImaginedRecord,
    Outcome,
    Play,
    imagined_markdown,
    past_of,
)
from twin.events.fault import BY_KIND
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory


def _record(case: str, arm: str, seed: int, left: float, nothing: float = 0.0) -> ImaginedRecord:
    outcome = Outcome(
        judged=10, valid=10, most=100.0, left=(left, left), nothing=(max(left, nothing),) * 2
    )
    play = Play(case=case, arm=arm, seed=seed, budget=10)
    return ImaginedRecord(campaign="imagined", play=play, commit="c0de", cpu_s=1.0, outcome=outcome)


def test_shares_are_means_over_networks_and_differences_go_seed_by_seed() -> None:
    table = imagined_markdown(
        [
            _record("one", "rules", 1, 30.0),
            _record("two", "rules", 1, 50.0),
            *(_record("one", "search", seed, left) for seed, left in ((1, 40.0), (2, 50.0))),
            *(_record("two", "search", seed, 60.0) for seed in (1, 2)),
            *(_record("one", "random", seed, left) for seed, left in ((1, 30.0), (2, 40.0))),
            *(_record("two", "random", seed, 50.0) for seed in (1, 2)),
        ]
    )
    # 45 % of one network and 60 % of the other; the rule is one play of each.
    assert "| search | 52.5% (50.0% to 55.0%) |" in table
    assert "| rules | 40.0% (40.0% to 40.0%) |" in table
    # Against random the difference is the same with both seeds.
    assert "| random | 10.0% (10.0% to 10.0%) |" in table
    assert "| rules | 12.5% (10.0% to 15.0%) |" in table
    assert "Run: `noctua campaign imagined`, code c0de." in table


def test_remedy_saves_what_it_takes_from_the_worst_days() -> None:
    assert _record("one", "rules", 1, 30.0, 40.0).outcome is not None
    outcome = Outcome(judged=9, valid=9, most=100.0, left=(30.0, 10.0), nothing=(40.0, 40.0))
    assert outcome.effectiveness == 0.5
    assert outcome.share == 0.2


def test_what_draws_nothing_is_played_once_and_all_networks_come_before_the_next_seed() -> None:
    spec = load_spec(CAMPAIGN)
    plays = CAMPAIGN.plays(spec)
    assert sum(play.arm == "rules" for play in plays) == len(spec.cases)
    assert sum(play.arm == "search" for play in plays) == len(spec.cases) * len(spec.seeds)
    assert [play.seed for play in plays] == sorted(play.seed for play in plays)


def test_past_is_of_kinds_as_often_as_they_cause_incidents() -> None:
    state = Twin(build_inventory(WorldSpec(topology="sndlib/abilene"))).state()
    past = past_of(state, 1)
    kinds = {incident.cause.partition("@")[0] for incident in past}
    assert len(past) == PAST_INCIDENTS
    assert kinds <= set(BY_KIND)
    assert len(kinds) > 8
    assert past == past_of(state, 1) != past_of(state, 2)


def test_what_a_script_proposes_is_valid_and_a_play_is_what_it_says() -> None:
    proposed = CAMPAIGN.play(Play(case="sndlib/abilene", arm="llm", seed=1, budget=30))
    assert (proposed.judged, proposed.valid) == (0, 30)
    played = CAMPAIGN.play(Play(case="sndlib/abilene", arm="replay", seed=1, budget=25))
    assert (played.judged, played.valid, len(played.left)) == (25, 25, 20)
    assert 0.0 <= played.share <= 1.0
