"""What fails next, worked out by hand on a square."""

from typing import Any

import pytest

from agents.roles.imaginer import (
    ExposureRow,
    ExposuresResult,
    Imagination,
    ImaginedScenario,
    Imaginer,
    Under,
)
from agents.roles.situation import Situation
from tests.agents.conftest import Place
from tests.twin.tracking.square import inventory, topology
from twin.errors import Ungrounded
from twin.events.actions.drain_link import DrainLink
from twin.knowledge.facts import Relation, Thing
from twin.knowledge.service_impact import Suspect
from twin.nouns.plan import Remedy
from twin.remedies.exposures import exposures
from twin.remedies.foreseen import foreseen_next

DUCTS = {"duct-1": ("A-B", "A-D")}


@pytest.fixture
def situation(place: Place) -> Situation:
    """A sends B 8 and D 3 Gbit/s."""
    known = inventory(topology(ducts=DUCTS), demands=(("A", "B", 8e9), ("A", "D", 3e9)))
    return place(known)


def test_every_link_and_duct_that_is_up_and_every_busy_target_is_tried(
    situation: Situation,
) -> None:
    state = situation.twin.state()
    found = {
        e.id: e
        for e in exposures(state, situation.twin, situation.tracker.demand.drawn_bps, most=50)
    }
    links = {"link_down@A-B", "link_down@B-C", "link_down@C-D", "link_down@A-D"}
    assert links <= found.keys()
    assert "fiber_cut@A-B+A-D" in found
    assert {"traffic_spike@B", "traffic_spike@D"} <= found.keys()


def test_what_a_failure_would_do_is_worked_out(situation: Situation) -> None:
    found = {
        e.id: e
        for e in exposures(
            situation.twin.state(), situation.twin, situation.tracker.demand.drawn_bps, most=50
        )
    }
    # Eleven Gbit/s would leave A by one link of ten, whichever of the two failed.
    for lost, left in (("A-B", "A-D"), ("A-D", "A-B")):
        exposure = found[f"link_down@{lost}"]
        assert exposure.max_utilisation == 1.1
        assert exposure.overloaded == (f"A|{left}",)
        assert exposure.excess_bps == 1e9
        assert exposure.cut_off_bps == 0
    assert found["fiber_cut@A-B+A-D"].cut_off_bps == 11e9
    # Half as much again towards B: 12 of 10.
    assert found["traffic_spike@B"].max_utilisation == 1.2


def test_worst_comes_first_and_the_list_is_cut(situation: Situation) -> None:
    state = situation.twin.state()
    worst, *others = exposures(state, situation.twin, situation.tracker.demand.drawn_bps, most=3)
    assert worst.id == "fiber_cut@A-B+A-D"
    assert len(others) == 2


def test_what_is_down_already_cannot_fail_next(situation: Situation) -> None:
    state = situation.twin.state(down_links=["A-B"])
    found = [
        e.id for e in exposures(state, situation.twin, situation.tracker.demand.drawn_bps, most=50)
    ]
    assert "link_down@A-B" not in found
    assert "fiber_cut@A-B+A-D" not in found


@pytest.fixture
def imaginer(situation: Situation) -> Imaginer:
    state = situation.twin.state()
    intended = situation.inventory.intended
    drain = DrainLink(link="B-C")
    running = drain.configured(intended, intended, state.topology)
    remedy = Remedy(id="R1", actions=(drain,), reason="a try")
    return Imaginer(situation, state, [(remedy, situation.twin.state(running=running))])


def _list(imaginer: Imaginer, tool: str, **arguments: Any) -> tuple[ExposureRow, ...]:
    (found,) = [t for t in imaginer.role().tools if t.name == tool]
    result = found.call(found.arguments.model_validate(arguments))
    assert isinstance(result, ExposuresResult)
    return result.exposures


def _answer(*names: str) -> Imagination:
    return Imagination(
        scenarios=tuple(ImaginedScenario(exposure=n, probability=0.01, why=n) for n in names)
    )


def test_scenario_has_to_be_one_that_was_simulated(imaginer: Imaginer) -> None:
    with pytest.raises(Ungrounded, match="is not a listed exposure"):
        imaginer.ground(_answer("link_down@A-B"))
    assert "link_down@A-B" in [e.id for e in imaginer.task().exposures]
    imaginer.ground(_answer("link_down@A-B"))
    with pytest.raises(Ungrounded, match="is not a listed exposure"):
        imaginer.ground(_answer("link_down@A-C"))


