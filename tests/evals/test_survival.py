"""Killed and timed out in earnest, in a small sample; and a judge that can find fault."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from evals.campaigns.campaign import load_spec
from evals.campaigns.records import read_records
from evals.campaigns.runner import run_campaign
from evals.stage import stage
from evals.survival.campaign import (
    CAMPAIGN,
    Row,
    SurvivalRecord,
    SurvivalReport,
    SurvivalSpec,
    choose,
    kills,
    replay_command,
    replayed,
    summarise,
    survival_markdown,
)
from evals.survival.evidence import Evidence, gather, network_file
from evals.survival.fault_injection import StruckNetwork, struck_stores
from evals.survival.judge import end_of, judge
from evals.survival.kill_points import Passage, Passing, Timeouts
from evals.survival.processes import OutageName, Play, Played, outages_of, play_apart
from evals.survival.scenes import SCENES, SceneName
from tools.journal.errors import JournalFailed
from tools.journal.records import Blocked, ChangeState, Claim
from tools.journal.signing_key import KEY_FILE
from tools.network.emulated.network_file import NetworkFile
from tools.network.protocol import CommitRecord, CommitState
from twin.errors import BadInput, NetworkError
from twin.nouns.incident import Phase

SAMPLE: tuple[tuple[SceneName, str, OutageName], ...] = (
    ("drained", "watch: after journal incidents+timeline", "short"),
    ("drained", "remediator: before dispatch", "long"),
    ("drained", "approval: after checkpoint to actuator", "short"),
    ("drained", "actuator: after journal approval_requests", "long"),
    ("drained", "actuator: after stage", "short"),
    ("drained", "actuator: before commit", "short"),
    ("drained", "actuator: after commit", "long"),
    ("drained", "actuator: after checkpoint to wait", "long"),
    ("drained", "verifier: before confirm", "short"),
    ("drained", "verifier: after confirm", "short"),
    ("drained", "resolve: before journal", "long"),
    ("severed", "watch: after poll", "long"),
    ("severed", "repair: before journal timeline", "short"),
    ("diverged", "verifier: before roll_back", "long"),
    ("diverged", "verifier: after roll_back", "short"),
)
"""The first place that begins so, of every kind of step on a device; and how long it is away."""


# A small sample of the campaign


def _sample_of_kills(_: SurvivalSpec, known: Mapping[Play, SurvivalRecord]) -> list[Play]:
    kills = []
    for number, (scene, begins, outage) in enumerate(SAMPLE):
        calm = known.get(Play(scene=scene, seed=1))
        if calm is not None and calm.outcome is not None:
            place = next(p for p in calm.outcome.places if p.startswith(begins))
            second = 100 if number % 3 == 0 else 0
            kills.append(Play(scene=scene, seed=1, place=place, outage=outage, second=second))
    return kills


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[SurvivalRecord]:
    path = tmp_path_factory.mktemp("survival") / "records.jsonl"
    small = replace(CAMPAIGN, later=_sample_of_kills)
    run_campaign(small, load_spec(CAMPAIGN, seeds=1, draws=1), path)
    return read_records(CAMPAIGN.name, CAMPAIGN.record, [path])


@pytest.fixture(scope="module")
def sample(records: list[SurvivalRecord]) -> list[Played]:
    assert [r.error for r in records if r.error] == []
    return [r.outcome for r in records if r.outcome is not None]


@pytest.mark.slow
def test_nothing_is_lost_or_done_twice_wherever_the_process_dies(sample: list[Played]) -> None:
    killed = [r for r in sample if r.play.place]
    assert len(killed) == len(SAMPLE)
    assert not any(r.missed for r in killed)
    assert all(r.kills == (2 if r.play.second else 1) for r in killed)
    assert all(r.starts == r.kills + 1 for r in killed)
    assert {r.play.place: r.violations for r in sample if r.violations} == {}


@pytest.mark.slow
def test_nothing_is_lost_or_done_twice_though_the_answers_of_what_was_done_got_lost(
    sample: list[Played],
) -> None:
    late = [r for r in sample if r.play.draw]
    assert [r.violations for r in late] == [()] * len(SCENES)
    assert all(r.struck > 50 for r in late)
    assert all(r.ends for r in late)


@pytest.mark.slow
def test_unharmed_incident_passes_every_node_and_is_resolved(sample: list[Played]) -> None:
    for result in sample:
        if result.play.faults == "none":
            # What passes beside the first fault is an incident of its own.
            assert 1 <= len(result.ends) <= SCENES[result.play.scene].causes
            assert set(result.ends) == {"resolved"}
            assert (result.violations, result.starts) == ((), 1)
            passed = {p.partition(":")[0] for p in result.places}
            assert passed >= {"acknowledge", "diagnoser", "actuator", "verifier", "soak", "resolve"}
            for call in ("stage", "diff", "commit", "confirm", "dispatch", "poll", "probe"):
                assert any(f" {call}" in p for p in result.places)
    diverged = next(r for r in sample if r.play.scene == "diverged" and r.play.faults == "none")
    assert any("roll_back" in p for p in diverged.places)


@pytest.mark.slow
def test_second_kill_comes_after_the_restart(records: list[SurvivalRecord]) -> None:
    report = summarise(records)
    twice = [r for r in records if r.play.second]
    assert sum(row.kills for row in report.rows) == len(SAMPLE) + len(twice)
    assert report.kept


# What happens at a place


def test_call_that_timed_out_was_made_all_the_same(tmp_path: Path) -> None:
    with closing(stage(SCENES["drained"].case, 1, tmp_path / "live.sqlite")) as inside:
        network = StruckNetwork(inside, Passage(Timeouts(1.0, "always")))
        device = inside.inventory().intended.device("NYCMng")
        with pytest.raises(NetworkError, match="stage NYCMng#1: the answer did not come"):
            network.stage("one", device)
        assert [r.state for r in inside.commit_log("NYCMng")] == [CommitState.STAGED]


def test_transaction_that_timed_out_stands_all_the_same(tmp_path: Path) -> None:
    strike = Timeouts(1.0, "always")
    with struck_stores(Passage(strike)).journal(
        tmp_path / "journal.sqlite", tmp_path / KEY_FILE
    ) as journal:
        with pytest.raises(JournalFailed, match="journal blocked#1: the answer did not come"):
            journal.block("network:live", "the disk is full", 0.0)
        assert [b.reason for b in journal.blocked()] == ["the disk is full"]
        assert strike.count == 1


def test_places_are_named_by_node_and_tables_and_counted(tmp_path: Path) -> None:
    strike = Passing()
    with struck_stores(Passage(strike)).journal(
        tmp_path / "journal.sqlite", tmp_path / KEY_FILE
    ) as journal:
        for _ in range(2):
            with journal.transaction():
                journal.append_audit(0.0, "erin", "look", "live-0001")
                journal.block("network:live", "why", 0.0)
    assert strike.places == [
        "watch: before journal audit+blocked#1",
        "watch: after journal audit+blocked#1",
        "watch: before journal audit+blocked#2",
        "watch: after journal audit+blocked#2",
    ]


# What is chosen, and what is said of it


def _calm(count: int) -> list[Played]:
    places = tuple(f"node{i}: before journal#1" for i in range(count))
    plays = [Play(scene="drained", seed=seed) for seed in (1, 2, 3, 4, 5)]
    return [
        Played(play=p, kills=0, starts=1, struck=0, ends=(), violations=(), places=places)
        for p in plays
    ]


def test_every_step_of_actuation_is_chosen_and_the_ends_of_every_other_kind() -> None:
    steps = [f"actuator: after commit X#{i}" for i in (1, 2, 3)]
    reads = [f"actuator: after running {n}#{i}" for i in (1, 2) for n in "ABC"]
    waits = [f"wait: before checkpoint to repair#{i}" for i in (1, 2, 3)]
    heartbeats = [f"watch: after journal watches#{i}" for i in (1, 2, 3)]
    nothing = [f"wait: after journal#{i}" for i in (1, 2, 3)]
    chosen = choose([*steps, *reads, *waits, *heartbeats, *nothing])
    by_the_wall = [heartbeats[0], nothing[0]]
    assert chosen == [*steps, reads[0], reads[-1], waits[0], waits[-1], *by_the_wall]
    assert choose([*steps, *waits], ("wait",)) == [waits[0], waits[-1]]


def test_realisations_together_are_killed_at_every_place() -> None:
    seeds = range(1, 6)
    plays = list(kills(_calm(100), seeds, 20, ("short", "long")))
    assert len(plays) == 20 * 5 * 2
    assert len({p.place for p in plays}) == 100
    assert sum(p.second > 0 for p in plays) == 7 * 5 * 2
    assert len(list(kills(_calm(100), seeds, None, ("long",)))) == 500


def _recorded(result: Played) -> SurvivalRecord:
    return SurvivalRecord(
        campaign="survival", play=result.play, commit="abc1234", cpu_s=1.0, outcome=result
    )


def test_kills_are_listed_for_the_realisations_that_were_played_without_a_fault() -> None:
    spec = load_spec(CAMPAIGN, cases=("drained",), seeds=5, points=20, arms=("short",))
    calm = {r.play: _recorded(r) for r in _calm(100)}
    assert set(CAMPAIGN.plays(spec)) == set(calm)
    every = CAMPAIGN.later(spec, calm)
    assert len(every) == 100
    del calm[Play(scene="drained", seed=2)]
    # A slice that has other realisations, or a part of a campaign, chooses the same places.
    assert CAMPAIGN.later(spec, calm) == [play for play in every if play.seed != 2]
    assert {CAMPAIGN.together(play) for play in every} == {"1", "2", "3", "4", "5"}


def test_timeouts_are_drawn_for_each_scene_and_realisation() -> None:
    spec = load_spec(CAMPAIGN, seeds=2, draws=3, arms=("timeouts",))
    plays = CAMPAIGN.plays(spec)
    assert sum(play.draw > 0 for play in plays) == 3 * 2 * 3
    calm = {r.play: _recorded(r) for r in _calm(100)}
    assert CAMPAIGN.later(spec, calm) == []


def test_replay_command_names_the_play() -> None:
    play = Play(scene="drained", seed=3, place="wait: after poll#7", outage="long", second=12)
    assert replayed(replay_command(play).split("'")[1]) == play
    timed_out = Play(scene="diverged", seed=2, draw=4)
    assert replayed(replay_command(timed_out).split("'")[1]) == timed_out
    with pytest.raises(BadInput, match="give what the campaign printed"):
        replayed("scene=elsewhere seed=1")


def test_outages_are_named() -> None:
    assert outages_of("long") == ("long",)
    assert outages_of("long,short") == ("short", "long")
    with pytest.raises(BadInput, match='no outage "medium"'):
        outages_of("short,medium")


def _row(violated: int) -> Row:
    return Row(
        scene="drained",
        faults="kill, long outage",
        plays=300,
        places=300,
        kills=400,
        timeouts=0,
        starts=700,
        ends={"escalated": 1, "resolved": 299},
        missed=0,
        violated=violated,
    )


def _report(row: Row, **found: object) -> SurvivalReport:
    fields: dict[str, object] = {"violated": (), "missed": (), "raised": (), "code": "code abc"}
    return SurvivalReport.model_validate({"seeds": 5, "rows": (row,), **fields, **found})


def test_play_that_raised_is_one_in_which_a_promise_was_not_kept() -> None:
    raised = SurvivalRecord(
        campaign="survival",
        play=Play(scene="drained", seed=3, place="wait: after poll#7"),
        commit="abc1234",
        cpu_s=None,
        error="the worker process died",
    )
    report = summarise([raised, *(_recorded(r) for r in _calm(1))])
    assert not report.kept
    assert [(row.faults, row.plays, row.violated) for row in report.rows] == [
        ("none", 5, 0),
        ("kill, short outage", 1, 1),
    ]
    text = survival_markdown(report)
    assert "kill -9: 1 of 1 plays violated a promise" in text
    assert "raised the worker process died: noctua survival --replay 'scene=drained" in text
    assert text.endswith("Played by code abc1234.")


def test_figure_of_none_has_its_bound_and_one_of_some_has_not() -> None:
    clean = _report(_row(0))
    assert clean.kept
    assert "0 of 300 plays violated a promise; 95 % bound 1.00% (3/300)" in survival_markdown(clean)
    found = Played.model_validate(
        {
            "play": Play(scene="drained", seed=1, place="wait: after poll#7"),
            "kills": 1,
            "starts": 2,
            "struck": 0,
            "ends": (),
            "violations": [{"rule": "lost", "text": "no incident was ever opened"}],
        }
    )
    broken = _report(_row(1), violated=(found,), missed=(found.play,))
    assert not broken.kept
    text = survival_markdown(broken)
    # Clopper and Pearson: the upper end solves (1 - p)^300 + 300 p (1 - p)^299 = 0.025.
    assert "1 of 300 plays violated a promise; 95 % interval 0.01% to 1.84%." in text
    assert "bound" not in text
    assert "lost: no incident was ever opened" in text
    assert text.count("--replay 'scene=drained seed=1 place=wait: after poll#7'") == 2


# A judge that can find fault


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one unharmed play has left."""
    folder = tmp_path_factory.mktemp("ended")
    play_apart(folder, Play(scene="drained", seed=1))
    return folder


