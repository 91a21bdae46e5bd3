"""What is built: nodes, links, ways, shared risk, and who is served."""

import math
from collections.abc import Callable, Iterable, Sequence
from difflib import ndiff
from typing import Any, NamedTuple

from agents.conversation.lookups import Lookups
from agents.conversation.names import Names
from agents.conversation.queries.topology import (
    FIND_NAMES,
    LIST_LINKS,
    LIST_NODES,
    LIST_SERVICES,
    SHOW_LINK,
    SHOW_NETWORK,
    SHOW_NODE,
    SHOW_PATH,
    Apart,
    Ends,
    InterfaceShown,
    LinkResult,
    LinkRow,
    LinksResult,
    NamesResult,
    NetworkResult,
    NoArguments,
    NodeLink,
    NodeResult,
    NodeRow,
    NodesResult,
    OneLink,
    OneNode,
    PathResult,
    PromisedDelay,
    Served,
    ServiceRow,
    ServicesResult,
    SharedRisk,
    Text,
    Way,
)
from agents.conversation.record import NetworkRecord, utc
from agents.conversation.supposing import suppose
from tools.journal.standing import impact_of, standing
from tools.registry import Tool
from twin.errors import BadInput
from twin.events.names import find_link, find_node
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.service import Service
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface, Link, Topology
from twin.physics.questions import links_used
from twin.physics.twin import Twin
from twin.whatif.disjoint import PathPair, disjoint_paths

_MOST_LISTED = 40
_MONTH_S = 30 * 86_400.0
_MOST_ROWS = 400
"""Of lists whose rows are short, so that a whole network can be compared."""


def topology_tools(record: NetworkRecord, names: Names, lookups: Lookups) -> tuple[Tool[Any], ...]:
    """The tools, bound to one network."""
    view = _Built(record)
    return (
        lookups.tool(
            FIND_NAMES,
            "Nodes, links, services, customers, incidents and plans that a text names, and names "
            "that come near.",
            lambda asked: _names(names, asked),
        ),
        lookups.tool(
            SHOW_NETWORK,
            "How large the network is (capacity in bit/s), its busiest and its quietest hour.",
            view.network,
        ),
        lookups.tool(
            LIST_NODES,
            "Every node with the number of its links and of the services that end there.",
            view.nodes,
        ),
        lookups.tool(
            LIST_LINKS,
            "Every link with its capacity (bit/s), length (km) and the higher of its IGP weights.",
            view.links,
        ),
        lookups.tool(
            SHOW_NODE,
            "A node: its links and whether they are up, neighbours, services that end there, how "
            "many other nodes it has a way to now, and its configuration against the intended one.",
            view.node,
        ),
        lookups.tool(
            SHOW_LINK,
            "A link: ends, capacity (bit/s), length (km), delay (s), IGP weights, up or down, "
            "drained, and which links share a duct with it.",
            view.link,
        ),
        lookups.tool(
            SHOW_PATH,
            "The way that traffic takes from one node to another, with the weights and links that "
            "are up now or after events; propagation in seconds; two paths that share nothing.",
            view.path,
        ),
        lookups.tool(
            LIST_SERVICES,
            "Services with their customer, class, pairs, what was promised (loss 0..1, one-way "
            "delay in s, availability 0..1), and the time in breach that closed incidents count.",
            view.services,
        ),
    )


def _names(names: Names, asked: Text) -> NamesResult:
    found = names.find(asked.text)
    return NamesResult(names=found.names, near=found.near)


class _Lost(NamedTuple):
    """What `incident` counts between two times: seconds in breach by service."""

    incident: str
    from_s: float
    until_s: float
    seconds: dict[str, float]


