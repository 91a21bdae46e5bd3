"""The graph goes nowhere that it does not declare."""

from pathlib import Path

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END
from langgraph.types import Command

from agents.roles.supervisor import LEGAL
from graphs import incident
from graphs.desk import Desk
from graphs.state import IncidentState
from tests.graphs.stagehand import case, operating


def test_every_declared_target_is_a_node() -> None:
    for name, (_, targets) in incident.NODES.items():
        assert set(targets) <= incident.NODES.keys() | {END}, name


def test_every_node_is_reached_and_both_ends_are_ends() -> None:
    reached, ahead = {"acknowledge"}, ["acknowledge"]
    while ahead:
        for target in incident.NODES[ahead.pop()][1]:
            if target != END and target not in reached:
                reached.add(target)
                ahead.append(target)
    assert reached == incident.NODES.keys()
    assert {n for n, (_, targets) in incident.NODES.items() if END in targets} == {
        "resolve",
        "merge",
        "escalate",
    }


def test_only_an_approval_leads_to_the_actuator() -> None:
    leads = [n for n, (_, targets) in incident.NODES.items() if "actuator" in targets]
    assert leads == ["approval"]


def test_whatever_the_supervisor_may_choose_is_declared() -> None:
    chosen = {target for targets in LEGAL.values() for target in targets}
    assert chosen <= set(incident.NODES["supervisor"][1])


def test_target_that_is_no_node_is_refused_when_the_graph_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, _ = incident.NODES["acknowledge"]
    monkeypatch.setitem(incident.NODES, "acknowledge", (node, ("wait", "nowhere")))
    with (
        pytest.raises(ValueError, match=r"acknowledge goes to \['nowhere'\], which are not nodes"),
        operating(tmp_path, case()),
    ):
        pass


def test_goto_that_was_not_declared_raises_instead_of_ending_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wanders(_: Desk, state: IncidentState) -> Command[str]:
        return Command(goto="actuator")

    monkeypatch.setitem(incident.NODES, "acknowledge", (wanders, ("wait",)))
    with operating(tmp_path, case()) as operation:
        graph = incident.build_incident_graph(operation.workplace.desk, InMemorySaver())
        with pytest.raises(ValueError, match="wanders goes to 'actuator', which it does not"):
            graph.invoke({"incident_id": "live-0001"}, {"configurable": {"thread_id": "1"}})


def test_no_node_is_retried_by_the_graph(tmp_path: Path) -> None:
    """What was done to a device is looked up; it is never repeated because an exception passed."""
    with operating(tmp_path, case()) as operation:
        graph = incident.build_incident_graph(operation.workplace.desk, InMemorySaver())
        assert not graph.retry_policy
        assert graph.nodes.keys() >= incident.NODES.keys()
        assert not any(graph.nodes[name].retry_policy for name in incident.NODES)
