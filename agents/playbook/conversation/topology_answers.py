"""What is built, in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from agents.conversation.queries.topology import (
    LIST_LINKS,
    LIST_NODES,
    LIST_SERVICES,
    SHOW_LINK,
    SHOW_NETWORK,
    SHOW_NODE,
    SHOW_PATH,
    Ends,
    LinkResult,
    LinkRow,
    NetworkResult,
    NoArguments,
    NodeResult,
    NodeRow,
    OneLink,
    OneNode,
    Served,
    ServicesResult,
)
from agents.playbook.conversation.grammar import Reading
from agents.playbook.conversation.looking_up import Asked, Decline
from agents.playbook.conversation.words import (
    joined,
    milliseconds,
    percent_of,
    plain,
    rate,
    services,
)
from twin.nouns.counted import counted

T = TypeVar("T")

_MOST_RANKED = 5
_MOST_SERVICES = 40


def _node(asked: Asked, reading: Reading) -> NodeResult:
    return asked.look_up(SHOW_NODE, OneNode(node=reading.slots["node"]))


def _link(asked: Asked, reading: Reading) -> LinkResult:
    return asked.look_up(SHOW_LINK, OneLink(link=reading.slots["link"]))


def _node_links(asked: Asked, reading: Reading) -> str:
    node = _node(asked, reading)
    links = [f"{x.link} ({rate(x.capacity_bps)})" for x in node.links]
    return f"{node.node} has {counted(node.link_count, 'link')}: {joined(links)}."


def _neighbours(asked: Asked, reading: Reading) -> str:
    node = _node(asked, reading)
    number = len(node.neighbours)
    return f"{node.node} has {counted(number, 'neighbour')}: {joined(node.neighbours, number)}."


def _adjacent(asked: Asked, reading: Reading) -> str:
    shown, other = _node(asked, reading), reading.slots["node2"]
    links = [x.link for x in shown.links if x.to == other]
    if links:
        return f"Yes: {joined(links)} joins {shown.node} and {other}."
    return (
        f"No link joins {shown.node} and {other}: the links of {shown.node} go to "
        f"{joined(shown.neighbours)}."
    )


def _capacity(asked: Asked, reading: Reading) -> str:
    link = _link(asked, reading)
    return (
        f"{link.link} has {rate(link.capacity_bps)} each way, in {counted(link.members, 'member')}."
    )


def _length(asked: Asked, reading: Reading) -> str:
    link = _link(asked, reading)
    return (
        f"{link.link} is {link.length_km:.1f} km long, which takes "
        f"{milliseconds(link.propagation_s)} one way."
    )


def _weight(asked: Asked, reading: Reading) -> str:
    link = _link(asked, reading)
    weights = [f"{weight} from {end}" for end, weight in link.igp_weights.items()]
    drained = " It is drained, so both ends advertise the maximum." if link.drained else ""
    return f"The IGP weight of {link.link} is {joined(weights)}.{drained}"


def _link_details(asked: Asked, reading: Reading) -> str:
    about = (_capacity, _length, _weight, _shared_risk)
    return " ".join(say(asked, reading) for say in about)


def _node_details(asked: Asked, reading: Reading) -> str:
    return f"{_node_links(asked, reading)} {_services_at(asked, reading)}"


def _total_capacity(asked: Asked, _: Reading) -> str:
    network = asked.look_up(SHOW_NETWORK, NoArguments())
    return f"The links of {network.network} have {rate(network.capacity_bps)} together, each way."


def _shared_risk(asked: Asked, reading: Reading) -> str:
    link = _link(asked, reading)
    if not link.shares_duct_with:
        return f"No other link on record shares a duct with {link.link}."
    groups = [g.group for g in link.shared_risk_groups]
    return f"{link.link} shares a duct with {joined(link.shares_duct_with)} ({joined(groups)})."


def _path(asked: Asked, reading: Reading) -> str:
    source, target = reading.slots["node"], reading.slots["node2"]
    path = asked.look_up(SHOW_PATH, Ends(source=source, target=target))
    if not path.reachable:
        return f"There is no way from {source} to {target} now."
    ways = [
        f"{' → '.join(way.nodes)} ({counted(way.hops, 'hop')}, "
        f"{milliseconds(way.propagation_s)}, {way.length_km:.1f} km)"
        for way in path.ways
    ]
    if len(ways) == 1:
        return f"Traffic from {source} to {target} takes {ways[0]}."
    return (
        f"Traffic from {source} to {target} is split over {path.way_count} ways of equal cost: "
        f"{joined(ways)}."
    )


def _list_services(
    asked: Asked,
    *,
    service: str = "",
    customer: str = "",
    node: str = "",
    over_link: str = "",
    traffic_class: str = "",
) -> ServicesResult:
    wanted = Served(
        service=service,
        customer=customer,
        node=node,
        over_link=over_link,
        traffic_class=traffic_class,
    )
    return asked.look_up(LIST_SERVICES, wanted)


def _service(asked: Asked, reading: Reading) -> str:
    shown = _list_services(asked, service=reading.slots["service"]).services[0]
    pairs = [f"{a} to {b}" for a, b in shown.pairs]
    promised = shown.promised
    terms = []
    if promised.loss is not None:
        terms.append(f"loss of at most {percent_of(promised.loss)}")
    if promised.delay_s is not None:
        terms.append(f"delay of at most {milliseconds(promised.delay_s)}")
    terms.append(f"availability of {percent_of(promised.availability)}")
    return (
        f"{shown.service} is bought by {shown.customer}: {plain(shown.traffic_class)} "
        f"from {joined(pairs)}. Promised: {joined(terms)}."
    )


def _service_names(found: ServicesResult) -> str:
    return joined(services(found.services), _MOST_SERVICES, found.count)


def _services_of(asked: Asked, reading: Reading) -> str:
    found = _list_services(asked, customer=reading.slots["customer"])
    number = counted(found.count, "service")
    return f"{reading.slots['customer']} has {number}: {_service_names(found)}."


def _services_at(asked: Asked, reading: Reading) -> str:
    found = _list_services(asked, node=reading.slots["node"])
    if not found.count:
        return f"No service ends at {reading.slots['node']}."
    number = counted(found.count, "service")
    return f"{number} end at {reading.slots['node']}: {_service_names(found)}."


def _services_over(asked: Asked, reading: Reading) -> str:
    link, cls = reading.slots["link"], reading.slots.get("class", "")
    found = _list_services(asked, over_link=link, traffic_class=cls)
    kind = f"{plain(cls)} service" if cls else "service"
    if not found.count:
        return f"No {kind} uses {link} as traffic is routed now."
    return (
        f"{counted(found.count, kind)} may use {link} as traffic is routed now: "
        f"{_service_names(found)}."
    )


_NUMBERS: Mapping[str, Callable[[NetworkResult], int]] = {
    "node": lambda n: n.nodes,
    "link": lambda n: n.links,
    "service": lambda n: n.services,
    "customer": lambda n: n.customers,
    "srlg": lambda n: n.shared_risk_groups,
}

_NAMES: Mapping[str, Callable[[NetworkResult], tuple[str, ...]]] = {
    "node": lambda n: n.node_names,
    "link": lambda n: n.link_names,
    "customer": lambda n: n.customer_names,
}


def _size(asked: Asked, reading: Reading) -> str:
    network = asked.look_up(SHOW_NETWORK, NoArguments())
    named = [reading.slots[x] for x in ("what", "what2", "what3") if x in reading.slots]
    chosen = named or ["node", "link", "service"]
    return f"{network.network} has {joined([_counted(network, x) for x in chosen])}."


def _counted(network: NetworkResult, what: str) -> str:
    return counted(_NUMBERS[what](network), "shared-risk group" if what == "srlg" else what)


def _all(asked: Asked, reading: Reading) -> str:
    """The names of everything of one kind."""
    what = reading.slots["what"]
    network = asked.look_up(SHOW_NETWORK, NoArguments())
    if what == "service":
        return f"{_counted(network, what)}: {_service_names(_list_services(asked))}."
    if what not in _NAMES:
        raise Decline("I can say how many there are, and which a link belongs to.")
    names = _NAMES[what](network)
    return f"{_counted(network, what)}: {joined(names, len(names), _NUMBERS[what](network))}."


_RANKS: Mapping[str, tuple[Callable[[LinkRow], float], Callable[[float], str]]] = {
    "capacity": (lambda link: link.capacity_bps, rate),
    "length": (lambda link: link.length_km, lambda km: f"{km:.1f} km"),
    "weight": (lambda link: link.highest_igp_weight, lambda weight: f"weight {weight:g}"),
}


def _ranked(asked: Asked, measure: str, *, highest: bool) -> str:
    measured, written = _RANKS[measure]
    found = asked.look_up(LIST_LINKS, NoArguments())
    links = _whole(found.links, found.left_out, "links")
    ranked = sorted(links, key=lambda x: (-measured(x) if highest else measured(x), x.link))
    shown = [f"{x.link} ({written(measured(x))})" for x in ranked[:_MOST_RANKED]]
    return f"The {'highest' if highest else 'lowest'} {measure} first: {joined(shown)}."


def _nodes(asked: Asked) -> Sequence[NodeRow]:
    found = asked.look_up(LIST_NODES, NoArguments())
    return _whole(found.nodes, found.left_out, "nodes")


def _whole(rows: Sequence[T], left_out: int, what: str) -> Sequence[T]:
    if left_out:
        raise Decline(f"There are more {what} than I can compare.")
    return rows


def _extreme(measure: str, *, highest: bool) -> Callable[[Asked, Reading], str]:
    return lambda asked, _: _ranked(asked, measure, highest=highest)


def _degree(asked: Asked, reading: Reading) -> str:
    """Nodes that have so many links."""
    wanted = int(reading.slots.get("number", 1))
    named = [n.node for n in _nodes(asked) if n.links == wanted]
    if not named:
        return "No node has that number of links."
    return f"{joined(named, len(named))}."


def _best_connected(asked: Asked, _: Reading) -> str:
    ranked = sorted(_nodes(asked), key=lambda n: (-n.links, n.node))[:_MOST_RANKED]
    shown = [f"{n.node} ({counted(n.links, 'link')})" for n in ranked]
    return f"The best connected first: {joined(shown)}."


TOPOLOGY_ANSWERS: Mapping[str, Callable[[Asked, Reading], str]] = {
    "node_links": _node_links,
    "neighbours": _neighbours,
    "adjacent": _adjacent,
    "capacity": _capacity,
    "length": _length,
    "weight": _weight,
    "link_details": _link_details,
    "node_details": _node_details,
    "total_capacity": _total_capacity,
    "shared_risk": _shared_risk,
    "path": _path,
    "service": _service,
    "services_of": _services_of,
    "services_at": _services_at,
    "services_over": _services_over,
    "size": _size,
    "all": _all,
    "longest": _extreme("length", highest=True),
    "shortest": _extreme("length", highest=False),
    "largest": _extreme("capacity", highest=True),
    "smallest": _extreme("capacity", highest=False),
    "heaviest": _extreme("weight", highest=True),
    "degree": _degree,
    "best_connected": _best_connected,
}
"""By intent."""
