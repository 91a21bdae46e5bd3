"""What is built: answers to what was recognised of a question."""

from agents.conversation.queries.history import LIST_INCIDENTS, Recorded
from agents.conversation.queries.state import SHOW_HEALTH
from agents.conversation.queries.topology import (
    FIND_NAMES,
    SHOW_LINK,
    SHOW_NODE,
    SHOW_PATH,
    Apart,
    Ends,
    LinkResult,
    NoArguments,
    OneLink,
    OneNode,
    PathResult,
    PromisedDelay,
    Text,
)
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline
from agents.playbook.conversation.sentences import MOST_EVENTS, pairs, promise, rows_of, taken, way
from agents.playbook.conversation.supposing import effect_of
from agents.playbook.conversation.words import begun, joined, milliseconds, plain, rate
from twin.nouns.counted import counted

_LOSING_ONE = (
    r"los(?:e|ing) (?:one|either|a leg|a link)|one (?:of them )?(?:fails|goes|dies|is lost)"
)


def configuration(gist: Gist) -> str:
    """What devices are configured to do, against what is intended."""
    said = []
    for node in gist.nodes[:3]:
        shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
        known = "runs" if shown.watched else "is on record"
        if shown.diff:
            changed = " / ".join(" ".join(line.split()) for line in shown.diff.splitlines())
            said.append(
                f"{node}: what runs differs from what is intended (- intended, + runs): {changed}."
            )
        else:
            said.append(f"{node}: what {known} is what is intended.")
        rows = [
            f"{i.link} weight {i.igp_weight}"
            f"{', drained' if i.drained else ''}{', shut down' if i.shut_down else ''}"
            for i in shown.interfaces
        ]
        said.append(f"Its interfaces: {joined(rows, len(rows))}.")
    for link in gist.links[:3]:
        one = gist.asked.look_up(SHOW_LINK, OneLink(link=link))
        weights = [
            f"{w} from {end} (intended {one.intended_igp_weights[end]})"
            for end, w in one.igp_weights.items()
        ]
        drained = ", drained" if one.drained else ""
        said.append(f"{link}: IGP weight {joined(weights)}{drained}.")
    for name in (*gist.nodes[:3], *gist.links[:3]):
        said.append(_commits_at(gist, name))
    if gist.says("why|who|reason|come from|comes from"):
        gist.tell("cause")
        said.append("Why somebody else set it so, and who, is not recorded.")
    return taken(
        f"the configuration of {joined([*gist.nodes[:3], *gist.links[:3]])} that is believed to "
        "run, against the intended one",
        " ".join(said),
    )


def _commits_at(gist: Gist, name: str) -> str:
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded(touching=name))
    commits = [f"{c.device} by {c.plan} ({plain(c.state)}) at {c.at_utc}" for c in found.commits]
    if not commits:
        return f"The journal has no commit of a plan on {name}."
    return f"Commits of plans that concern {name}: {joined(commits)}."


def ducts(gist: Gist) -> str:
    """Which ducts links share."""
    said = []
    links = list(gist.links)
    if not links and gist.nodes:
        for node in gist.nodes[:1]:
            shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
            ends = [f"{x.link} ({rate(x.capacity_bps)})" for x in shown.links]
            said.append(
                f"{node} has {counted(shown.link_count, 'link')}: {joined(ends, len(ends))}."
            )
            links += [x.link for x in shown.links]
    for group in gist.of("group")[:3]:
        inside = _links_in(gist, group)
        said.append(f"{group} has {counted(len(inside), 'link')}: {joined(inside, len(inside))}.")
        links += [x for x in inside if x not in links]
    rows = {x: gist.asked.look_up(SHOW_LINK, OneLink(link=x)) for x in links[:8]}
    said += [_duct_of(row) for row in rows.values()]
    both = [
        f"{a} and {b} do {'' if b in rows[a].shares_duct_with else 'not '}share a duct"
        for n, a in enumerate(rows)
        for b in list(rows)[n + 1 :]
    ]
    if len(rows) > 1:
        said.append(f"{begun(joined(both, len(both)))}.")
    effects = []
    if gist.says(_LOSING_ONE) and len(rows) <= MOST_EVENTS:
        effects = [effect_of(gist, [f"link {x} down"]) for x in rows]
    if not rows:
        raise Decline("I cannot tell whose ducts are meant.")
    return taken(
        f"which ducts the links {joined(list(rows))} share, on record",
        f"{' '.join([*said, 'Whether that is so on the ground is not known.', *effects])}",
    )