@pytest.fixture(scope="module")
def evidence(ended: Path) -> Evidence:
    return gather(ended)


def _rules(found: Evidence) -> set[str]:
    return {v.rule for v in judge(found, 1)}


def _text(found: Evidence) -> str:
    return "\n".join(v.text for v in judge(found, 1))


@pytest.mark.slow
def test_unharmed_play_has_no_violation(evidence: Evidence) -> None:
    assert judge(evidence, 1) == ()
    assert len([r for r in evidence.log if r.state is CommitState.COMMITTED]) == 4


@pytest.mark.slow
def test_second_commit_in_the_networks_own_file_is_found(ended: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    copytree(ended, folder)
    with closing(NetworkFile(network_file(folder), create=False)) as file:
        node = next(c.node for c in file.changes())
        again = next(r for r in file.commit_log(node) if r.state is CommitState.COMMITTED)
        with file.durably():
            file.log(again.model_copy(update={"time_s": again.time_s + 900.0}))
    found = gather(folder)
    assert "twice" in _rules(found)
    assert f"{node}: change {again.change_id} was staged, committed, confirmed, committed" in _text(
        found
    )


@pytest.mark.slow
def test_same_step_under_another_id_is_found(evidence: Evidence) -> None:
    done = next(c for c in evidence.staged if c.state is CommitState.CONFIRMED)
    again = replace(done, change_id="other@X", previous=done.candidate)
    life = [
        CommitRecord(node=done.node, change_id="other@X", state=state, time_s=0.0)
        for state in (CommitState.STAGED, CommitState.COMMITTED, CommitState.CONFIRMED)
    ]
    found = replace(evidence, staged=(again, *evidence.staged), log=(*life, *evidence.log))
    text = _text(found)
    assert "change other@X has no intent in the journal" in text
    assert "change other@X changes nothing: it was in force" in text


@pytest.mark.slow
def test_second_change_for_one_step_of_a_plan_is_found(evidence: Evidence) -> None:
    """As if a restart had made a new attempt under the old approval."""
    change = evidence.changes[0]
    ours = [r for r in evidence.log if r.change_id == change.change_id]
    again = change.model_copy(update={"change_id": "again@X"})
    life = tuple(r.model_copy(update={"change_id": "again@X"}) for r in ours)
    found = replace(evidence, changes=(*evidence.changes, again), log=(*evidence.log, *life))
    assert f"the step of {change.plan_id} was committed as again@X, {change.change_id}" in _text(
        found
    )


@pytest.mark.slow
def test_commit_without_an_approval_before_it_is_found(evidence: Evidence) -> None:
    assert "without an approval" in _text(replace(evidence, requests=()))
    late = []
    for request in evidence.requests:
        assert request.approval is not None
        after = request.approval.model_copy(update={"decided_s": request.expires_s + 1e6})
        late.append(request.model_copy(update={"approval": after}))
    assert "without an approval" in _text(replace(evidence, requests=tuple(late)))


@pytest.mark.slow
def test_lost_incident_is_found_and_a_blocked_or_waiting_one_is_not(evidence: Evidence) -> None:
    (record,) = evidence.incidents
    name = record.incident.id
    open_still = record.model_copy(update={"phase": Phase.AWAITING_REPAIR})
    found = replace(evidence, incidents=(open_still,))
    assert end_of(found, name) == "lost"
    assert "stands in awaiting_repair and nothing moves it" in _text(found)
    why = Blocked(subject=f"incident:{name}", reason="the disk is full", since_s=0.0)
    assert end_of(replace(found, blocked=(why,)), name) == "blocked"
    assert judge(replace(found, blocked=(why,)), 1) == ()
    speechless = why.model_copy(update={"reason": ""})
    assert end_of(replace(found, blocked=(speechless,)), name) == "lost"
    elsewhere = why.model_copy(update={"subject": "network:other"})
    assert end_of(replace(found, blocked=(elsewhere,)), name) == "lost"
    asked = record.model_copy(update={"phase": Phase.AWAITING_APPROVAL})
    assert end_of(replace(evidence, incidents=(asked,)), name) == "lost", "all were answered"
    waiting = tuple(r.model_copy(update={"state": "waiting"}) for r in evidence.requests)
    assert end_of(replace(evidence, incidents=(asked,), requests=waiting), name) == "waiting"


@pytest.mark.slow
def test_cause_without_an_incident_or_with_two_is_found(evidence: Evidence) -> None:
    assert "no incident was ever opened" in _text(replace(evidence, incidents=()))
    (record,) = evidence.incidents
    found = replace(evidence, incidents=(record, record))
    assert "2 incidents for 1 causes" in _text(found)
    assert all("causes" not in v.text for v in judge(found, 2))


@pytest.mark.slow
def test_broken_audit_chain_is_found(evidence: Evidence) -> None:
    broken = evidence.audit.model_copy(update={"first_broken": 7, "why": "its hash is another"})
    assert _rules(replace(evidence, audit=broken)) == {"audit"}


@pytest.mark.slow
@pytest.mark.parametrize("state", [CommitState.STAGED, CommitState.COMMITTED])
def test_change_that_is_left_between_is_found(evidence: Evidence, state: CommitState) -> None:
    left = replace(evidence.staged[-1], state=state)
    found = replace(evidence, staged=(*evidence.staged[:-1], left))
    assert f"change {left.change_id} is left {state}" in _text(found)


@pytest.mark.slow
def test_device_that_runs_something_else_is_found(evidence: Evidence) -> None:
    change = evidence.changes[0]
    found = replace(evidence, running=evidence.running | {change.node: change.candidate})
    assert _rules(found) == {"state"}
    text = _text(found)
    assert f"{change.node} runs neither what it ran before nor what was confirmed last" in text
    assert f"is resolved, and {change.plan_id} is still in force" in text


@pytest.mark.slow
def test_journal_that_says_otherwise_than_the_device_is_found(evidence: Evidence) -> None:
    change = evidence.changes[-1]
    for state in (ChangeState.ROLLED_BACK, ChangeState.UNKNOWN, ChangeState.COMMITTED):
        wrong = change.model_copy(update={"state": state})
        found = replace(evidence, changes=(*evidence.changes[:-1], wrong))
        assert f"the journal says {state}, the device's log confirmed" in _text(found)


@pytest.mark.slow
def test_plan_on_half_of_its_devices_is_found_unless_a_person_was_told(evidence: Evidence) -> None:
    change = evidence.changes[0]
    back = change.model_copy(update={"state": ChangeState.ROLLED_BACK})
    found = replace(evidence, changes=(back, *evidence.changes[1:]))
    assert f"{change.plan_id} is on some of its devices only" in _text(found)
    held = change.model_copy(update={"state": ChangeState.QUARANTINED})
    found = replace(evidence, changes=(held, *evidence.changes[1:]))
    assert f"{change.node}: in quarantine, and nobody was told" in _text(found)


@pytest.mark.slow
def test_change_that_the_journal_leaves_open_is_found(evidence: Evidence) -> None:
    change = evidence.changes[0]
    meant = change.model_copy(update={"state": ChangeState.INTENT, "change_id": "meant@X"})
    found = replace(evidence, changes=(*evidence.changes, meant))
    assert f"{change.node}: the journal leaves meant@X intent" in _text(found)


@pytest.mark.slow
def test_device_that_stays_claimed_is_found(evidence: Evidence) -> None:
    change = evidence.changes[0]
    claim = Claim(
        network="live",
        node=change.node,
        incident_id=change.incident_id,
        plan_id=change.plan_id,
        since_s=0.0,
    )
    assert _rules(replace(evidence, claims=(claim,))) == {"claims"}


def _bent_spans(evidence: Evidence) -> Iterator[tuple[str, Evidence]]:
    ((trace_id, spans),) = evidence.spans.items()
    at = next(i for i, s in enumerate(spans) if s.name.startswith("invoke_workflow"))
    orphan = [*spans[:at], replace(spans[at], parent_id="0000000000000001"), *spans[at + 1 :]]
    yield "hangs under 0000000000000001", replace(evidence, spans={trace_id: orphan})
    moved = [replace(spans[0], trace_id="1" * 32), *spans[1:]]
    yield "is in the file of another trace", replace(evidence, spans={trace_id: moved})
    yield "has no trace", replace(evidence, spans={})
    other = evidence.spans | {"2" * 32: spans}
    yield "is of no incident", replace(evidence, spans=other)


@pytest.mark.slow
def test_span_outside_its_incidents_trace_is_found(evidence: Evidence) -> None:
    for text, found in _bent_spans(evidence):
        assert _rules(found) == {"trace"}
        assert text in _text(found)


@pytest.mark.slow
def test_process_that_ended_by_itself_is_found(evidence: Evidence) -> None:
    assert _rules(replace(evidence, crashes=("process 1 ended with 256",))) == {"crash"}
