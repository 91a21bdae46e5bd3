"""What is built, in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.playbook.conversation.grammar import Reading
from agents.playbook.conversation.looking_up import Asked, Decline
from agents.playbook.conversation.words import (
    count,
    joined,
    milliseconds,
    percent_of,
    plain,
    rate,
    services,
)

_MOST_RANKED = 5
_MOST_SERVICES = 40


def _node(asked: Asked, reading: Reading) -> dict[str, Any]:
    return asked.look_up("show_node", node=reading.slots["node"])


def _link(asked: Asked, reading: Reading) -> dict[str, Any]:
    return asked.look_up("show_link", link=reading.slots["link"])


def _node_links(asked: Asked, reading: Reading) -> str:
    node = _node(asked, reading)
    links = [f"{x['link']} ({rate(x['capacity_bps'])})" for x in node["links"]]
    return f"{node['node']} has {count(node['link_count'], 'link')}: {joined(links)}."


def _neighbours(asked: Asked, reading: Reading) -> str:
    node = _node(asked, reading)
    number = len(node["neighbours"])
    return f"{node['node']} has {count(number, 'neighbour')}: {joined(node['neighbours'], number)}."


def _adjacent(asked: Asked, reading: Reading) -> str:
    shown, other = _node(asked, reading), reading.slots["node2"]
    links = [x["link"] for x in shown["links"] if x["to"] == other]
    if links:
        return f"Yes: {joined(links)} joins {shown['node']} and {other}."
    return (
        f"No link joins {shown['node']} and {other}: the links of {shown['node']} go to "
        f"{joined(shown['neighbours'])}."
    )


def _capacity(asked: Asked, reading: Reading) -> str:
    link = _link(asked, reading)
    return (
        f"{link['link']} has {rate(link['capacity_bps'])} each way, in "
        f"{count(link['members'], 'member')}."
    )


def _length(asked: Asked, reading: Reading) -> str:
    link = _link(asked, reading)
    return (
        f"{link['link']} is {link['length_km']:.1f} km long, which takes "
        f"{milliseconds(link['propagation_s'])} one way."
    )


def _weight(asked: Asked, reading: Reading) -> str:
    link = _link(asked, reading)
    weights = [f"{weight} from {end}" for end, weight in link["igp_weights"].items()]
    drained = " It is drained, so both ends advertise the maximum." if link["drained"] else ""
    return f"The IGP weight of {link['link']} is {joined(weights)}.{drained}"


def _link_details(asked: Asked, reading: Reading) -> str:
    about = (_capacity, _length, _weight, _shared_risk)
    return " ".join(say(asked, reading) for say in about)


def _node_details(asked: Asked, reading: Reading) -> str:
    return f"{_node_links(asked, reading)} {_services_at(asked, reading)}"


def _total_capacity(asked: Asked, _: Reading) -> str:
    network = asked.look_up("show_network")
    return (
        f"The links of {network['network']} have {rate(network['capacity_bps'])} together, each "
        "way."
    )


def _shared_risk(asked: Asked, reading: Reading) -> str:
    link = _link(asked, reading)
    if not link["shares_duct_with"]:
        return f"No other link on record shares a duct with {link['link']}."
    groups = [g["group"] for g in link["shared_risk_groups"]]
    return (
        f"{link['link']} shares a duct with {joined(link['shares_duct_with'])} ({joined(groups)})."
    )


def _path(asked: Asked, reading: Reading) -> str:
    source, target = reading.slots["node"], reading.slots["node2"]
    path = asked.look_up("show_path", source=source, target=target)
    if not path["reachable"]:
        return f"There is no way from {source} to {target} now."
    ways = [
        f"{' → '.join(way['nodes'])} ({count(way['hops'], 'hop')}, "
        f"{milliseconds(way['propagation_s'])}, {way['length_km']:.1f} km)"
        for way in path["ways"]
    ]
    if len(ways) == 1:
        return f"Traffic from {source} to {target} takes {ways[0]}."
    return (
        f"Traffic from {source} to {target} is split over {path['way_count']} ways of equal cost: "
        f"{joined(ways)}."
    )


def _list_services(asked: Asked, **wanted: str) -> dict[str, Any]:
    open_ = {"service": "", "customer": "", "node": "", "over_link": "", "traffic_class": ""}
    return asked.look_up("list_services", **(open_ | wanted))


def _service(asked: Asked, reading: Reading) -> str:
    shown = _list_services(asked, service=reading.slots["service"])["services"][0]
    pairs = [f"{a} to {b}" for a, b in shown["pairs"]]
    promised = shown["promised"]
    terms = []
    if promised["loss"] is not None:
        terms.append(f"loss of at most {percent_of(promised['loss'])}")
    if promised["delay_s"] is not None:
        terms.append(f"delay of at most {milliseconds(promised['delay_s'])}")
    terms.append(f"availability of {percent_of(promised['availability'])}")
    return (
        f"{shown['service']} is bought by {shown['customer']}: {plain(shown['traffic_class'])} "
        f"from {joined(pairs)}. Promised: {joined(terms)}."
    )


def _service_names(found: Mapping[str, Any]) -> str:
    return joined(services(found["services"]), _MOST_SERVICES, found["count"])


def _services_of(asked: Asked, reading: Reading) -> str:
    found = _list_services(asked, customer=reading.slots["customer"])
    number = count(found["count"], "service")
    return f"{reading.slots['customer']} has {number}: {_service_names(found)}."


def _services_at(asked: Asked, reading: Reading) -> str:
    found = _list_services(asked, node=reading.slots["node"])
    if not found["count"]:
        return f"No service ends at {reading.slots['node']}."
    number = count(found["count"], "service")
    return f"{number} end at {reading.slots['node']}: {_service_names(found)}."


def _services_over(asked: Asked, reading: Reading) -> str:
    link, cls = reading.slots["link"], reading.slots.get("class", "")
    found = _list_services(asked, over_link=link, traffic_class=cls)
    kind = f"{plain(cls)} service" if cls else "service"
    if not found["count"]:
        return f"No {kind} uses {link} as traffic is routed now."
    return (
        f"{count(found['count'], kind)} may use {link} as traffic is routed now: "
        f"{_service_names(found)}."
    )


_SIZES = {
    "node": ("nodes", "node"),
    "link": ("links", "link"),
    "service": ("services", "service"),
    "customer": ("customers", "customer"),
    "srlg": ("shared_risk_groups", "shared-risk group"),
}


def _size(asked: Asked, reading: Reading) -> str:
    network = asked.look_up("show_network")
    named = [reading.slots[x] for x in ("what", "what2", "what3") if x in reading.slots]
    chosen = named or ["node", "link", "service"]
    counts = [count(network[_SIZES[x][0]], _SIZES[x][1]) for x in chosen]
    return f"{network['network']} has {joined(counts)}."


def _all(asked: Asked, reading: Reading) -> str:
    """The names of everything of one kind."""
    what = reading.slots["what"]
    network = asked.look_up("show_network")
    if what == "service":
        return f"{count(network['services'], 'service')}: {_service_names(_list_services(asked))}."
    if what not in ("node", "link", "customer"):
        raise Decline("I can say how many there are, and which a link belongs to.")
    names, number = network[f"{what}_names"], network[f"{what}s"]
    return f"{count(number, what)}: {joined(names, len(names), number)}."


_RANKS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "capacity": ("capacity_bps", rate),
    "length": ("length_km", lambda km: f"{km:.1f} km"),
    "weight": ("highest_igp_weight", lambda weight: f"weight {weight:g}"),
}


def _ranked(asked: Asked, measure: str, *, highest: bool) -> str:
    field, written = _RANKS[measure]
    links = _whole(asked.look_up("list_links"), "links")
    ranked = sorted(links, key=lambda x: (-x[field] if highest else x[field], x["link"]))
    shown = [f"{x['link']} ({written(x[field])})" for x in ranked[:_MOST_RANKED]]
    return f"The {'highest' if highest else 'lowest'} {measure} first: {joined(shown)}."


def _whole(found: Mapping[str, Any], what: str) -> Sequence[Mapping[str, Any]]:
    if found["left_out"]:
        raise Decline(f"There are more {what} than I can compare.")
    rows: Sequence[Mapping[str, Any]] = found[what]
    return rows


def _extreme(measure: str, *, highest: bool) -> Callable[[Asked, Reading], str]:
    return lambda asked, _: _ranked(asked, measure, highest=highest)


def _degree(asked: Asked, reading: Reading) -> str:
    """Nodes that have so many links."""
    wanted = int(reading.slots.get("number", 1))
    nodes = _whole(asked.look_up("list_nodes"), "nodes")
    named = [n["node"] for n in nodes if n["links"] == wanted]
    if not named:
        return "No node has that number of links."
    return f"{joined(named, len(named))}."


def _best_connected(asked: Asked, _: Reading) -> str:
    nodes = _whole(asked.look_up("list_nodes"), "nodes")
    ranked = sorted(nodes, key=lambda n: (-n["links"], n["node"]))[:_MOST_RANKED]
    shown = [f"{n['node']} ({count(n['links'], 'link')})" for n in ranked]
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