def _links_in(gist: Gist, group: str) -> list[str]:
    """The links of a duct, which is named after a node that one of them ends at."""
    for part in group.split(":"):
        for name in gist.asked.glance(FIND_NAMES, Text(text=part)).names:
            for node in name.ids if name.kind == "node" else ():
                shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
                for link in shown.links:
                    row = gist.asked.look_up(SHOW_LINK, OneLink(link=link.link))
                    found = [g for g in row.shared_risk_groups if g.group == group]
                    if found:
                        return list(found[0].links)
    raise Decline(f"I cannot tell which links are in {group}.")


def _duct_of(row: LinkResult) -> str:
    if not row.shares_duct_with:
        return f"No other link shares a duct with {row.link}."
    groups = joined([g.group for g in row.shared_risk_groups])
    return f"{row.link} shares a duct with {joined(row.shares_duct_with)} ({groups})."


def _ends_of(gist: Gist) -> list[tuple[str, str]]:
    """The pairs of nodes that are meant: named, or those of the named service."""
    if len(gist.nodes) >= 2:
        return [(gist.nodes[0], gist.nodes[1])]
    ends = dict.fromkeys(tuple(sorted(p)) for row in rows_of(gist) for p in row.pairs)
    return [(a, b) for a, b in ends][:3]


def margin(gist: Gist) -> str:
    """The way of traffic, its delay, what is promised, and whether that is kept."""
    said = []
    promises: list[PromisedDelay] = []
    on: set[str] = set()
    for a, b in _ends_of(gist):
        path = gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b))
        said.append(f"{way(path)}{_over(path)}")
        promises += path.promised or ()
        on.update(path.links or (), *(w.nodes for w in path.ways))
        said += [
            f"{p.service} ({p.customer}) is promised {milliseconds(p.promised_s)} one way, "
            f"{milliseconds(p.left_s)} more than propagation takes now"
            if p.left_s >= 0
            else f"{p.service} ({p.customer}) is promised {milliseconds(p.promised_s)} one way, "
            "which propagation alone exceeds"
            for p in path.promised or ()
        ]
    if not said:
        raise Decline("I cannot tell between which nodes.")
    beside = [*gist.links, *(gist.nodes if len(gist.nodes) == 1 else ())]
    said += [f"{x} is on {'one of them' if x in on else 'none of them'}" for x in beside]
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    breached = [s.service for s in now.services_in_breach]
    if promises and now.services_probed:
        bad = [p.service for p in promises if p.service in breached]
        good = [p.service for p in promises if p.service not in breached]
        said.append(
            f"In breach now, by probes: {joined(bad) or 'none'}; not in breach: "
            f"{joined(good) or 'none'}"
        )
    if gist.of("service"):
        said += [
            f"{row.service} ({row.customer}, {pairs(row)}) is promised {promise(row)}"
            for row in rows_of(gist)
        ]
    ends = joined([f"{a} and {b}" for a, b in _ends_of(gist)])
    return taken(
        f"the way of traffic between {ends} now, its propagation delay, and what is promised there",
        f"{'. '.join(said)}. Routing takes the least sum of weights. Queueing comes on top.",
    )


def _over(path: PathResult) -> str:
    """The links of all ways: two nodes that one joins may be meant as that link."""
    together = "together " if len(path.ways) > 1 else ""
    return f", {together}over {joined(path.links, len(path.links))}" if path.links else ""


_APART = {
    "links": "no link",
    "nodes": "no link and no node",
    "ducts": "no link, no node and no duct",
}


def apart(gist: Gist) -> str:
    """Two paths that share no link, no node, no duct."""
    said = []
    pairs = _ends_of(gist)
    for a, b in pairs:
        path = gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b, apart=True))
        said.append(f"Now traffic goes: {way(path)}")
        said += [_pair(pair) for pair in path.apart or ()]
        said += [
            f"{p.service} ({p.customer}) is promised {milliseconds(p.promised_s)} one way"
            for p in path.promised or ()
        ]
    if not said:
        raise Decline("I cannot tell between which nodes.")
    ends = joined([f"{a} and {b}" for a, b in pairs])
    return taken(
        f"two paths between {ends} that share nothing, the lightest together, on record",
        f"{'. '.join(said)}.",
    )


def _pair(pair: Apart) -> str:
    if not pair.ways:
        return f"Two that share {_APART[pair.what]}: there are none ({pair.why_not})"
    both = " and ".join(
        f"{' → '.join(w.nodes)} ({w.length_km:.1f} km, {milliseconds(w.propagation_s)} one way)"
        for w in pair.ways
    )
    said = f"Two that share {_APART[pair.what]}: {both}"
    if pair.shared_nodes:
        said += f"; both pass {joined(pair.shared_nodes)}"
    if pair.shared_ducts:
        said += f"; both run in {joined(pair.shared_ducts)}"
    return said if pair.best else f"{said}; there may be a lighter pair"
