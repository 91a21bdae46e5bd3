"""The facts of an inventory: what is built, what is promised to whom, and planned work."""

from collections.abc import Iterable, Mapping

from twin.knowledge.facts import Facts, Provenance, Relation, Thing, ThingKey, Value
from twin.nouns.inventory import Inventory
from twin.nouns.planned_work import PlannedWork
from twin.nouns.risk import RiskRecord
from twin.nouns.service import Service
from twin.nouns.topology import Interface, Topology

INVENTORY = "inventory"
"""The source of these facts."""


def facts_of(inventory: Inventory, recorded_s: float = 0.0) -> Facts:
    """Everything that is on record there.

    A service needs a path for each of its pairs, which is up while its ends reach each other over
    any links: that traffic is routed over some links now makes it depend on none of them.
    """
    said = Provenance(INVENTORY, recorded_s)
    things = [*_things(inventory.topology, said), *_promised(inventory, said)]
    return Facts.of(things, [*_wiring(inventory.topology, said), *_promises(inventory, said)])


FORESEEN = "risk register"
"""The source of what is expected to break next."""

_ELEMENTS = {"link": "link", "device": "device", "group": "duct", "site": "site"}
"""Kinds of things by the first word of what fails."""


def risk_facts(records: Iterable[RiskRecord], recorded_s: float = 0.0) -> Facts:
    """The lines that stand, each written about what fails in it."""
    said = Provenance(FORESEEN, recorded_s)
    standing = [r for r in records if r.gone_s is None and r.state != "closed"]
    things = [Thing("risk", r.id, {"text": _risk_text(r)}, said) for r in standing]
    written = (
        Relation("documented_by", place, ("risk", record.id), provenance=said)
        for record in standing
        for place in dict.fromkeys(_places(record))
    )
    return Facts.of(things, list(written))


def _places(record: RiskRecord) -> Iterable[tuple[str, str]]:
    """Kind and name of what fails; of a cause that several things share, of each of them."""
    shared = {cause.label: cause for cause in record.reckoned.causes}
    for element in record.risk.elements:
        if element in shared:
            yield from (("device", node) for node in shared[element].nodes)
            yield from (("link", link) for link in shared[element].links)
        else:
            kind, _, name = element.partition(" ")
            yield _ELEMENTS[kind], name


def _risk_text(record: RiskRecord) -> str:
    risk = record.risk
    return (
        f"{risk.fails}: {risk.slo_minutes:.3g} service-minutes in breach a year are expected; "
        f"{record.state}"
    )


ANNOUNCED = "announced work"
"""The source of work that people announce, beside what the inventory has."""


def work_facts(planned: Iterable[PlannedWork], recorded_s: float = 0.0) -> Facts:
    """Announced work, and the links that it touches."""
    said = Provenance(ANNOUNCED, recorded_s)
    known = tuple(planned)
    return Facts.of(
        [_work(one, said) for one in known], [r for one in known for r in _touching(one, said)]
    )


def path_id(source: str, target: str) -> str:
    """The id of the path between two devices, which has no direction."""
    return "<>".join(sorted((source, target)))


def _things(topology: Topology, said: Provenance) -> Iterable[Thing]:
    for site in topology.sites:
        place = {"longitude": site.longitude, "latitude": site.latitude}
        yield Thing("site", site.id, place, said)
    for node in topology.nodes:
        words = {
            "platform": node.platform,
            "role": node.role,
            "management_address": node.management_address,
            "hardware": node.hardware,
            "software": node.software,
        }
        yield Thing("device", node.id, {k: v for k, v in words.items() if v}, said)
        for prefix in node.prefixes:
            yield Thing("prefix", prefix, {}, said)
    for link in topology.links:
        yield Thing(
            "link",
            link.id,
            {
                "capacity_bps": float(link.capacity_bps),
                "members": link.members,
                "length_km": float(link.length_km),
            },
            said,
        )
        for node_id in (link.a, link.b):
            yield Thing("interface", str(Interface(node=node_id, link=link.id)), {}, said)
    for group in topology.shared_risk_groups:
        shared: dict[str, Value] = {"place": group.place, "shared_km": float(group.shared_km)}
        yield Thing("duct", group.id, shared, said)


def _wiring(topology: Topology, said: Provenance) -> Iterable[Relation]:
    for node in topology.nodes:
        device: ThingKey = ("device", node.id)
        yield Relation("located_at", device, ("site", node.site), provenance=said)
        for prefix in node.prefixes:
            yield Relation("originates", device, ("prefix", prefix), provenance=said)
    for link in topology.links:
        for end in (link.a, link.b):
            port: ThingKey = ("interface", str(Interface(node=end, link=link.id)))
            yield Relation("has_interface", ("device", end), port, provenance=said)
            yield Relation("terminates", port, ("link", link.id), provenance=said)
    for group in topology.shared_risk_groups:
        for member in group.links:
            yield Relation("in_duct", ("link", member), ("duct", group.id), provenance=said)


def _promised(inventory: Inventory, said: Provenance) -> Iterable[Thing]:
    for service in inventory.services:
        yield Thing("service", service.id, _promise(service), said)
        yield Thing("customer", service.customer, {}, said)
        for source, target in service.pairs:
            yield Thing("path", path_id(source, target), {}, said)
    for work in inventory.planned_work:
        yield _work(work, said)


def _work(work: PlannedWork, said: Provenance) -> Thing:
    times = {"starts_s": float(work.starts_s), "ends_s": float(work.ends_s)}
    return Thing("planned_work", work.id, times, said)


def _touching(work: PlannedWork, said: Provenance) -> Iterable[Relation]:
    for link in work.links:
        yield Relation("touches", ("planned_work", work.id), ("link", link), provenance=said)


def _promise(service: Service) -> Mapping[str, Value]:
    objective = service.objective
    bounds = {"loss": objective.loss, "delay_s": objective.delay_s}
    return {
        "traffic_class": service.traffic_class.value,
        "availability": float(objective.availability),
        **{name: float(value) for name, value in bounds.items() if value is not None},
    }


def _promises(inventory: Inventory, said: Provenance) -> Iterable[Relation]:
    for service in inventory.services:
        this: ThingKey = ("service", service.id)
        yield Relation("bought_by", this, ("customer", service.customer), provenance=said)
        for source, target in service.pairs:
            path: ThingKey = ("path", path_id(source, target))
            yield Relation("needs", this, path, provenance=said)
            for end in (source, target):
                yield Relation("ends_at", path, ("device", end), provenance=said)
    for work in inventory.planned_work:
        yield from _touching(work, said)
