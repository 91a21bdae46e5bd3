"""The incident graph: from alarm to resolved, or escalated with cause and suspected location.

    acknowledge -> (wait for clean samples) -> supervisor <-> diagnoser, remediator, imaginer,
    simulator supervisor -> planner -> supervisor -> approval -> actuator -> (wait) -> verifier
    acknowledge -> (wait) -> foresee -> approval -> ... -> verifier -> settle -> resolve, of a risk
    verifier -> repair -> soak -> returner -> approval -> ... -> last_look -> resolve; or escalate,
    or merge with the incident that has the same cause

Every node is a thin adapter: it validates state into nouns, calls an agent or a tool, and dumps
what came of it. Nodes go on by `Command(goto=...)`; each target is checked to be a node when the
graph is built, because LangGraph ends a graph silently on an unknown one.
"""

from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from graphs import (
    closing,
    deliberation,
    diagnosing,
    execution,
    foreseen,
    merging,
    proposing,
    recovery,
    returning,
)
from graphs.desk import Desk
from graphs.nodes import require_nodes, step
from graphs.state import IncidentState

Node = Callable[[Desk, IncidentState], Command[str]]

NODES: dict[str, tuple[Node, tuple[str, ...]]] = {
    "acknowledge": (deliberation.acknowledge, ("wait",)),
    "foresee": (foreseen.foresee, ("wait", "approval", "settle")),
    "settle": (foreseen.settle, ("resolve",)),
    "supervisor": (
        deliberation.supervise,
        (
            "wait",
            "diagnoser",
            "remediator",
            "imaginer",
            "simulator",
            "planner",
            "approval",
            "repair",
            "escalate",
        ),
    ),
    "diagnoser": (diagnosing.diagnose, ("supervisor", "merge", "escalate")),
    "remediator": (proposing.propose, ("supervisor", "escalate")),
    "imaginer": (proposing.imagine, ("supervisor", "escalate")),
    "simulator": (proposing.simulate_trials, ("wait",)),
    "planner": (
        proposing.plan,
        ("supervisor", "planner", "remediator", "repair", "escalate"),
    ),
    "approval": (
        execution.await_approval,
        ("wait", "approval", "actuator", "planner", "repair", "escalate"),
    ),
    "actuator": (
        execution.actuate,
        ("wait", "verifier", "diagnoser", "planner", "returner", "repair", "escalate"),
    ),
    "verifier": (
        execution.verify,
        ("wait", "repair", "last_look", "planner", "returner", "escalate", "settle"),
    ),
    "repair": (
        recovery.await_repair,
        ("wait", "diagnoser", "soak", "returner", "remediator", "escalate"),
    ),
    "soak": (recovery.soak, ("wait", "repair", "returner", "last_look")),
    "returner": (returning.plan_return, ("wait", "approval", "last_look", "escalate")),
    "last_look": (closing.last_look, ("wait", "resolve", "escalate")),
    "merge": (merging.merge, (END,)),
    "resolve": (closing.resolve, (END,)),
    "escalate": (closing.escalate, (END,)),
    "wait": (
        execution.wait,
        (
            "supervisor",
            "foresee",
            "diagnoser",
            "planner",
            "approval",
            "verifier",
            "repair",
            "soak",
            "returner",
            "last_look",
            # What a look that was taken beside the graph leads to.
            "wait",
            "remediator",
            "approval",
            "settle",
            "resolve",
            "escalate",
        ),
    ),
}
"""Every node, and where it may go."""

POLLS = frozenset({"repair", "soak", "last_look", "returner", "foresee"})
"""Nodes that look again and again whether what they wait for has happened. While an incident waits
before one of them, that look is taken beside its graph (`look`), which takes a step only once there
is something new: nothing is written as long as nothing happens.
"""


def build_incident_graph(
    desk: Desk, checkpointer: BaseCheckpointSaver[Any]
) -> CompiledStateGraph[IncidentState, None, IncidentState, IncidentState]:
    """The graph over `desk`. One thread per incident."""
    require_nodes({name: targets for name, (_, targets) in NODES.items()})
    graph = StateGraph(IncidentState)
    for name, (node, targets) in NODES.items():
        graph.add_node(name, RunnableLambda(_bound(node, desk, targets)), destinations=targets)
    graph.add_edge(START, "acknowledge")
    return graph.compile(checkpointer=checkpointer)


def look(desk: Desk, state: IncidentState) -> Command[str]:
    """What the node of POLLS says now that the incident waits before.

    It runs as it does in the graph: what it decides stands in the journal, and then goes into the
    graph as what the wait is resumed with. A death of the process in between has it look again.
    """
    node, targets = NODES[state["wait_then"]]
    return _bound(node, desk, targets)(state)


def is_news(goto: object, update: Mapping[str, Any], state: IncidentState) -> bool:
    """Whether there is more to a look than to wait on, as `state` has it, and look again later."""
    told = {name: value for name, value in update.items() if name != "wait_until_s"}
    return goto != "wait" or not told.items() <= dict(state).items()


def _bound(
    node: Node, desk: Desk, targets: tuple[str, ...]
) -> Callable[[IncidentState], Command[str]]:
    def run(state: IncidentState) -> Command[str]:
        command = step(node, desk, targets, state)
        return foreseen.settled(command) if state.get("risk") else command

    return run
