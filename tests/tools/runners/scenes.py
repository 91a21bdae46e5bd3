"""Batches of rollouts that every runner is given: many kinds of fault, one that fails."""

from dataclasses import replace

from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.fault import Fault
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.faults.traffic_spike import TrafficSpike
from twin.forecasting import Uncertainty
from twin.imagination.chains.playing import ChainTask
from twin.imagination.counterfactuals import MitigationTask
from twin.imagination.day_judge import JudgeTask
from twin.imagination.elements import elements_of
from twin.imagination.likelihood import Likelihood
from twin.imagination.regimes import Regime
from twin.imagination.scenario_text import read_scenario
from twin.nouns.chain import ChainRates
from twin.nouns.plan import Remedy
from twin.nouns.rates import Rates
from twin.nouns.scenario import Scenario, TimedAction, TimedFault
from twin.physics.twin import Twin
from twin.remediation.playing import EveningTask
from twin.remediation.policies.shipped import POLICIES, shipped
from twin.remedies.objective import Outlook
from twin.remedies.trials import TrialTask, after_remedy
from twin.rollout import RolloutTask
from twin.sources.world import WorldSpec, build_inventory

EVENING_S = 19.75 * 3600.0
STRAY = LinkDown(link="A--B")


def small_twin() -> Twin:
    """A fresh twin of a backbone of a dozen nodes; it remembers nothing."""
    return Twin(build_inventory(WorldSpec(topology="sndlib/abilene")))


def tasks_of(twin: Twin, count: int, *, interval_s: float = 900.0) -> list[RolloutTask]:
    """`count` different rollouts of two hours; every tenth names a link that is not there."""
    return [_task(twin, i, interval_s) for i in range(count)]


def _task(twin: Twin, number: int, interval_s: float) -> RolloutTask:
    links = twin.inventory.topology.links
    link = links[number % len(links)]
    faults: tuple[Fault, ...] = (
        LinkDown(link=link.id),
        FiberCut(duct="duct:somewhere", links=(link.id, links[(number + 3) % len(links)].id)),
        TrafficSpike(target=link.a, factor=3.0),
        IgpWeightMisconfig(node=link.a, link=link.id, weight=200),
        SilentEgressPacketLoss(node=link.b, link=link.id, fraction=0.01),
    )
    fault = STRAY if number % 10 == 9 else faults[number % len(faults)]
    scenario = Scenario(
        name=f"scenario-{number}",
        starts_s=EVENING_S + 60.0 * number,
        duration_s=7200.0,
        faults=(TimedFault(at_s=300.0, until_s=5000.0, fault=fault),),
        actions=(TimedAction(at_s=2000.0, action=DrainLink(link=links[0].id)),),
    )
    base = twin.state(down_links=(links[1].id,)) if number % 3 == 0 else None
    uncertainty = Uncertainty() if number % 2 == 0 else None
    return RolloutTask(scenario, base, interval_s, uncertainty, seed=number % 4)


def heavy_tasks(twin: Twin, count: int) -> list[RolloutTask]:
    """`count` rollouts of a tenth of a second and more, so that somebody dies while they play."""
    scenarios = [
        Scenario(name=f"long-{i}", starts_s=EVENING_S, duration_s=86_400.0) for i in range(count)
    ]
    return [RolloutTask(s, interval_s=120.0, uncertainty=Uncertainty()) for s in scenarios]


def lines(answers: object) -> list[str]:
    """The bytes of each answer, as text."""
    assert isinstance(answers, tuple)
    return [answer.model_dump_json() for answer in answers]


def mitigations_of(twin: Twin) -> list[MitigationTask]:
    """The remedies of each link that goes down at two levels of a demand that crowds the others."""
    crowded = twin.state(traffic=twin.inventory.peak_traffic.scaled(1.6))
    regimes = (Regime("low", 0.6, 0.5), Regime("high", 1.0, 0.5))
    return [
        MitigationTask(crowded, (LinkDown(link=link.id),), regimes)
        for link in twin.inventory.topology.links
    ]


DAYS = (
    "at 10:00: link KSCYng-DNVRng down for 2 h",
    "at 19:00, demand x1.2: node ATLAng down for 4 h; after 1 h link CHINng-NYCMng down for 2 h",
    "at 20:00: link HSTNng-LOSAng loses 3 % from HSTNng for 6 h",
)


def days_of(twin: Twin) -> list[JudgeTask | ChainTask]:
    """Verdicts on days, with chains and remedies, and draws of what follows from them."""
    state, topology = twin.state(), twin.inventory.topology
    likelihood = Likelihood(elements_of(topology, Rates()))
    often = ChainRates(unprotected=0.5, hellos=1, repair_fails=0.5)
    scenarios = [read_scenario(text, topology) for text in DAYS]
    return [
        *(JudgeTask(scenario, state, likelihood) for scenario in scenarios),
        *(ChainTask(one, state, often, 2, first_seed=s) for one in scenarios for s in (0, 2)),
    ]


def trials_of(twin: Twin) -> list[TrialTask]:
    """Two remedies and doing nothing, with nothing else failing and under two further faults."""
    crowded = twin.inventory.peak_traffic.scaled(1.8)
    now = twin.state(traffic=crowded, down_links=(twin.inventory.topology.links[1].id,))
    link = twin.inventory.topology.links[0]
    remedies: tuple[tuple[Action, ...], ...] = (
        (),
        (DrainLink(link=link.id),),
        (SetIgpWeight(node=link.a, link=link.id, weight=40),),
    )
    faults: tuple[Fault | None, ...] = (
        None,
        LinkDown(link=twin.inventory.topology.links[2].id),
        TrafficSpike(target=link.a, factor=3.0),
    )
    outlook = Outlook.ahead(twin.inventory.profile, EVENING_S)
    return [
        TrialTask(
            name=f"R{i} {fault.id if fault else ''}",
            base=now,
            running=after_remedy(
                now, Remedy(id=f"R{i}", actions=actions, reason="a try"), twin.inventory.intended
            ).running,
            fault=fault,
            outlook=outlook,
            uncertainty=Uncertainty(),
            seed=7,
            draws=2,
            rollouts=0 if fault else 16,
        )
        for i, actions in enumerate(remedies)
        for fault in faults
    ]


def evenings_of(count: int) -> list[EveningTask]:
    """`count` evenings by every policy, and one at which more is to be at stake than there is."""
    names = (*POLICIES, "random-8", "nearest-8", "carried-8")
    played = [
        EveningTask(name, policy, seed)
        for seed in range(count)
        for name in names
        if (policy := shipped(name)) is not None
    ]
    return [*played, replace(played[0], least_stake=1e6)]
