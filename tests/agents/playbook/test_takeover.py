"""The playbook takes over where another mind was lost, whatever that one had called by then."""

from typing import Any

from agents.loop.reply import ANSWER
from agents.loop.transcript import CallRecord, plain
from agents.playbook.policies import diagnoser, imaginer
from agents.playbook.view import CallSeen, ToolChoice, TranscriptView
from agents.roles.diagnoser import (
    AddedCause,
    DiagnoserTask,
    ProposedCause,
    ProposedCauses,
    TestCauses,
    TestedCause,
    TestedCauses,
)
from agents.roles.imaginer import ImaginerTask, RemedyName, Under


def _tested(cause: str, odds: float, *unexplained: str) -> TestedCause:
    return TestedCause(id=cause, log_posterior=odds, unexplained=unexplained)


def _read(node: str) -> CallRecord:
    return CallRecord(name="read_configuration", arguments={"node": node}, result={"node": node})


def _proposed(*tested: TestedCause) -> CallRecord:
    causes = tuple(ProposedCause(**dict(t), reason="") for t in tested)
    found = ProposedCauses(causes=causes, more=0)
    return CallRecord(name="propose_causes", arguments={}, result=plain(found))


def _joined(*tested: TestedCause) -> CallRecord:
    asked = plain(TestCauses(sets=tuple(tuple(t.id.split(" & ")) for t in tested)))
    return CallRecord(
        name="test_causes", arguments=asked, result=plain(TestedCauses(tested=tested))
    )


def _added(tested: TestedCause) -> CallRecord:
    found = AddedCause(**dict(tested), proposed_already=False, refuted_by=())
    return CallRecord(name="add_cause", arguments={"fault": {}}, result=plain(found))


def _diagnoser(*calls: CallRecord, commits: tuple[str, ...] = ()) -> ToolChoice:
    seen = tuple(CallSeen(c.name, dict(c.arguments), c.result, c.error) for c in calls)
    task = DiagnoserTask(
        symptoms=(), more_symptoms=0, devices_with_commits=commits, log_findings=()
    )
    return diagnoser(TranscriptView("diagnoser", plain(task), seen, {}))


def _said(choice: ToolChoice) -> dict[str, Any]:
    assert choice.tool == ANSWER
    assert isinstance(choice.arguments, dict)
    return choice.arguments


def test_causes_that_were_proposed_before_a_configuration_was_read_are_proposed_again() -> None:
    early = _proposed(_tested("traffic_spike@B", 20.0))
    assert _diagnoser(early, commits=("A",)) == ToolChoice("read_configuration", {"node": "A"})
    assert _diagnoser(early, _read("A"), commits=("A",)) == ToolChoice("propose_causes", {})
    late = _proposed(_tested("igp_weight_misconfig@A", 40.0), _tested("traffic_spike@B", 20.0))
    said = _said(_diagnoser(early, _read("A"), late, commits=("A",)))
    assert said["ranking"][0] == "igp_weight_misconfig@A"


def test_cause_that_another_mind_added_is_ranked_by_its_numbers() -> None:
    proposed = _proposed(_tested("traffic_spike@B", 20.0))
    said = _said(_diagnoser(proposed, _added(_tested("link_down@L", 40.0))))
    assert said["ranking"] == ["link_down@L", "traffic_spike@B"]
    worse = _said(_diagnoser(proposed, _added(_tested("link_down@L", -9.0))))
    assert worse["ranking"][0] == "traffic_spike@B"


def test_set_that_another_mind_tested_is_ranked_and_not_tested_again() -> None:
    proposed = _proposed(_tested("link_down@A", 40.0, "probe_loss:X"), _tested("link_down@B", 9.0))
    joint = _joined(_tested("link_down@A & link_down@B", 60.0))
    assert _said(_diagnoser(proposed))["ranking"][0] == "link_down@A"
    assert _said(_diagnoser(proposed, joint))["ranking"][0] == "link_down@A & link_down@B"


def test_what_was_tested_before_a_configuration_was_read_is_tested_again() -> None:
    single = _tested("link_down@A", 40.0), _tested("link_down@B", 39.5)
    before = (_proposed(*single), _joined(_tested("link_down@A & link_down@B", 60.0)))
    choice = _diagnoser(*before, _read("C"), _proposed(*single))
    assert choice == ToolChoice("test_causes", {"sets": [["link_down@A", "link_down@B"]]})


def test_what_can_no_longer_be_tested_is_left_out() -> None:
    before = (_proposed(_tested("link_down@A", 9.0)), _joined(_tested("link_down@A", 9.0)))
    said = _said(_diagnoser(*before, _read("C"), _proposed(_tested("link_down@B", 40.0))))
    assert said["ranking"] == ["link_down@B"]


def test_call_that_failed_says_nothing() -> None:
    failed = CallRecord(name="propose_causes", arguments={}, error="NetworkError: gone")
    assert _diagnoser(failed) == ToolChoice("propose_causes", {})


def test_imaginer_asks_about_the_first_remedy_though_another_was_asked_about() -> None:
    other = CallSeen("list_exposures_under", {"remedy": "R2"}, {"exposures": []}, None)
    remedies = tuple(RemedyName(id=name, actions=("drain",)) for name in ("R1", "R2"))
    task = ImaginerTask(surge_factor=1.5, exposures=(), links_down=(), remedies=remedies)
    choice = imaginer(TranscriptView("imaginer", plain(task), (other,), {}))
    assert choice == ToolChoice("list_exposures_under", Under(remedy="R1"))
