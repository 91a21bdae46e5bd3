"""What each source is worth, worked by hand on plays that were written down."""

from evals.campaigns.campaign import load_spec
from evals.campaigns.sources import CAMPAIGN, Play, Sourced, SourcesRecord, sources_markdown
from tests.evals.campaigns.test_results import _result
from twin.nouns.plan import Source


def _record(case: str, arm: str, minutes: float, *chosen: tuple[Source, ...]) -> SourcesRecord:
    proposed: tuple[tuple[Source, ...], ...] = (("rules",), ("policy", "search"))
    return SourcesRecord(
        campaign="sources",
        play=Play(case=case, arm=arm, seed=1, policy="carried-128"),
        commit="abc",
        cpu_s=1.0,
        outcome=Sourced(
            result=_result("noctua", case, 1, minutes), chosen=chosen, proposed=proposed
        ),
    )


def test_table_says_who_was_chosen_and_what_is_lost_without_each() -> None:
    told = sources_markdown(
        [
            _record("one", "all", 10.0, ("rules",)),
            _record("two", "all", 20.0, ("policy", "search"), ("search",)),
            _record("one", "without rules", 50.0),
            _record("two", "without rules", 15.0, ("search",)),
            _record("two", "without search", 20.0, ("policy",)),
        ]
    )
    assert "| rules | 2 of 4 | 1 of 3 | 1 |" in told
    assert "| search | 2 of 4 | 2 of 3 | 1 |" in told
    assert "| policy | 2 of 4 | 1 of 3 | 0 |" in told
    assert "| rules | 2 | 30.0 | 65.0 | 1 | 1 | +17.5 | +17.5 (-5.0 to +40.0) |" in told
    assert "| search | 1 | 20.0 | 20.0 | 0 | 0 | +0.0 | +0.0 (+0.0 to +0.0) |" in told
    assert "policy carried-128" in told


def test_every_case_is_played_with_all_and_without_each_on_one_realisation() -> None:
    spec = load_spec(CAMPAIGN)
    plays = CAMPAIGN.plays(spec)
    assert len(plays) == len(spec.cases) * len(spec.seeds) * 4
    assert {CAMPAIGN.together(play) for play in plays[:4]} == {f"{spec.cases[0]} 1"}
