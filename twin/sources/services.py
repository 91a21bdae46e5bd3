"""Invented customers, what they buy, and what they were promised."""

from collections.abc import Callable, Sequence

import numpy as np

from twin.nouns.service import Service, ServiceLevelObjective
from twin.nouns.traffic import TrafficClass
from twin.physics.compiled import FloatArray

SERVICES_PER_NODE = 2
CLASS_ODDS = {
    TrafficClass.VOICE: 0.25,
    TrafficClass.BUSINESS: 0.50,
    TrafficClass.BEST_EFFORT: 0.25,
}
MAX_NODE_PAIRS = 2
"""A service joins one or two node pairs, each in both directions."""

_FIRST = (
    "Alder", "Birch", "Cobalt", "Dorn", "Ember", "Falke", "Granit", "Hafen", "Ibis", "Jade",
    "Kranich", "Linden", "Mistral", "Nordwind", "Opal", "Pirol", "Quarz", "Rotdorn", "Saphir",
    "Taiga", "Ulme", "Vela", "Wacholder", "Zenit",
)  # fmt: skip
_SECOND = (
    "Bank", "Broadcast", "Clinics", "Energy", "Foods", "Games", "Insurance", "Logistics", "Media",
    "Motors", "Pharma", "Rail", "Retail", "Research", "Steel", "Telecom",
)  # fmt: skip


def invented_services(
    nodes: Sequence[str],
    demand: FloatArray,
    propagation_s: FloatArray,
    rng: np.random.Generator,
    customers: "Customers | None" = None,
) -> tuple[Service, ...]:
    """SERVICES_PER_NODE services per node over pairs that have demand both ways.

    `customers`: how they are called, by default as in `invented_customers`.
    `demand`: (n, n). `propagation_s`: (n, n), mean propagation delay on healthy paths, from which
    the delay objectives follow.
    """
    sources, targets = np.nonzero(np.triu((demand > 0) & (demand.T > 0)))
    if not sources.size:
        return ()
    count = SERVICES_PER_NODE * len(nodes)
    called = (customers or invented_customers)(count, rng)
    classes = rng.choice(len(CLASS_ODDS), size=count, p=list(CLASS_ODDS.values()))
    services = []
    for number in range(count):
        wanted = min(int(rng.integers(1, MAX_NODE_PAIRS + 1)), sources.size)
        chosen = rng.choice(sources.size, size=wanted, replace=False)
        joined = [(int(sources[i]), int(targets[i])) for i in chosen]
        directed = [pair for a, b in joined for pair in ((a, b), (b, a))]
        traffic_class = tuple(CLASS_ODDS)[classes[number]]
        services.append(
            Service(
                id=f"svc-{number + 1:03d}",
                customer=called[number],
                traffic_class=traffic_class,
                pairs=tuple((nodes[a], nodes[b]) for a, b in directed),
                objective=objective_for(
                    traffic_class, max(float(propagation_s[a, b]) for a, b in directed)
                ),
            )
        )
    return tuple(services)


def objective_for(traffic_class: TrafficClass, propagation_s: float) -> ServiceLevelObjective:
    """What a class is promised where the longest pair takes `propagation_s` when healthy."""
    match traffic_class:
        case TrafficClass.VOICE:
            delay_s = round(1.5 * propagation_s + 0.015, 4)
            return ServiceLevelObjective(loss=0.005, delay_s=delay_s, availability=0.9995)
        case TrafficClass.BUSINESS:
            delay_s = round(2.0 * propagation_s + 0.030, 4)
            return ServiceLevelObjective(loss=0.01, delay_s=delay_s, availability=0.999)
        case TrafficClass.BEST_EFFORT:
            return ServiceLevelObjective(loss=None, delay_s=None, availability=0.99)


Customers = Callable[[int, np.random.Generator], list[str]]
"""Names of the customers of that many services."""


def invented_customers(count: int, rng: np.random.Generator) -> list[str]:
    """Names like companies', for networks that are examples themselves."""
    names = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    order = rng.permutation(len(names))
    # A customer buys more than one service where there are more services than names.
    return [names[order[i % len(names)]] for i in range(count)]


def nameless_customers(count: int, rng: np.random.Generator) -> list[str]:
    """For a network that somebody brought, who must not take them for customers of theirs."""
    # As many draws as for names, so that the services are the same.
    invented_customers(count, rng)
    return [f"invented customer {number + 1}" for number in range(count)]
