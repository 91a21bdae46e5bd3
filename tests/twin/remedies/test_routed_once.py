"""Thinking about an incident on a hundred nodes routes each state once, however much is tried."""

from twin.events.faults.fiber_cut import FiberCut
from twin.nouns.state import NetworkState
from twin.physics.compiled import arc_weights
from twin.physics.routing import Routing
from twin.physics.twin import Twin
from twin.remedies.exposures import exposures
from twin.remedies.objective import Outlook
from twin.remedies.search import RemedySearch
from twin.sources.world import WorldSpec, build_inventory
from twin.whatif.supposed import Supposed


class Asked(Twin):
    """Notes which states it was asked to route."""

    states: frozenset[bytes] = frozenset()

    def route(self, state: NetworkState) -> Routing:
        weights = arc_weights(state.topology, state.running, state.down_links)
        self.states |= {weights.tobytes()}
        return super().route(state)


def test_every_state_of_an_incident_is_routed_once_and_no_candidate_is() -> None:
    twin = Asked(build_inventory(WorldSpec(topology="gabriel/100/0")))
    duct = twin.inventory.topology.shared_risk_groups[0]
    state = FiberCut(duct=duct.id, links=duct.links).after(twin.state())
    drawn = state.traffic.rates_bps.sum(axis=(0, 1))

    supposed = Supposed(twin, twin.state())
    for link in twin.inventory.topology.links[:40]:
        supposed.loads((FiberCut(duct="", links=(link.id,)),))
    assert twin.routed == 1
    assert len(exposures(state, twin, drawn, most=1000)) > 200
    assert twin.routed == 2

    search = RemedySearch(twin, state, Outlook.at())
    assert len(search.expand(search.nothing).cost) > 1000
    assert twin.routed == 2
    search.search(changes=3)
    assert twin.routed == len(twin.states) <= 2 + 3
