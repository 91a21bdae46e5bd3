"""A mind calls what it likes, with whatever arguments, and is then lost: the playbook that takes
over finds the right cause all the same.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from agents.loop.budget import Budget, Limits
from agents.loop.role import Mind, run_role
from agents.playbook.policies import playbook
from agents.playbook.scripted import ScriptedModel, ScriptedReply
from agents.playbook.view import ToolChoice
from agents.roles.diagnoser import Diagnoser
from agents.roles.situation import Situation
from tests.agents.bench import incident_of, set_weight, situation_of
from tests.twin.tracking.square import (
    START_S,
    Counters,
    adjacency,
    inventory,
    loads_of,
    probes,
    topology,
)
from tools.clock import SystemClock
from tools.network.emulated import EmulatedNetwork
from twin.events.fault import Fault
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.telemetry import ConfigurationEvent
from twin.nouns.topology import Interface
from twin.nouns.untrusted import UntrustedText
from twin.physics.questions import offered_totals

NODES = ("A", "B", "C", "D", "E")
ENDS = (("A", "B"), ("B", "C"), ("C", "D"), ("A", "D"), ("A", "E"), ("C", "E"))
LINKS = tuple(f"{a}-{b}" for a, b in ENDS)
DEMANDS = (("A", "B", 3e9), ("A", "D", 2e9), ("C", "D", 2e9), ("B", "C", 1e9), ("A", "E", 1e9))

TRUTHS: dict[str, Fault] = {
    "fiber cut": FiberCut(duct="duct-1", links=("A-B", "A-D")),
    "wrong weight": IgpWeightMisconfig(node="A", link="A-B", weight=60),
    "silent loss": SilentEgressPacketLoss(node="A", link="A-B", fraction=0.05),
}
FEW, TRANSCRIPTS = 60, 1000
"""Over all truths: where seconds count, and where they do not."""


@pytest.fixture(scope="module", params=list(TRUTHS.values()), ids=list(TRUTHS))
def struck(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Situation, Fault]]:
    """A network on which that fault struck, as counters and events show it."""
    situation = _strike(tmp_path_factory.mktemp("struck"), request.param)
    yield situation, request.param
    assert isinstance(situation.network, EmulatedNetwork)
    situation.network.close()


def _strike(folder: Path, fault: Fault) -> Situation:
    known = inventory(topology(ENDS, {"duct-1": ("A-B", "A-D")}, NODES), demands=DEMANDS)
    situation = situation_of(folder, known)
    tracker, counters = situation.tracker, Counters(known.topology)
    tracker.ingest(counters.read())
    for _ in range(2):
        tracker.ingest(counters.after(loads_of(known)))
    state = fault.after(situation.twin.state())
    for link in sorted(state.down_links):
        ends = link.split("-")
        tracker.ingest([adjacency(counters.now_s, end, link, up=False) for end in ends])
    if isinstance(fault, IgpWeightMisconfig):
        set_weight(situation, fault.node, fault.link, fault.weight)
        tracker.ingest([_commit_on(fault.node)])
    lost = {known.topology.arc_of(e): f for e, f in state.egress_loss.items()}
    on_the_way = state.egress_loss.get(Interface(node="A", link="A-B"), 0.0)
    for _ in range(6):
        tracker.ingest(counters.after(offered_totals(situation.twin, state), lost=lost))
        tracker.ingest([probes(known, counters.now_s, lost=on_the_way)])
    return situation


def _commit_on(node: str) -> ConfigurationEvent:
    return ConfigurationEvent(
        received_s=START_S + 60,
        time_s=START_S + 60,
        node=node,
        change_id=UntrustedText("manual"),
        user=UntrustedText("admin"),
    )


# What a mind may babble

NAMES = st.sampled_from([*NODES, *LINKS, "duct-1", "GHOST", ""])
FAULTS = st.one_of(
    st.builds(
        lambda links: {"kind": "fiber_cut", "duct": "", "links": links},
        st.lists(st.sampled_from(LINKS), max_size=3),
    ),
    st.builds(lambda link: {"kind": "link_down", "link": link}, st.sampled_from(LINKS)),
    st.builds(
        lambda link, end, weight: {
            "kind": "igp_weight_misconfig",
            "node": link.split("-")[end],
            "link": link,
            "weight": weight,
        },
        st.sampled_from(LINKS),
        st.integers(0, 1),
        st.sampled_from([0, 1, 5, 10, 59, 60, 61, 60_000]),
    ),
    st.builds(
        lambda target, factor: {"kind": "traffic_spike", "target": target, "factor": factor},
        st.sampled_from(NODES),
        st.sampled_from([0.5, 1.0, 1.5, 4.0, 100.0]),
    ),
    st.builds(
        lambda link, end, fraction: {
            "kind": "silent_egress_packet_loss",
            "node": link.split("-")[end],
            "link": link,
            "fraction": fraction,
        },
        st.sampled_from(LINKS),
        st.integers(0, 1),
        st.sampled_from([0.0, 0.01, 0.05, 0.5, 1.0]),
    ),
)
REFUTERS = st.fixed_dictionaries(
    {
        "observable": st.sampled_from(
            ["adjacency_down", "traffic_surge", "weight_change", "silent_loss", "queue_drops"]
        ),
        "resource": st.sampled_from([*NODES, *LINKS, "A|A-B", "C|B-C"]),
        "seen": st.booleans(),
    }
)
CAUSES = st.sampled_from(
    [
        "fiber_cut@A-B+A-D",
        "igp_weight_misconfig@A|A-B",
        "silent_egress_packet_loss@A|A-B",
        *(f"link_down@{link}" for link in LINKS),
        *(f"traffic_spike@{node}" for node in NODES),
        "magic@A",
    ]
)
READ = st.builds(lambda n: ToolChoice("read_configuration", {"node": n}), NAMES)
PROPOSE = st.just(ToolChoice("propose_causes", {}))
TEST = st.builds(
    lambda sets: ToolChoice("test_causes", {"sets": sets}),
    st.lists(st.lists(CAUSES, max_size=3), max_size=4),
)
ADD = st.builds(
    lambda fault, refuters: ToolChoice(
        "add_cause", {"fault": fault, "refuted_by": refuters, "why": "I feel it"}
    ),
    FAULTS,
    st.lists(REFUTERS, max_size=2),
)
NONSENSE: st.SearchStrategy[ScriptedReply] = st.sampled_from(
    [
        "It was the cleaner.",
        ToolChoice("commit", {"device": "A"}),
        ToolChoice("answer", {"verdict": "found", "ranking": ["magic@A"]}),
        ToolChoice("propose_causes", {"force": True}),
        AIMessage(content=""),
    ]
)
PLAUSIBLE = READ | PROPOSE | PROPOSE | TEST | TEST | ADD
REPLIES = st.lists(
    st.one_of(st.lists(PLAUSIBLE, min_size=1, max_size=3), PLAUSIBLE, NONSENSE), max_size=8
)


def _over_all_truths(transcripts: int) -> settings:
    """So many transcripts, shared among the truths, and the same ones each time."""
    share = -(-transcripts // len(TRUTHS))
    return settings(max_examples=share, deadline=None, derandomize=True, database=None)


@pytest.mark.slow
@_over_all_truths(FEW)
@given(replies=REPLIES)
def test_playbook_that_takes_over_from_garbage_names_the_right_cause(
    struck: tuple[Situation, Fault], replies: list[ScriptedReply]
) -> None:
    _assert_taken_over(struck, replies)


@pytest.mark.slow
@_over_all_truths(TRANSCRIPTS)
@given(replies=REPLIES)
def test_playbook_takes_over_from_a_thousand_transcripts_of_garbage(
    struck: tuple[Situation, Fault], replies: list[ScriptedReply]
) -> None:
    _assert_taken_over(struck, replies)


def _assert_taken_over(struck: tuple[Situation, Fault], replies: list[ScriptedReply]) -> None:
    situation, truth = struck
    garbage = Mind("acme:garbage", ScriptedModel([*replies, ConnectionError("gone")]), foreign=True)
    work = Diagnoser(situation, incident_of(situation))
    minds = (garbage, Mind("playbook", playbook(), foreign=False))
    budget = Budget(Limits(calls=1000, tokens=10**9, steps_per_role=50))
    run = run_role(work.role(), work.task(), minds, budget, SystemClock())
    assert run.finished_by == "playbook"
    _assert_right(work.diagnosis(run.answer, run.finished_by), truth)


def _assert_right(diagnosis: Diagnosis, truth: Fault) -> None:
    """As without the garbage: the evidence is the same, and it is enough."""
    assert diagnosis.verdict == "found"
    assert _is_the_same(diagnosis.hypotheses[0].faults, truth)


def _is_the_same(faults: tuple[Fault, ...], truth: Fault) -> bool:
    """Whether `faults` are the truth: links that are down have no other name than theirs."""
    if isinstance(truth, FiberCut):
        return {r for fault in faults for r in fault.resources} == set(truth.links)
    kinds: list[Any] = [(fault.kind, fault.resources) for fault in faults]
    return kinds == [(truth.kind, truth.resources)]
