"""What the best known remedy of up to four actions does, for somebody who knows all that is hidden.

At the moment of decision the engine searches with the true demand, capacities, losses and links;
its MOST best plans, and every single revert and drain, are tried on the true network. What repairs
is defined in `evals.truth`.
"""

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from evals.oracle import OracleResult, at_decision
from evals.stage import Case
from evals.truth import Bench, bench
from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.physical_network import TICK_S
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.nouns.state import NetworkState
from twin.nouns.traffic import TrafficMatrix
from twin.physics.twin import Twin
from twin.remedies.objective import Outlook
from twin.remedies.screening import WIDTH, Screening
from twin.remedies.search import MOST_CHANGES, RemedySearch

MOST = 20


def best_known(case: Case, seed: int, folder: Path) -> OracleResult:
    """Stage the case untouched up to the moment of decision, and search.

    Raises:
        BadCase: nothing is wrong in the case, so there is nothing to repair.
    """
    started = time.perf_counter()
    with at_decision(case, seed, folder) as (network, before, until_s):
        judged = bench(network, before, network.now_s(), until_s)
        nothing = judged.breaches(network.running_configuration())
        best: tuple[Action, ...] = ()
        left, searched = nothing, 0
        if nothing:
            for actions in candidates(network, judged):
                searched += 1
                after = judged.breaches(_after(network, actions))
                if len(after) < len(left):
                    left, best = after, actions
                if not left:
                    break
    return OracleResult(
        case=case.id,
        seed=seed,
        repairable=not left,
        do_nothing_suffices=not nothing,
        breaches=nothing,
        best=best,
        left_in_breach=left,
        searched=searched,
        wall_s=round(time.perf_counter() - started, 3),
    )


def candidates(network: EmulatedNetwork, judged: Bench) -> Iterable[tuple[Action, ...]]:
    """Single reverts and drains, then what the engine finds best at the true busiest demand."""
    inventory, running = network.inventory(), network.running_configuration()
    reverts: list[Action] = [
        RevertToIntended(node=node.id)
        for node in inventory.topology.nodes
        if running.device(node.id) != inventory.intended.device(node.id)
    ]
    drains: list[Action] = [
        DrainLink(link=link.id)
        for link in inventory.topology.links
        if not running.device(link.a).interface(link.id).drained
    ]
    singles: list[tuple[Action, ...]] = [(action,) for action in (*reverts, *drains)]
    yield from singles
    state = true_state(network, judged.times_s[-1])
    twin = Twin(replace(inventory, topology=state.topology))
    outlook = Outlook.at()
    screened = Screening(twin, state, outlook, extra=reverts, margin=1.0).best(most=MOST)
    searched = RemedySearch(twin, state, outlook, extra=reverts).search(MOST_CHANGES, WIDTH)
    plans = [s.actions for s in screened] + [p.actions for p in searched]
    known = set(singles)
    fresh = [p for p in dict.fromkeys(plans) if p and p not in known]
    yield from fresh[:MOST]


def true_state(network: EmulatedNetwork, at_s: float) -> NetworkState:
    """The network at `at_s` as it really is: demand, capacities, losses, links."""
    physical, inventory = network.physical, network.inventory()
    topology, hidden = inventory.topology, physical.hidden
    events = network.identity.truth.events
    faults = [events[number].fault for number in physical.active_events(at_s)]
    running = network.running_configuration()
    egresses = physical.egresses_with(faults, running.devices)
    links = tuple(
        link.model_copy(update={"capacity_bps": float(least)})
        for link, least in zip(
            topology.links, egresses.capacity_bps.reshape(-1, 2).min(axis=1), strict=True
        )
    )
    lost = 1.0 - (1.0 - egresses.line_loss) * (1.0 - egresses.silent_loss)
    n = len(topology.nodes)
    rates = np.zeros((3, n, n))
    tick = int((at_s - physical.starts_s) // TICK_S)
    rates[:, hidden.flows.source, hidden.flows.target] = physical.demand.at_tick(tick)
    return NetworkState(
        topology=topology.model_copy(update={"links": links}),
        running=running,
        traffic=TrafficMatrix(tuple(node.id for node in topology.nodes), rates),
        down_links=frozenset().union(
            *(f.links_down(topology) for f in faults if not f.in_configuration)
        ),
        egress_loss={
            topology.egress_of(int(arc)): float(lost[arc]) for arc in np.flatnonzero(lost)
        },
    )


def _after(network: EmulatedNetwork, actions: tuple[Action, ...]) -> NetworkConfiguration:
    inventory: Inventory = network.inventory()
    running = network.running_configuration()
    for action in actions:
        running = action.configured(running, inventory.intended, inventory.topology)
    return running
