"""A made-up operator of 100,000 things and 400,000 relations, for timing the knowledge graph.

Rings of access routers hang on pairs of metro routers, and these on a meshed core. The numbers are
of a large metro operator as we imagine one; nothing is claimed of any real network.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from twin.knowledge.facts import Facts, Provenance, Relation, Thing, ThingKey, Value

CORE, METRO_PAIRS, RING, CPE = 40, 180, 5, 4_900
THINGS, RELATIONS = 100_000, 400_000
DRAWN = {
    "site": (("longitude", 15.0), ("latitude", 55.0)),
    "link": (("capacity_bps", 4e11), ("length_km", 300.0)),
    "duct": (("shared_km", 40.0),),
    "service": (("availability", 1.0), ("delay_s", 0.1)),
}
"""Properties that each thing of a kind has, and up to where they are drawn."""

SYMPTOMS = ("adjacency_down", "probe_loss", "queue_drops", "service_breach")


@dataclass(slots=True)
class _Draft:
    random: random.Random
    things: dict[ThingKey, Thing] = field(default_factory=dict)
    relations: dict[object, Relation] = field(default_factory=dict)

    def add(self, kind: str, name: str, **properties: Value) -> ThingKey:
        drawn = {key: self.random.uniform(0.0, most) for key, most in DRAWN.get(kind, ())}
        said = {**drawn, **properties}
        self.things[kind, name] = Thing(kind, name, said, self.recorded(len(self.things)))
        return kind, name

    def join(self, kind: str, source: ThingKey, target: ThingKey, **said: Value) -> None:
        recorded = self.recorded(len(self.relations))
        one = Relation(kind, source, target, properties=said, provenance=recorded)
        self.relations[one.identity] = one

    def recorded(self, number: int) -> Provenance:
        """As if it had been loaded on one of many days."""
        return Provenance("benchmark", 86_400.0 * (number // 1_000))

    def link(self, a: ThingKey, b: ThingKey, duct: ThingKey | None = None) -> ThingKey:
        name = f"{a[1]}--{b[1]}"
        link = self.add("link", name)
        for end in (a, b):
            port = self.add("interface", f"{end[1]}|{name}")
            self.join("has_interface", end, port)
            self.join("terminates", port, link)
        self.join("in_duct", link, duct or self.add("duct", f"duct of {name}"))
        return link


def large_facts(seed: int = 1) -> Facts:
    """All of it; the same seed gives the same."""
    draft = _Draft(random.Random(seed))
    routers, access = _routers(draft)
    hosts = _powered(draft, routers)
    _used(draft, access, _mobile(draft, access, hosts))
    _remembered(draft, routers)
    _filled_up(draft)
    return Facts.of(draft.things.values(), draft.relations.values())


def _routers(draft: _Draft) -> tuple[list[ThingKey], list[ThingKey]]:
    core = [draft.add("device", f"core-{i}") for i in range(CORE)]
    for i, one in enumerate(core):
        draft.link(one, core[(i + 1) % CORE])
        draft.link(one, core[draft.random.randrange(CORE) - 1 if i % 2 else (i + 7) % CORE])
    routers, access = list(core), list[ThingKey]()
    for pair in range(METRO_PAIRS):
        two = [draft.add("device", f"metro-{pair}-{side}") for side in "ab"]
        near = draft.random.sample(core, 2)
        # Every tenth pair has both its ways into the core in one duct.
        shared = draft.add("duct", f"duct of metro {pair}") if pair % 10 == 0 else None
        for one, up in zip(two, near, strict=True):
            draft.link(one, up, shared)
        draft.link(*two)
        routers += two
        for ring in range(4):
            chain = [draft.add("device", f"access-{pair}-{ring}-{i}") for i in range(RING)]
            for a, b in zip([two[0], *chain], [*chain, two[1]], strict=True):
                draft.link(a, b)
            routers += chain
            access += chain
    for i in range(CPE):
        customer = draft.add("device", f"cpe-{i}")
        draft.link(customer, access[i % len(access)])
    return routers, access


def _powered(draft: _Draft, routers: list[ThingKey]) -> list[ThingKey]:
    substations = [draft.add("substation", f"substation-{i}") for i in range(300)]
    hosts = []
    for number, router in enumerate(routers):
        site, battery = draft.add("site", router[1]), draft.add("ups", router[1])
        cooling = draft.add("cooling", router[1])
        draft.join("located_at", router, site)
        for feed in range(1 + number % 3 // 2):
            source = draft.add("power_feed", f"{router[1]}-{feed}")
            draft.join("fed_by", source, substations[(number // 8 + feed) % 300])
            draft.join("fed_by", battery, source, hold_s=3600.0 * (1 + number % 24))
            draft.join("powered_by", cooling, source)
        draft.join("powered_by", router, battery)
        draft.join("cooled_by", site, cooling)
        if number % 4 == 0:
            host = draft.add("host", router[1])
            draft.join("powered_by", host, battery)
            draft.join("attached_to", host, router)
            hosts.append(host)
    return hosts


def _mobile(draft: _Draft, access: list[ThingKey], hosts: list[ThingKey]) -> list[ThingKey]:
    slices = []
    for number in range(60):
        pool, one = draft.add("pool", f"pool-{number}"), draft.add("slice", f"slice-{number}")
        for instance in range(3):
            machine = draft.add("virtual_machine", f"vm-{number}-{instance}")
            function = draft.add("network_function", f"amf-{number}-{instance}")
            draft.join("hosted_on", machine, draft.random.choice(hosts))
            draft.join("hosted_on", function, machine)
            draft.join("member_of", function, pool, k=2)
        draft.join("needs", one, pool)
        slices.append(one)
    for number in range(5_000):
        cell = draft.add("cell", f"cell-{number}")
        draft.join("attached_to", cell, access[number % len(access)])
    return slices


def _used(draft: _Draft, access: list[ThingKey], slices: list[ThingKey]) -> None:
    customers = [draft.add("customer", f"customer-{i}") for i in range(3_500)]
    for number in range(5_000):
        ends = draft.random.sample(access, 2)
        path = draft.add("path", f"{ends[0][1]}<>{ends[1][1]}")
        for end in ends:
            draft.join("ends_at", path, end)
        service = draft.add("service", f"service-{number}")
        draft.join("needs", service, path)
        draft.join("bought_by", service, draft.random.choice(customers))
        if number % 5 == 0:
            draft.join("needs", service, draft.random.choice(slices))


def _remembered(draft: _Draft, routers: list[ThingKey]) -> None:
    for number in range(1_000):
        where = draft.random.choice(routers)[1]
        seen = tuple(f"{kind}:{where}" for kind in SYMPTOMS[: 1 + number % len(SYMPTOMS)])
        thing = Thing(
            "incident",
            f"past-{number}",
            {"title": f"trouble at {where}", "opened_s": float(number), "symptoms": seen,
             "cause": f"node_down {where}", "remedy": "nothing", "worked": number % 2 == 0},
            draft.recorded(number),
        )  # fmt: skip
        draft.things[thing.key] = thing


def _filled_up(draft: _Draft) -> None:
    """What is on record and nothing stands on: prefixes, owners, runbooks."""
    owners = [draft.add("owner", f"owner-{i}") for i in range(40)]
    books = [draft.add("runbook", f"runbook-{i}") for i in range(400)]
    devices = [key for key in draft.things if key[0] == "device"]
    for number in range(THINGS - len(draft.things)):
        prefix = draft.add("prefix", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}/32")
        draft.join("originates", devices[number % len(devices)], prefix)
    pairs = _pairs(list(draft.things), owners, books)
    while len(draft.relations) < RELATIONS:
        draft.join(*next(pairs))


def _pairs(
    things: list[ThingKey], owners: list[ThingKey], books: list[ThingKey]
) -> Iterator[tuple[str, ThingKey, ThingKey]]:
    for turn in range(len(books)):
        for number, thing in enumerate(things):
            yield "documented_by", thing, books[(number * 7 + turn) % len(books)]
            if turn == 0:
                yield "owned_by", thing, owners[number % len(owners)]