class _Built:
    def __init__(self, record: NetworkRecord) -> None:
        self._record = record

    @property
    def _topology(self) -> Topology:
        return self._record.topology

    def network(self, _: NoArguments) -> NetworkResult:
        topology, inventory = self._topology, self._record.inventory
        return NetworkResult(
            network=self._record.network,
            topology=topology.name,
            nodes=len(topology.nodes),
            links=len(topology.links),
            services=len(inventory.services),
            customers=len({s.customer for s in inventory.services}),
            shared_risk_groups=len(topology.shared_risk_groups),
            capacity_bps=sum(x.capacity_bps for x in topology.links),
            length_km=round(sum(x.length_km for x in topology.links), 1),
            node_names=_cut(n.id for n in topology.nodes),
            link_names=_cut(x.id for x in topology.links),
            customer_names=_cut(sorted({s.customer for s in inventory.services})),
            busiest_hour_utc=f"{_hour(inventory.profile.hourly, max)}:00",
            quietest_hour_utc=f"{_hour(inventory.profile.hourly, min)}:00",
            quietest_share=round(min(inventory.profile.hourly), 4),
            hourly_shares=tuple(round(share, 4) for share in inventory.profile.hourly),
        )

    def nodes(self, _: NoArguments) -> NodesResult:
        topology, services = self._topology, self._record.inventory.services
        rows = tuple(
            NodeRow(
                node=n.id,
                links=len(topology.links_at(n.id)),
                services=sum(1 for s in services if _ends_at(s, n.id)),
            )
            for n in topology.nodes[:_MOST_ROWS]
        )
        return NodesResult(nodes=rows, left_out=len(topology.nodes) - len(rows))

    def links(self, _: NoArguments) -> LinksResult:
        topology, running = self._topology, self._record.state_at().running
        rows = tuple(
            LinkRow(
                link=x.id,
                ends=(x.a, x.b),
                ducts=tuple(g.id for g in topology.shared_risk_groups if x.id in g.links),
                capacity_bps=x.capacity_bps,
                length_km=round(x.length_km, 1),
                highest_igp_weight=max(
                    running.device(end).interface(x.id).igp_weight for end in (x.a, x.b)
                ),
            )
            for x in topology.links[:_MOST_ROWS]
        )
        return LinksResult(links=rows, left_out=len(topology.links) - len(rows))

    def node(self, asked: OneNode) -> NodeResult:
        node = find_node(self._topology, asked.node).id
        links = self._topology.links_at(node)
        served = [s.id for s in self._record.inventory.services if _ends_at(s, node)]
        up = self._links_up()
        return NodeResult(
            node=node,
            links=tuple(
                NodeLink(
                    link=x.id,
                    to=x.other_end(node),
                    capacity_bps=x.capacity_bps,
                    up=x.id in up,
                )
                for x in links
            ),
            links_up=sum(1 for x in links if x.id in up),
            others=len(self._topology.nodes) - 1,
            others_with_a_way=self._reached(node, up) - 1,
            link_count=len(links),
            neighbours=tuple(sorted({x.other_end(node) for x in links})),
            services=_cut(served),
            service_count=len(served),
            watched=self._record.tracker is not None,
            **self._configured(node),
        )

    def _configured(self, node: str) -> dict[str, Any]:
        running = self._record.state_at().running.device(node)
        intended = self._record.inventory.intended.device(node)
        return {
            "interfaces": tuple(
                InterfaceShown(
                    link=i.link,
                    igp_weight=i.igp_weight,
                    intended_igp_weight=intended.interface(i.link).igp_weight,
                    drained=i.drained,
                    shut_down=i.shut_down,
                )
                for i in running.interfaces
            ),
            "diff": "\n".join(
                line
                for line in ndiff(intended.text().splitlines(), running.text().splitlines())
                if line.startswith(("- ", "+ ", "  interface"))
            )
            if intended != running
            else "",
        }

    def _links_up(self) -> set[str]:
        state = self._record.state_at()
        shut = {i.link for d in state.running.devices for i in d.interfaces if i.shut_down}
        return {x.id for x in self._topology.links} - state.down_links - shut

    def _reached(self, node: str, up: set[str]) -> int:
        """How many nodes links that are up lead to, itself included."""
        seen, ahead = {node}, [node]
        while ahead:
            here = ahead.pop()
            near = {x.other_end(here) for x in self._topology.links_at(here) if x.id in up} - seen
            seen |= near
            ahead += near
        return len(seen)

    def link(self, asked: OneLink) -> LinkResult:
        link = find_link(self._topology, asked.link)
        state = self._record.state_at()
        interfaces = {end: state.running.device(end).interface(link.id) for end in (link.a, link.b)}
        groups = [g for g in self._topology.shared_risk_groups if link.id in g.links]
        return LinkResult(
            link=link.id,
            ends=(link.a, link.b),
            capacity_bps=link.capacity_bps,
            members=link.members,
            length_km=round(link.length_km, 1),
            propagation_s=link.propagation_s,
            igp_weights={end: i.igp_weight for end, i in interfaces.items()},
            intended_igp_weights={
                end: self._record.inventory.intended.device(end).interface(link.id).igp_weight
                for end in (link.a, link.b)
            },
            drained=any(i.drained for i in interfaces.values()),
            up=link.id in self._links_up(),
            watched=self._record.tracker is not None,
            shared_risk_groups=tuple(
                SharedRisk(group=g.id, place=g.place, links=g.links) for g in groups
            ),
            shares_duct_with=tuple(sorted({x for g in groups for x in g.links} - {link.id})),
        )

    def path(self, asked: Ends) -> PathResult:
        state = self._record.state_at()
        if asked.events:
            state = suppose(asked.events, state)
        twin = self._record.twin.of(state)
        source = find_node(state.topology, asked.source).id
        target = find_node(state.topology, asked.target).id
        if source == target:
            raise BadInput(f"{source} is both ends of the path; name different nodes")
        pairs = disjoint_paths(state, source, target) if asked.apart else ()
        apart = tuple(_apart(pair, state) for pair in pairs) if asked.apart else None
        found = _ways(twin, state, source, target)
        if not found:
            return PathResult(
                source=source,
                target=target,
                events=asked.events or None,
                reachable=False,
                ways=(),
                apart=apart,
            )
        ways = tuple(_way(state, nodes, links) for nodes, links in found)
        return PathResult(
            source=source,
            target=target,
            events=asked.events or None,
            reachable=True,
            ways=ways,
            promised=self._promised(source, target, max(way.propagation_s for way in ways)),
            way_count=len(ways),
            links=tuple(sorted(links_used(twin, state, source, target))),
            apart=apart,
        )

    def _promised(self, source: str, target: str, takes_s: float) -> tuple[PromisedDelay, ...]:
        return tuple(
            PromisedDelay(
                service=s.id,
                customer=s.customer,
                promised_s=s.objective.delay_s,
                left_s=s.objective.delay_s - takes_s,
            )
            for s in self._record.inventory.services
            if s.objective.delay_s is not None
            and any({source, target} == set(pair) for pair in s.pairs)
        )

    def services(self, asked: Served) -> ServicesResult:
        over = find_link(self._topology, asked.over_link).id if asked.over_link else ""
        node = find_node(self._topology, asked.node).id if asked.node else ""
        found = [
            s
            for s in self._record.inventory.services
            if (not asked.service or s.id == asked.service)
            and (not asked.customer or s.customer == asked.customer)
            and (not asked.traffic_class or s.traffic_class == asked.traffic_class)
            and (not node or _ends_at(s, node))
        ]
        if over:
            arcs = self._arcs_of(self._topology.link(over))
            found = [s for s in found if self._uses(s, arcs)]
        if asked.over_node:
            passed = find_node(self._topology, asked.over_node).id
            arcs = set().union(*(self._arcs_of(x) for x in self._topology.links_at(passed)))
            found = [s for s in found if _ends_at(s, passed) or self._uses(s, arcs)]
        lost, still_open = self._lost()
        return ServicesResult(
            services=tuple(_row(s, lost) for s in found[:_MOST_LISTED]),
            count=len(found),
            left_out=max(0, len(found) - _MOST_LISTED),
            open_incidents=still_open,
            journal_utc=utc(self._record.now_s) if self._record.now_s else None,
        )

    def _lost(self) -> tuple[list[_Lost], tuple[str, ...]]:
        """What incidents count, the first to begin first, and those of them that go on."""
        journal, lost, still_open = self._record.journal, list[_Lost](), []
        for record in journal.incidents(network=self._record.network):
            name, impact = record.incident.id, impact_of(journal, record)
            if standing(journal, record).ended_s is None:
                still_open.append(name)
            if impact is not None and impact.minutes_lost:
                seconds = {service: 60.0 * m for service, m in impact.minutes_lost.items()}
                lost.append(_Lost(name, record.incident.onset_s, impact.as_of_s, seconds))
        lost.sort(key=lambda one: one.from_s)
        return lost, tuple(still_open)

    def _arcs_of(self, link: Link) -> set[int]:
        return {
            self._topology.arc_of(Interface(node=end, link=link.id)) for end in (link.a, link.b)
        }

    def _uses(self, service: Service, arcs: set[int]) -> bool:
        """Whether some pair of `service` may be sent over one of `arcs`."""
        routing, index = self._record.twin.route(self._record.state_at()), self._topology.node_index
        for source, target in service.pairs:
            row = index[target]
            seen, ahead = {index[source]}, [index[source]]
            while ahead:
                for arc in routing.next_hop_arcs(row, ahead.pop()):
                    if int(arc) in arcs:
                        return True
                    head = self._record.twin.compiled.head[int(arc)]
                    if int(head) not in seen:
                        seen.add(int(head))
                        ahead.append(int(head))
        return False