def test_same_scenario_twice_is_refused(imaginer: Imaginer) -> None:
    imaginer.task()
    with pytest.raises(Ungrounded, match="stands there twice"):
        imaginer.ground(_answer("link_down@A-B", "link_down@A-B"))


def test_remedy_that_was_not_proposed_cannot_go_wrong(imaginer: Imaginer) -> None:
    with pytest.raises(Ungrounded, match='"R9" is not a proposed remedy'):
        _list(imaginer, "list_exposures_under", remedy="R9")
    assert _list(imaginer, "list_exposures_under", remedy="R1")
    assert Under(remedy="R1").remedy == "R1"


def test_duct_that_only_the_knowledge_graph_has_may_be_cut(situation: Situation) -> None:
    duct = ("duct", "trench 9")
    held = [Relation("in_duct", ("link", x), duct) for x in ("A-B", "B-C", "gone")]
    situation.graph.put([Thing(*duct), Thing("link", "gone")], held)
    work = Imaginer(situation, situation.twin.state(), [])
    work.task()
    assert "fiber_cut@A-B+B-C" in work.exposures


def test_imaginer_is_told_who_depends_on_what_failed_and_no_more_than_it_can_read(
    situation: Situation,
) -> None:
    far = [("service", f"s{i:03}") for i in range(100)]
    needs = [Relation("needs", one, ("link", "A-B")) for one in far]
    situation.graph.put([Thing(*one) for one in far], needs)
    known = situation.dependencies()
    suspect = Suspect(1.0, (("link", "A-B"),), cuts=True)
    impact = known.service_impact([suspect], {}, 0.0, 0.0)
    told = Imaginer(situation, situation.twin.state(), [], impact).task().depending
    assert told is not None
    assert "100 services are cut off" in told[0]
    assert told[-1].endswith(" more")
    assert len(told) < 20
    assert sum(map(len, told)) < 3000
    assert Imaginer(situation, situation.twin.state(), []).task().depending is None


def _foreseen(situation: Situation, *lines: tuple[str, tuple[tuple[str, str], ...]]) -> None:
    things = [Thing("risk", name, {"text": f"what {name} costs"}) for name, _ in lines]
    written = [
        Relation("documented_by", element, ("risk", name))
        for name, elements in lines
        for element in elements
    ]
    situation.graph.put(things, written)


def test_what_completes_a_line_of_the_risk_register_comes_first(situation: Situation) -> None:
    _foreseen(
        situation,
        ("R-1", (("link", "A-B"), ("device", "C"))),
        ("R-2", (("link", "A-B"), ("link", "C-D"))),
        ("R-3", (("link", "B-C"), ("link", "C-D"))),
        ("R-4", (("link", "A-B"),)),
    )
    state = situation.twin.state(down_links=["A-B"])
    found = Imaginer(situation, state, []).task().exposures
    # Without A-B and C, B and C are cut off, but nothing is sent there but what A sends B.
    assert {row.id: row.foreseen for row in found[:2]} == {
        "device_down@C": "R-1: what R-1 costs",
        "link_down@C-D": "R-2: what R-2 costs",
    }
    assert not any(row.foreseen for row in found[2:])
    assert len({row.id for row in found}) == len(found)


def test_line_of_which_two_things_are_up_or_none_completes_nothing(situation: Situation) -> None:
    # A duct that only the graph has is nothing that the twin can play.
    situation.graph.put([Thing("duct", "duct-9")], [])
    _foreseen(
        situation,
        ("R-1", (("link", "A-B"), ("link", "B-C"), ("link", "C-D"))),
        ("R-2", (("link", "A-B"), ("duct", "duct-9"))),
        ("R-3", (("device", "A"), ("link", "C-D"))),
    )
    snapshot = situation.graph.snapshot()
    assert foreseen_next(snapshot, situation.twin.state()) == []
    assert foreseen_next(snapshot, situation.twin.state(down_links=["A-B"])) == []
    both = situation.twin.state(down_links=["A-B", "A-D"])
    assert [fault.id for fault, _ in foreseen_next(snapshot, both)] == ["link_down@C-D"]
