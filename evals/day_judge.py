"""How near the judge of a day comes to assessing every minute, and what it takes.

`python -m evals.day_judge [NETWORK ...]`. Scenarios are drawn: one to four events of any kind, at
any place and hour, for a while or the rest of the day, some with more demand, a surge, or something
in work. The reference is the rollout in steps of 60 s, with nothing done and with the remedy that
the judge found best.
"""

import sys
import time
from collections.abc import Sequence

import numpy as np

from channels.provenance import code_version
from twin.errors import BadInput
from twin.imagination.day import Days
from twin.imagination.day_judge import DRAWS, MOST_REMEDIES, DayJudge, Judging
from twin.imagination.elements import elements_of
from twin.imagination.likelihood import Likelihood
from twin.imagination.scenario_check import check_scenario
from twin.imagination.scenario_text import read_scenario
from twin.nouns.rates import Rates
from twin.nouns.risk_scenario import MOST_EVENTS, RiskScenario
from twin.nouns.scenario import Scenario
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.rollout import run_rollout
from twin.sources.world import WorldSpec, build_inventory

NETWORKS = ("sndlib/germany50",)
SCENARIOS, SEED = 50, 7
WANTED_CPU_S, WANTED_APART = 0.25, 0.02

_EVENTS = (
    "link {link} down",
    "node {node} down",
    "group {group} down",
    "link {link} flaps every 60 s",
    "link {link} late by 20 ms",
    "link {link} loses 3 % from {end}",
    "link {link} silently loses 3 % from {end}",
    "link {link} loses 2 members",
    "weight {link} from {end} 500",
    "drain {link}",
    "interface {link} at {end} shut",
    "police business on {link} from {end} to 1G",
    "node {node} discards traffic to {other}",
    "node {node} overloaded with 3 % loss",
    "traffic to {node} x2",
    "traffic everywhere x1.3",
    "syn flood on {node} of 90M/s",
    "web flood on {node} of 3M/s with 1500 B each",
    "breach with drain {link} at {end}",
)
_CONDITIONS = ("demand x1.2", "demand x1.4", "traffic to {node} x1.5", "link {link} in work")


def main(networks: Sequence[str]) -> None:
    """Print the table."""
    heads = (
        "network", "scenarios", "in breach", "CPU s, mean", "95 %", "most", "with chains, mean",
        "a rollout, mean",
        "apart, mean", "most", "with remedies", "apart, mean", "most",
    )  # fmt: skip
    print(f"| {' | '.join(heads)} |")
    print("|---" + "|--:" * (len(heads) - 1) + "|")
    for name in networks:
        print(_line(name), flush=True)
    print(
        f"\nWith nothing done and with up to {MOST_REMEDIES} remedies, their search counted in; "
        f"wanted: {WANTED_CPU_S} CPU s, and {WANTED_APART:.0%} apart. With chains: {DRAWS} draws "
        f"of what follows besides. Code {code_version()}."
    )


def _line(name: str) -> str:
    twin = Twin(build_inventory(WorldSpec(topology=name)))
    likelihood = Likelihood(elements_of(twin.inventory.topology, Rates()))
    judge = DayJudge(twin, twin.state(), likelihood, Judging(draws=0))
    chained = DayJudge(twin, twin.state(), likelihood)
    numbers = np.random.default_rng(SEED)
    # What is compiled when it is first used is nobody's scenario.
    chained.judge(_drawn(twin, numbers))
    cpu_s, chained_s, rollout_s = list[float](), list[float](), list[float]()
    apart, apart_mitigated = list[float](), list[float]()
    for scenario in (_drawn(twin, numbers) for _ in range(SCENARIOS)):
        began_s = time.process_time()
        verdict = judge.judge(scenario)
        cpu_s.append(time.process_time() - began_s)
        began_s = time.process_time()
        chained.judge(scenario)
        chained_s.append(time.process_time() - began_s)
        start = judge.start(scenario)
        found, minutes, took_s = _both(scenario.played_with(), twin, start)
        rollout_s.append(took_s)
        if minutes:
            apart.append(abs(found - minutes) / minutes)
        if verdict.timed:
            found, minutes, _ = _both(scenario.played_with(verdict.timed), twin, start)
            apart_mitigated.append(abs(found - minutes) / max(minutes, 1.0))
    p95, most = np.quantile(cpu_s, 0.95), max(cpu_s)
    return (
        f"| {name} | {SCENARIOS} | {len(apart)} | {np.mean(cpu_s):.3f} | {p95:.3f} | {most:.3f} | "
        f"{np.mean(chained_s):.3f} | {np.mean(rollout_s):.2f} | {_apart(apart)} | "
        f"{len(apart_mitigated)} | {_apart(apart_mitigated)} |"
    )


def _both(scenario: Scenario, twin: Twin, start: NetworkState) -> tuple[float, float, float]:
    """Service-minutes in breach as the judge and as a rollout finds them; CPU s of the latter."""
    found = float(Days(twin, start).of(scenario).in_breach_min.sum())
    began_s = time.process_time()
    minutes = run_rollout(scenario, twin, start).total_slo_minutes_lost
    return found, minutes, time.process_time() - began_s


def _apart(shares: Sequence[float]) -> str:
    return f"{np.mean(shares):.3%} | {max(shares):.3%}" if shares else "- | -"


def _drawn(twin: Twin, numbers: np.random.Generator) -> RiskScenario:
    """One that can be: what strikes something twice is drawn anew."""
    topology = twin.inventory.topology
    while True:
        try:
            scenario = read_scenario(_drawn_text(twin, numbers), topology)
            check_scenario(scenario, topology, twin.inventory.intended)
        except BadInput:
            continue
        return scenario


def _drawn_text(twin: Twin, numbers: np.random.Generator) -> str:
    topology = twin.inventory.topology

    def placed(form: str) -> str:
        link = topology.links[int(numbers.integers(len(topology.links)))]
        node, other = numbers.choice(len(topology.nodes), 2, replace=False).tolist()
        groups = topology.shared_risk_groups
        return form.format(
            link=link.id,
            end=link.a if numbers.random() < 0.5 else link.b,
            node=topology.nodes[node].id,
            other=topology.nodes[other].id,
            group=groups[int(numbers.integers(len(groups)))].id if groups else "",
        )

    conditions = [f"at {numbers.integers(24):02d}:00"]
    if numbers.random() < 0.5:
        conditions.append(placed(str(numbers.choice(_CONDITIONS))))
    events, after_min = list[str](), 0
    for _ in range(int(numbers.integers(1, MOST_EVENTS + 1))):
        event = placed(str(numbers.choice(_EVENTS)))
        lasts = f" for {numbers.integers(10, 600)} min" if numbers.random() < 0.7 else ""
        events.append(f"{f'after {after_min} min ' if after_min else ''}{event}{lasts}")
        after_min += int(numbers.integers(1, 240))
    return f"{', '.join(conditions)}: {'; '.join(events)}"


if __name__ == "__main__":
    main(sys.argv[1:] or NETWORKS)