def _ways(
    twin: Twin, state: NetworkState, source: str, target: str
) -> list[tuple[list[str], list[str]]]:
    """Nodes and links of every equal-cost way, at most _MOST_LISTED."""
    topology, routing = state.topology, twin.route(state)
    row = topology.node_index[target]
    done: list[tuple[list[str], list[str]]] = []
    ahead: list[tuple[list[str], list[str]]] = [([source], [])]
    while ahead and len(done) < _MOST_LISTED:
        nodes, links = ahead.pop(0)
        if nodes[-1] == target:
            done.append((nodes, links))
            continue
        for arc in routing.next_hop_arcs(row, topology.node_index[nodes[-1]]):
            link = topology.links[int(arc) // 2]
            ahead.append(([*nodes, link.other_end(nodes[-1])], [*links, link.id]))
    return done


def _way(state: NetworkState, nodes: Sequence[str], links: Sequence[str]) -> Way:
    on_it = [state.topology.link(x) for x in links]
    propagation_s = sum(x.propagation_s for x in on_it)
    return Way(
        nodes=tuple(nodes),
        links=tuple(links),
        hops=len(links),
        propagation_s=propagation_s,
        round_trip_s=2 * propagation_s,
        weight=_weight_of(state.running, nodes, links),
        length_km=round(sum(x.length_km for x in on_it), 1),
    )


def _apart(pair: PathPair, state: NetworkState) -> Apart:
    return Apart(
        what=pair.apart,
        ways=tuple(_way(state, path.nodes, path.links) for path in pair.paths),
        shared_nodes=pair.shared_nodes,
        shared_ducts=pair.shared_ducts,
        best=pair.best,
        why_not=pair.why_not,
    )


def _weight_of(running: NetworkConfiguration, nodes: Sequence[str], links: Sequence[str]) -> int:
    hops = zip(nodes, links, strict=False)
    return sum(running.device(n).interface(x).advertised_weight for n, x in hops)


def _ends_at(service: Service, node: str) -> bool:
    return any(node in pair for pair in service.pairs)


def _hour(hourly: Sequence[float], choose: Callable[..., int]) -> str:
    return f"{choose(range(len(hourly)), key=lambda h: hourly[h]):02d}"


def _counted_once_s(service: str, lost: Sequence[_Lost]) -> float:
    """Incidents that go on at once count the same breaches: of these, what is the most."""
    total = most = 0.0
    until_s = -math.inf
    for one in lost:
        if one.from_s > until_s:
            total, most = total + most, 0.0
        most, until_s = max(most, one.seconds[service]), max(until_s, one.until_s)
    return total + most


def _row(service: Service, lost: Sequence[_Lost]) -> ServiceRow:
    mine = [one for one in lost if service.id in one.seconds]
    lost_s = round(_counted_once_s(service.id, mine))
    allowed_s = round((1.0 - service.objective.availability) * _MONTH_S)
    return ServiceRow(
        lost_s=lost_s,
        lost_in=tuple(one.incident for one in mine),
        allowed_s=allowed_s,
        allowed_of_s=round(_MONTH_S),
        left_s=allowed_s - lost_s,
        service=service.id,
        customer=service.customer,
        traffic_class=service.traffic_class,
        pairs=service.pairs,
        promised=service.objective,
    )


def _cut(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)[:_MOST_LISTED]
