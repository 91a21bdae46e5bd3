"""What is built: nodes, links, ways, shared risk, and who is served."""

from pydantic import Field

from agents.conversation.lookups import Query, Result
from agents.conversation.names import FoundName, NearName
from twin.nouns.base import IfGiven, Noun
from twin.nouns.service import ServiceLevelObjective
from twin.nouns.traffic import TrafficClass


class NoArguments(Noun):
    """Nothing has to be said."""


class Text(Noun):
    """Words as somebody wrote them."""

    text: str = Field(max_length=2000)


class OneNode(Noun):
    """`node`: its name."""

    node: str


class OneLink(Noun):
    """`link`: its name, or its two ends as in "A-B"."""

    link: str


class Ends(Noun):
    """`source`, `target`: names of nodes. `events`: what is supposed, as in what_if; "": nothing.

    `apart`: whether two paths that share no link, no node, no duct are wanted too.
    """

    source: str
    target: str
    events: str = Field(default="", max_length=1000)
    apart: bool = False


class Served(Noun):
    """Which services: every part that is "" leaves open. `over_link`: whose traffic uses that link.

    `over_node`: whose traffic passes that node or ends there. `traffic_class`: voice, business or
    best_effort.
    """

    service: str
    customer: str
    node: str
    over_link: str
    traffic_class: str
    over_node: str = ""


class NamesResult(Result):
    """Everything that the text names, in its order."""

    names: tuple[FoundName, ...]
    near: tuple[NearName, ...]


class NetworkResult(Result):
    """How many there are of each; `capacity_bps`, `length_km`: of all links together, each way.

    `node_names`, `link_names`, `customer_names`: the first ones. `busiest_hour_utc`,
    `quietest_hour_utc`: of the daily profile, which is the same every day; `quietest_share`: demand
    then, of the peak's; `hourly_shares`: at every full hour from 00:00 UTC on.
    """

    network: str
    topology: str
    nodes: int
    links: int
    services: int
    customers: int
    shared_risk_groups: int
    capacity_bps: float
    length_km: float
    node_names: tuple[str, ...]
    link_names: tuple[str, ...]
    customer_names: tuple[str, ...]
    busiest_hour_utc: str
    quietest_hour_utc: str
    quietest_share: float
    hourly_shares: tuple[float, ...]


class NodeRow(Noun):
    """A node, and how many links and services end there."""

    node: str
    links: int
    services: int


class NodesResult(Result):
    """`left_out`: nodes that are not listed."""

    nodes: tuple[NodeRow, ...]
    left_out: int


class LinkRow(Noun):
    """`highest_igp_weight`: the higher of its two ends'. `ducts`: its shared-risk groups."""

    link: str
    ends: tuple[str, str]
    ducts: tuple[str, ...]
    capacity_bps: float
    length_km: float
    highest_igp_weight: int


class LinksResult(Result):
    """`left_out`: links that are not listed."""

    links: tuple[LinkRow, ...]
    left_out: int


class NodeLink(Noun):
    """A link of the node, `to` a neighbour."""

    link: str
    to: str
    capacity_bps: float
    up: bool


class InterfaceShown(Noun):
    """How an interface of the node is configured: as it runs, and as it is intended."""

    link: str
    igp_weight: int
    intended_igp_weight: int
    drained: bool
    shut_down: bool


class NodeResult(Result):
    """`others`: how many other nodes there are; `others_with_a_way`: that it has a way to now.

    `services`: the first ones of `service_count`. `interfaces`: the configuration. `diff`: from the
    intended configuration to the one that is believed to run, "" where they are the same.
    """

    node: str
    links: tuple[NodeLink, ...]
    links_up: int
    others: int
    others_with_a_way: int
    link_count: int
    neighbours: tuple[str, ...]
    services: tuple[str, ...]
    service_count: int
    watched: bool
    interfaces: tuple[InterfaceShown, ...]
    diff: str


