"""A whole operator invented around a topology: power, cooling, hosts, a 5G core, cells, slices.

What the topology and its inventory say stays; everything else is invented, by these proportions:

- three cells a site: 3GPP TR 38.901, table 7.2-1 (three sectors a site);
- battery of 24 h at core sites and 8 h elsewhere: what FCC 07-107 (2007) asked of central offices
  and of cell sites;
- core sites are fed twice, by two substations, and each has one chiller more than it needs: rated-3
  of ANSI/TIA-942 (two paths, N + 1); others have one feed and one of each;
- pools of AMF, SMF, NRF, AUSF and UDM have three instances, of which two carry the load: sets of
  3GPP TS 23.501, clause 5.21, N + 1;
- slices are the first three of 3GPP TS 23.501, table 5.15.2.2-1, with the delay budgets of 5QI 9,
  82 and 9 (table 5.7.4-1).

Which sites are core, how many sites a substation feeds, how long rooms stay cool without a chiller,
and where edge sites are, is assumed.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from twin.knowledge.facts import Facts, Properties, Provenance, Relation, Thing, ThingKey
from twin.knowledge.recorded import facts_of, path_id
from twin.nouns.inventory import Inventory
from twin.nouns.topology import Topology

GENERATED = "generated"
"""The source of what is invented."""

CELLS_A_SITE = 3
CORE_SHARE = 0.1
"""So many of the sites, those of the highest degree, are core; two at least. Assumed."""

EDGE_SHARE = 0.2
"""So many of the next ones have servers of the edge. Assumed."""

SITES_A_SUBSTATION = 5
"""Assumed."""

BATTERY_S = {"core": 24 * 3600.0, "edge": 8 * 3600.0, "access": 8 * 3600.0}
COOL_S = 900.0
"""So long a room stays cool enough. Assumed."""

CONTROL = ("AMF", "SMF", "NRF", "AUSF", "UDM")
INSTANCES, NEEDED = 3, 2

SLICES = (("eMBB", 1, 0.3), ("URLLC", 2, 0.01), ("MIoT", 3, 0.3))
"""Name, slice/service type, delay budget in seconds."""


@dataclass(slots=True)
class _Draft:
    said: Provenance
    things: list[Thing] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)

    def add(self, kind: str, name: str, **properties: str | int | float) -> ThingKey:
        self.things.append(Thing(kind, name, properties, self.said))
        return kind, name

    def join(
        self, kind: str, source: ThingKey, target: ThingKey, **properties: str | int | float
    ) -> None:
        given: Properties = properties
        self.relations.append(Relation(kind, source, target, "", given, self.said))


def operator_facts(inventory: Inventory, seed: int = 1, recorded_s: float = 0.0) -> Facts:
    """The facts of `inventory` and of an operator around it; the same arguments, the same facts."""
    known = facts_of(inventory, recorded_s)
    drawn = random.Random(f"operator {seed} {inventory.topology.name}")
    draft = _Draft(Provenance(GENERATED, recorded_s))
    roles = _roles(inventory.topology)
    device_at = {node.site: node.id for node in reversed(inventory.topology.nodes)}
    _power(draft, roles, inventory.topology, drawn)
    hosts = dict(_hosts(draft, roles, device_at))
    upf = _core(draft, hosts, [site for site, role in roles.items() if role == "core"])
    _radio(draft, device_at, upf, inventory.topology)
    _edge(draft, hosts, [site for site, role in roles.items() if role == "edge"])
    return Facts.of([*known.things, *draft.things], [*known.relations, *draft.relations])


def _roles(topology: Topology) -> dict[str, str]:
    degree = {site.id: 0 for site in topology.sites}
    for node in topology.nodes:
        degree[node.site] += len(topology.links_at(node.id))
    ordered = sorted(degree, key=lambda site: (-degree[site], site))
    core = max(2, round(CORE_SHARE * len(ordered)))
    edge = max(1, round(EDGE_SHARE * len(ordered)))
    names = ["core"] * core + ["edge"] * edge
    return {site: names[i] if i < len(names) else "access" for i, site in enumerate(ordered)}


def _power(draft: _Draft, roles: dict[str, str], topology: Topology, drawn: random.Random) -> None:
    number = max(2, -(-len(roles) // SITES_A_SUBSTATION))
    substations = [draft.add("substation", f"substation {i + 1}") for i in range(number)]
    # Neighbours on the map share a substation: sites in order of longitude, in runs.
    eastward = sorted(topology.sites, key=lambda s: (s.longitude, s.latitude, s.id))
    for place, site in enumerate(eastward):
        role = roles[site.id]
        nearest = place * number // len(eastward)
        count = 2 if role == "core" else 1
        battery = draft.add("ups", f"{site.id} ups")
        draft.join("located_at", battery, ("site", site.id))
        others = [s for i, s in enumerate(substations) if i != nearest]
        for i, substation in enumerate([substations[nearest], drawn.choice(others)][:count]):
            feed = draft.add("power_feed", f"{site.id} feed {i + 1}")
            draft.join("fed_by", feed, substation)
            draft.join("fed_by", battery, feed, hold_s=BATTERY_S[role])
        for i in range(count):
            chiller = draft.add("cooling", f"{site.id} cooling {i + 1}")
            draft.join("located_at", chiller, ("site", site.id))
            # A chiller draws too much for a battery.
            for supply in range(1, count + 1):
                feed = ("power_feed", f"{site.id} feed {supply}")
                draft.join("powered_by", chiller, feed)
            draft.join("cooled_by", battery, chiller, hold_s=COOL_S)
    for node in topology.nodes:
        draft.join("powered_by", ("device", node.id), ("ups", f"{node.site} ups"))


def _hosts(
    draft: _Draft, roles: dict[str, str], device_at: dict[str, str]
) -> Iterator[tuple[str, tuple[ThingKey, ...]]]:
    for site, role in roles.items():
        if role == "access" or site not in device_at:
            continue
        hosts = []
        for i in range(3 if role == "core" else 1):
            host = draft.add("host", f"{site} host {i + 1}")
            draft.join("located_at", host, ("site", site))
            draft.join("powered_by", host, ("ups", f"{site} ups"))
            draft.join("attached_to", host, ("device", device_at[site]))
            hosts.append(host)
        yield site, tuple(hosts)


def _core(draft: _Draft, hosts: dict[str, tuple[ThingKey, ...]], core: Sequence[str]) -> ThingKey:
    """Control functions in pools over the core sites; returns the pool of the user plane."""
    sites = [site for site in core if site in hosts]
    pools = []
    for number, of in enumerate(CONTROL):
        pool = draft.add("pool", of, type=of)
        pools.append(pool)
        for i in range(INSTANCES):
            at = hosts[sites[(number + i) % len(sites)]]
            _function(draft, of, i + 1, at[(number + i) % len(at)], pool, NEEDED)
    user_plane = draft.add("pool", "UPF", type="UPF")
    for i, site in enumerate(sites):
        _function(draft, "UPF", i + 1, hosts[site][0], user_plane, 1)
    for name, sst, delay_s in SLICES:
        piece = draft.add("slice", name, sst=sst, delay_s=delay_s, availability=0.999)
        for pool in (*pools, user_plane):
            draft.join("needs", piece, pool)
    return user_plane


def _function(
    draft: _Draft, of: str, number: int, host: ThingKey, pool: ThingKey, needed: int
) -> None:
    machine = draft.add("virtual_machine", f"{of} {number}")
    function = draft.add("network_function", f"{of} {number}", type=of)
    draft.join("hosted_on", machine, host)
    draft.join("hosted_on", function, machine)
    draft.join("member_of", function, pool, k=needed)


def _radio(
    draft: _Draft, device_at: dict[str, str], user_plane: ThingKey, topology: Topology
) -> None:
    """Cells at every site, and a service that is up while one is and the core is reached."""
    core = [device_at[one.target[1]] for one in _placed(draft, user_plane)]
    for site in topology.sites:
        if site.id not in device_at:
            continue
        device, service = device_at[site.id], draft.add("service", f"mobile {site.id}")
        draft.join("needs", service, ("slice", SLICES[0][0]))
        draft.join("bought_by", service, ("customer", f"mobile users {site.id}"))
        draft.add("customer", f"mobile users {site.id}")
        for number in range(CELLS_A_SITE):
            cell = draft.add("cell", f"{site.id} cell {number + 1}")
            draft.join("located_at", cell, ("site", site.id))
            draft.join("powered_by", cell, ("ups", f"{site.id} ups"))
            draft.join("attached_to", cell, ("device", device))
            draft.join("needs", service, cell, group="cells", k=1)
        for other in dict.fromkeys(d for d in core if d != device):
            path = draft.add("path", path_id(device, other))
            draft.join("ends_at", path, ("device", device))
            draft.join("ends_at", path, ("device", other))
            if device not in core:
                draft.join("needs", service, path, group="to the core", k=1)


def _placed(draft: _Draft, pool: ThingKey) -> list[Relation]:
    """Where the hosts of a pool's functions stand."""
    functions = {r.source for r in draft.relations if r.kind == "member_of" and r.target == pool}
    runs = [r for r in draft.relations if r.kind == "hosted_on"]
    machines = {r.target for r in runs if r.source in functions}
    hosts = {r.target for r in runs if r.source in machines}
    return [r for r in draft.relations if r.source in hosts and r.kind == "located_at"]


def _edge(draft: _Draft, hosts: dict[str, tuple[ThingKey, ...]], edge: Sequence[str]) -> None:
    """An application a site of the edge, for an IoT customer who needs their slice as well."""
    for site in edge:
        if site not in hosts:
            continue
        application = draft.add("application", f"edge {site}")
        customer = draft.add("customer", f"utility {site}")
        service = draft.add("service", f"metering {site}")
        draft.join("hosted_on", application, hosts[site][0])
        draft.join("needs", service, application)
        draft.join("needs", service, ("slice", SLICES[2][0]))
        draft.join("bought_by", service, customer)
