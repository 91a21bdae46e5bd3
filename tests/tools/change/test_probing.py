"""Before a change is kept, something must arrive at its devices from elsewhere.

A is joined to B and C, B to C, and C to D.
"""

import numpy as np
import pytest

from tests.tools.change.conftest import Bench
from tests.tools.change.in_memory import Trouble, inventory
from tools.change.device_calls import ATTEMPTS
from tools.change.probing import PROBED_CLASS, arrived, choose_probes
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.inventory import ProbePath
from twin.nouns.plan import Plan
from twin.nouns.state import state_hash
from twin.nouns.telemetry import ProbeRound

FOUR = inventory().topology


def _pairs(paths: tuple[ProbePath, ...]) -> list[str]:
    return [path.source + path.target for path in paths]


@pytest.mark.parametrize(
    ("nodes", "unusable", "pairs", "cut_off"),
    [
        ("A", (), ["BA", "CA"], ()),
        # D comes in over C, as A does; B comes in by itself.
        ("C", (), ["AC", "BC"], ()),
        ("C", ("B-C",), ["AC", "DC"], ()),
        # Who is not changed tells more; both ways in lead over C.
        ("D", (), ["AD", "BD"], ()),
        ("AB", (), ["CA", "BA", "CB", "AB"], ()),
        ("A", ("A-B",), ["BA", "CA"], ()),
        ("AD", ("C-D",), ["BA", "CA"], ("D",)),
        ("D", ("C-D",), [], ("D",)),
        ("C", ("A-C", "B-C"), ["DC"], ()),
    ],
)
def test_each_device_is_probed_from_two_others_that_reach_it(
    nodes: str, unusable: tuple[str, ...], pairs: list[str], cut_off: tuple[str, ...]
) -> None:
    probes = choose_probes(FOUR, unusable, tuple(nodes))
    assert (_pairs(probes.paths), probes.cut_off) == (pairs, cut_off)


def test_one_packet_is_enough_and_silence_is_not() -> None:
    paths = [ProbePath(source=s, target="A", traffic_class=PROBED_CLASS) for s in "BCD"]
    sent, lost = np.array([10.0, 10.0, np.nan]), np.array([9.0, 10.0, np.nan])
    found = ProbeRound(0.0, tuple(paths), sent, lost, np.full(3, np.nan))
    assert arrived(paths, found) == {paths[0]}


def test_kept_change_was_probed_once(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    assert bench.network.devices_called("probe") == []
    assert bench.actuator.confirm(drain, ()).state == "confirmed"
    assert bench.network.devices_called("probe") == ["A", "A", "B", "B"]
    (line,) = [x for x in bench.journal.audit_lines() if x.action == "probe"]
    assert line.data == {"sent": "C to A, B to A, C to B, A to B", "lost": "", "cut_off": ""}


def test_change_that_leads_into_a_hole_is_taken_back(bench: Bench, drain: Plan) -> None:
    """With A-B drained, A is reached over A-C only."""
    bench.network.dropping.add(("C", "A-C"))
    bench.actuator.commit(drain, ())
    done = bench.actuator.confirm(drain, ())
    assert done.state == "rolled_back"
    assert done.reason == "nothing arrives from C to A, B to A, so it is not confirmed"
    assert bench.network.devices_called("confirm") == []
    assert bench.network.configuration() == bench.network.inventory().intended


def test_hole_on_one_way_to_a_device_that_others_reach_is_not_held_against_the_change(
    bench: Bench,
) -> None:
    """B sends A what never arrives; C reaches A."""
    plan = bench.approve(bench.plan(SetIgpWeight(node="A", link="A-B", weight=100)))
    bench.network.dropping.add(("B", "A-B"))
    bench.actuator.commit(plan, ())
    assert bench.actuator.confirm(plan, ()).state == "confirmed"
    (line,) = [x for x in bench.journal.audit_lines() if x.action == "probe"]
    assert line.data == {"sent": "B to A, C to A", "lost": "B to A", "cut_off": ""}


def test_network_that_does_not_probe_keeps_nothing(bench: Bench, drain: Plan) -> None:
    bench.actuator.commit(drain, ())
    bench.network.troubles.append(Trouble("probe", "A", times=ATTEMPTS))
    assert bench.actuator.confirm(drain, ()).state == "rolled_back"


@pytest.mark.parametrize("lost_reply", [False, True])
def test_probe_that_is_not_answered_once_is_sent_again(
    bench: Bench, drain: Plan, lost_reply: bool
) -> None:
    bench.actuator.commit(drain, ())
    bench.network.troubles.append(Trouble("probe", "B", lost_reply, times=ATTEMPTS - 1))
    assert bench.actuator.confirm(drain, ()).state == "confirmed"


def test_device_that_the_fault_has_cut_off_is_not_held_against_the_change(bench: Bench) -> None:
    """C-D is cut, and the plan drains it at both ends: nothing could arrive at D."""
    bench.network.down.add("C-D")
    made = bench.plan(DrainLink(link="C-D"))
    now = state_hash(bench.network.configuration(), ("C-D",))
    plan = bench.approve(made.model_copy(update={"state_hash": now}))
    bench.actuator.commit(plan, ("C-D",))
    assert bench.actuator.confirm(plan, ("C-D",)).state == "confirmed"
    (line,) = [x for x in bench.journal.audit_lines() if x.action == "probe"]
    assert line.data == {"sent": "A to C, B to C", "lost": "", "cut_off": "D"}
