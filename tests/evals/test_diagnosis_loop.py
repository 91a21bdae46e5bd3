"""What the loop says beside what the bench says, by hand; and the incidents that both play."""

from evals.arm import NamedCause
from evals.campaigns.campaign import load_spec
from evals.campaigns.fresh import Play
from evals.diagnosis import loop
from evals.diagnosis.scene import KINDS, WATCHED_S, drawn_scene
from evals.witness import Witnessed
from tests.evals.witnessed import DOWN, OTHER, seen, told


def _record(
    arm: str, outcome: Witnessed | loop.Benched | loop.NoPlace, case: str = "net"
) -> loop.LoopRecord:
    play = Play(case=case, kind="link_down", arm=arm, seed=1)
    return loop.LoopRecord(
        campaign=loop.CAMPAIGN.name, play=play, commit="abc", cpu_s=1.0, outcome=outcome
    )


def _benched(*causes: NamedCause, felt: bool = True) -> loop.LoopRecord:
    return _record("bench", loop.Benched(felt=felt, causes=causes))


def _ours(*causes: NamedCause) -> loop.LoopRecord:
    incidents = (told(*causes, at_s=700.0, until_s=1500.0),)
    return _record("noctua", seen(incidents=incidents))


def test_loop_agrees_where_it_named_what_the_bench_names_or_where_neither_names_a_cause() -> None:
    for ours, bench, agreed in (
        (_ours(DOWN), _benched(DOWN), 1),
        (_ours(DOWN), _benched(OTHER), 0),
        (_ours(DOWN), _benched(), 0),
        (_ours(), _benched(), 1),
        (_ours(), _benched(DOWN), 0),
    ):
        text = loop.loop_markdown([ours, bench])
        assert f"says what the bench says: {agreed} of 1" in text
        assert ("net link_down 1: the bench says" in text) == (not agreed)


def test_what_nobody_felt_on_the_bench_is_not_asked_of_the_loop() -> None:
    text = loop.loop_markdown([_ours(DOWN), _benched(felt=False)])
    assert "says what the bench says: none to count" in text


def test_line_of_a_kind_has_the_minutes_of_every_arm_and_who_was_harmed() -> None:
    records = [
        _record("noctua", seen({"web": 20.0})),
        _record("noc", seen({"web": 30.0})),
        _record("nothing", seen({"web": 10.0, "voice": 40.0})),
        _record("nothing", loop.NoPlace(), case="small"),
    ]
    text = loop.loop_markdown(records)
    assert "| link_down | 1 | 0 | 0 of 0 | 1 | 20 | 30 | 50 |" in text
    assert "no place for them: 1." in text


def test_what_the_loop_plays_is_what_the_bench_records_with_hours_behind_it() -> None:
    for kind in ("link_down", "demand_surge"):
        short, long = (
            drawn_scene("sndlib/abilene", (kind,), 2, 5, lasts_s) for lasts_s in (WATCHED_S, 3600.0)
        )
        assert short is not None
        assert long is not None
        assert short.case.truth == long.case.truth
        assert short.onset_s == long.onset_s
        assert long.case.world.duration_s - short.case.world.duration_s == 3600.0 - WATCHED_S
    assert set(load_spec(loop.CAMPAIGN, None).kinds) <= set(KINDS)