class SharedRisk(Noun):
    """A shared-risk group of the link, with all its links."""

    group: str
    place: str
    links: tuple[str, ...]


class LinkResult(Result):
    """`igp_weights`: by the node that advertises it, `intended_igp_weights` as on record.
    `watched`: whether `up` is known from telemetry. `shares_duct_with`: every other link of its
    shared-risk groups."""

    link: str
    ends: tuple[str, str]
    capacity_bps: float
    members: int
    length_km: float
    propagation_s: float
    igp_weights: dict[str, int]
    intended_igp_weights: dict[str, int]
    drained: bool
    up: bool
    watched: bool
    shared_risk_groups: tuple[SharedRisk, ...]
    shares_duct_with: tuple[str, ...]


class Way(Noun):
    """One of the equal-cost ways. `weight`: the sum of its IGP weights."""

    nodes: tuple[str, ...]
    links: tuple[str, ...]
    hops: int
    propagation_s: float
    round_trip_s: float
    length_km: float
    weight: int


class PromisedDelay(Noun):
    """A one-way delay that was promised between two nodes; `left_s`: above propagation now."""

    service: str
    customer: str
    promised_s: float
    left_s: float


class Apart(Noun):
    """Two paths that do not share `what`: "links", "nodes", "ducts"; each holds those before.

    None: there are none, and `why_not` says what every two share. `shared_nodes`, `shared_ducts`:
    what the two have in common all the same. `best`: whether there is no lighter pair.
    """

    what: str
    ways: tuple[Way, ...]
    shared_nodes: tuple[str, ...]
    shared_ducts: tuple[str, ...]
    best: bool
    why_not: str


class PathResult(Result):
    """`links`: of all ways. Where there is none, `way_count`, `links` and `promised` are left out.

    `promised`: to services between the two nodes, in either direction. `apart`: the lightest two
    paths that share no link; no link and no node; no link, node or duct.
    """

    source: str
    target: str
    reachable: bool
    ways: tuple[Way, ...]
    events: IfGiven[str] = None
    promised: IfGiven[tuple[PromisedDelay, ...]] = None
    way_count: IfGiven[int] = None
    links: IfGiven[tuple[str, ...]] = None
    apart: IfGiven[tuple[Apart, ...]] = None


class ServiceName(Noun):
    """A service, who buys it, and its class."""

    service: str
    customer: str
    traffic_class: TrafficClass


class ServiceRow(ServiceName):
    """`promised`: loss 0..1, one-way delay in s, availability 0..1.

    `lost_s`: time in breach that the incidents of the journal count, so far; `lost_in`: those
    incidents. `allowed_s`: what `promised.availability` leaves of
    `allowed_of_s`, 30 days; `left_s`: what is left of that.
    """

    pairs: tuple[tuple[str, str], ...]
    promised: ServiceLevelObjective
    lost_s: int
    lost_in: tuple[str, ...]
    allowed_s: int
    allowed_of_s: int
    left_s: int


class ServicesResult(Result):
    """`services`: the first ones of `count`. `open_incidents`: those that go on, and count
    on. `journal_utc`: the newest time that the journal knows, None if none."""

    services: tuple[ServiceRow, ...]
    count: int
    left_out: int
    open_incidents: tuple[str, ...]
    journal_utc: str | None


FIND_NAMES = Query("find_names", Text, NamesResult)
SHOW_NETWORK = Query("show_network", NoArguments, NetworkResult)
LIST_NODES = Query("list_nodes", NoArguments, NodesResult)
LIST_LINKS = Query("list_links", NoArguments, LinksResult)
SHOW_NODE = Query("show_node", OneNode, NodeResult)
SHOW_LINK = Query("show_link", OneLink, LinkResult)
SHOW_PATH = Query("show_path", Ends, PathResult)
LIST_SERVICES = Query("list_services", Served, ServicesResult)
