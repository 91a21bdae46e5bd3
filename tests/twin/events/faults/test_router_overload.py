"""An overloaded router is one cause, and not a silent loss at each of its egresses."""

from dataclasses import replace

import numpy as np
import pytest

from tests.twin.diagnosis.test_likelihood import BUILT, KNOWN, NORMAL, likelihood, observed
from twin.diagnosis.channels import Channels
from twin.errors import Ungrounded
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.router_overload import RouterOverload
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.kinds import Clues
from twin.nouns.incident import Symptom, SymptomKind
from twin.nouns.observation import Observation
from twin.nouns.topology import Interface

AT_A = ("A-B", "A-D", "A-E")
BUSY = RouterOverload(node="A", links=AT_A, fraction=0.05)
SINGLE = tuple(SilentEgressPacketLoss(node="A", link=x, fraction=0.05) for x in AT_A)


def _losing(*links: str) -> Observation:
    """A loses 5 % of what it sends over `links`, and the probes over these feel it."""
    seen = observed()
    loss = np.zeros(BUILT.n_arcs)
    for link in links:
        loss[BUILT.arc_of(Interface(node="A", link=link))] = 0.05
    assert seen.probes is not None
    return replace(seen, loss=loss, probes=replace(seen.probes, lost=300.0 * loss))


def _odds(seen: Observation, *faults: RouterOverload | SilentEgressPacketLoss) -> float:
    judge = likelihood(seen)
    evidence = [*judge.evidence(faults), *Channels(judge).by_probes_alone(faults)]
    return sum(e.log_likelihood_ratio for e in evidence) + judge.log_prior(faults)


def test_router_that_loses_everywhere_is_one_cause() -> None:
    seen = _losing(*AT_A)
    assert _odds(seen, BUSY) > _odds(seen, *SINGLE) + 10.0


def test_router_that_loses_at_one_egress_is_not_overloaded() -> None:
    seen = _losing("A-B")
    assert _odds(seen, SINGLE[0]) > _odds(seen, BUSY) + 20.0


def test_router_is_suspected_from_two_egresses_on() -> None:
    for links, found in ((("A-B",), []), (("A-B", "A-D"), ["router_overload@A"])):
        clues = Clues(BUILT, KNOWN.intended, _losing(*links))
        assert [fault.id for fault, _ in RouterOverload.propose(clues)] == found


def test_where_counters_do_not_tell_of_the_others_probes_over_them_do() -> None:
    """Around a lost adjacency it is not known what an egress loses."""
    lossy, alone = _losing(*AT_A), _losing("A-B")
    untold = lossy.loss.copy()
    untold[[BUILT.arc_of(Interface(node="A", link=link)) for link in AT_A[1:]]] = np.nan
    for seen, is_busy in ((lossy, True), (alone, False)):
        partly = replace(seen, loss=untold)
        clues = Clues(BUILT, KNOWN.intended, partly)
        assert [fault.id for fault, _ in RouterOverload.propose(clues)] == ["router_overload@A"]
        assert (_odds(partly, BUSY) > _odds(partly, SINGLE[0])) == is_busy


def test_what_an_egress_of_it_loses_is_counted_in_it() -> None:
    assert BUSY.excludes(SINGLE[0])
    assert BUSY.excludes(DeviceDown(node="A", links=AT_A))
    assert not BUSY.excludes(SilentEgressPacketLoss(node="B", link="A-B", fraction=0.05))


@pytest.mark.parametrize(
    ("kind", "resource", "explained"),
    [
        ("silent_loss", "A|A-D", True),
        ("silent_loss", "D|A-D", False),
        ("adjacency_down", "A-E", True),
        ("adjacency_down", "C-E", False),
    ],
)
def test_it_brings_about_losses_it_sends_and_adjacencies_at_it(
    kind: SymptomKind, resource: str, explained: bool
) -> None:
    symptom = Symptom(
        kind=kind, resource=resource, first_seen_s=0, last_seen_s=0, magnitude=1, alarms=1
    )
    assert BUSY.brings_about(symptom) is explained


def test_all_egresses_lose_until_it_is_repaired() -> None:
    state = BUSY.after(NORMAL)
    assert state.egress_loss == {Interface(node="A", link=x): 0.05 for x in AT_A}
    assert BUSY.repaired(state).egress_loss == {}
    assert (BUSY.place(), BUSY.circuits()) == ("A", frozenset(AT_A))
    assert "no fibre" in BUSY.work()


def test_router_that_cannot_be_is_refused() -> None:
    BUSY.check(BUILT, KNOWN.intended)
    for links, fraction in ((AT_A[:2], 0.05), (AT_A, 0.0)):
        with pytest.raises(Ungrounded):
            RouterOverload(node="A", links=links, fraction=fraction).check(BUILT, KNOWN.intended)
