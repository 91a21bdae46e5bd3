"""What an answer has to say, worked out from the network's own record, its journal and the twin.

Nothing here goes through the tools of the conversation or their wording: routes come from networkx,
what-ifs from the incremental engine (the conversation assesses whole states), history from the
journal's rows and from the fault that was staged.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from evals.questions.slots import Written
from graphs.state_directory import StateDirectory
from graphs.tracker_file import kept_tracker
from tools.journal.journal import Journal
from tools.journal.records import IncidentRecord
from twin.events.action import in_words
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.fault import Fault
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.link_down import LinkDown
from twin.events.what_if import WhatIf
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.incident import TERMINAL_PHASES, Phase
from twin.nouns.inventory import Inventory
from twin.nouns.state import NetworkState
from twin.physics.compiled import arc_weights
from twin.physics.twin import Twin, profile_at
from twin.remedies.trials import Trial
from twin.tracking.tracker import Tracker
from twin.whatif.engine import WhatIfEngine

_UNITS = {
    "": 1.0, "%": 0.01, "Tbit/s": 1e12, "Gbit/s": 1e9, "Mbit/s": 1e6, "kbit/s": 1e3, "bit/s": 1.0,
    "km": 1.0, "ms": 1e-3, "min": 60.0, "s": 1.0,
}  # fmt: skip
_FIGURE = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)(?: ([A-Za-z/%]+))?")


@dataclass(frozen=True, slots=True)
class Facts:
    """`says`: texts that have to occur; `never`: texts that must not. `figures`: values in basic
    units (bit/s, s, km, shares) that have to occur, each within its tolerance. `begins`: how the
    answer has to begin, "" if that is open.
    """

    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    figures: tuple[tuple[float, float], ...] = ()
    begins: str = ""

    def missing_in(self, text: str) -> list[str]:
        """What is wrong with `text`, nothing if it agrees."""
        wrong = [f'does not say "{x}"' for x in self.says if not _occurs(x, text)]
        wrong += [f'says "{x}"' for x in self.never if _occurs(x, text)]
        found = [float(n) * _UNITS[u] for n, u in _FIGURE.findall(text) if u in _UNITS]
        found += [float(n) for n, u in _FIGURE.findall(text) if u not in _UNITS]
        wrong += [
            f"has no figure {value:g}"
            for value, slack in self.figures
            if not any(abs(f - value) <= slack for f in found)
        ]
        if self.begins and not text.startswith(self.begins):
            wrong.append(f'does not begin with "{self.begins}"')
        return wrong


def _occurs(name: str, text: str) -> bool:
    """Whether `name` stands in `text` by itself, not as a part of a longer name."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w]|-[\w-])", text) is not None


@dataclass
class Ground:
    """A staged network as the evaluator knows it."""

    name: str
    inventory: Inventory
    running: NetworkConfiguration
    fault: Fault
    learned: Mapping[str, Any]
    tracker: Tracker
    journal: Journal
    twin: Twin = field(init=False)

    def __post_init__(self) -> None:
        self.twin = Twin(self.inventory)

    @classmethod
    def of(
        cls,
        state: Path,
        name: str,
        inventory: Inventory,
        running: NetworkConfiguration,
        fault: Fault,
    ) -> "Ground":
        """What stands in the state directory; close the journal afterwards."""
        directory = StateDirectory(state)
        learned = json.loads(directory.tracker_file(name).read_text(encoding="utf-8"))
        tracker = kept_tracker(directory, name, Twin(inventory))
        assert tracker is not None
        journal = directory.journal()
        return cls(name, inventory, running, fault, learned, tracker, journal)

    def link_ids(self) -> set[str]:
        """All of them."""
        return {x.id for x in self.inventory.topology.links}

    def graph(self) -> "nx.MultiDiGraph[str]":
        """What is up, with the weights that run."""
        topology = self.inventory.topology
        weights = arc_weights(topology, self.running, self.tracker.down_links)
        made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        made.add_nodes_from(n.id for n in topology.nodes)
        for i, link in enumerate(topology.links):
            for arc, ends in ((2 * i, (link.a, link.b)), (2 * i + 1, (link.b, link.a))):
                if weights[arc] > 0 and link.id not in self.tracker.down_links:
                    made.add_edge(*ends, weight=int(weights[arc]))
        return made

    def state(self, at: str) -> NetworkState:
        """What was learned of demand, at a time of day ("" is now), on what runs and is up."""
        level = profile_at(self.inventory.profile, self.time_s(at))
        peak = self.tracker.demand.matrix_at(0.0, 1.0)
        return self.twin.state(
            running=self.running,
            traffic=peak.scaled(level),
            down_links=self.tracker.down_links,
        )

    def time_s(self, at: str) -> float:
        """Unix seconds."""
        now = float(self.learned["now_s"])
        times = [now, *(e.time_s for e in self.journal.events())]
        times += [w.stepped_s for w in self.journal.watches()]
        midnight = max(times) - max(times) % 86_400
        if at == "":
            return max(times)
        if at == "peak":
            return midnight + int(np.argmax(self.inventory.profile.hourly)) * 3600.0
        return midnight + int(at[:2]) * 3600.0 + int(at[3:]) * 60.0

    def incident(self) -> str:
        """The only one."""
        (record,) = self.journal.incidents()
        return record.incident.id


Slots = Mapping[str, Written]
Check = Callable[[Ground, Slots, Mapping[str, str]], Facts]

# What is built


def node_links(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """Exactly the links of the node."""
    mine = {x.id for x in ground.inventory.topology.links if slots["node"].id in (x.a, x.b)}
    return Facts(tuple(sorted(mine)), tuple(sorted(ground.link_ids() - mine)))


def neighbours(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """Exactly the nodes at the other ends."""
    node = slots["node"].id
    ends = [{x.a, x.b} for x in ground.inventory.topology.links if node in (x.a, x.b)]
    near = set().union(*ends) - {node}
    others = {n.id for n in ground.inventory.topology.nodes} - near - {node}
    return Facts(tuple(sorted(near)), tuple(sorted(others)))


def capacity(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """The capacity on record."""
    value = ground.inventory.topology.link(slots["link"].id).capacity_bps
    return Facts((slots["link"].id,), figures=((value, 0.001 * value),))


def length(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """Kilometres, and milliseconds at 200,000 km/s."""
    km = ground.inventory.topology.link(slots["link"].id).length_km
    return Facts((slots["link"].id,), figures=((km, 0.051), (km / 200_000, 6e-6)))


def weight(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """What both ends run."""
    link = ground.inventory.topology.link(slots["link"].id)
    runs = [ground.running.device(n).interface(link.id).igp_weight for n in (link.a, link.b)]
    return Facts((link.id, link.a, link.b), figures=tuple((float(w), 0.0) for w in runs))


def shared_risk(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """Exactly the links of its groups."""
    link = slots["link"].id
    groups = [g.links for g in ground.inventory.topology.shared_risk_groups if link in g.links]
    shared = {x for g in groups for x in g} - {link}
    never = tuple(sorted(ground.link_ids() - shared - {link}))
    return Facts((*sorted(shared), link), never, begins="" if shared else "No")


def path(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """Every node on a shortest path, and no other."""
    ways = nx.all_shortest_paths(ground.graph(), slots["node"].id, slots["far"].id, "weight")
    on = {n for way in ways for n in way}
    off = {n.id for n in ground.inventory.topology.nodes} - on
    return Facts(tuple(sorted(on)), tuple(sorted(off)))


def service(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """Who buys it, in which class, between which nodes."""
    (it,) = (s for s in ground.inventory.services if s.id == slots["service"].id)
    ends = {n for pair in it.pairs for n in pair}
    return Facts((it.customer, it.traffic_class.value.replace("_", " "), *sorted(ends)))


def services_at(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """Exactly the services with an end there."""
    node = slots["node"].id
    all_ = {s.id for s in ground.inventory.services}
    mine = {s.id for s in ground.inventory.services if any(node in p for p in s.pairs)}
    return Facts(tuple(sorted(mine)), tuple(sorted(all_ - mine)))


_MOST_NAMED = 25


def services_through(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """The services of which some shortest path touches the node, or the first of them; no other."""
    graph, node = ground.graph(), slots["node"].id
    mine = [
        s.id
        for s in ground.inventory.services
        if any(
            node in way
            for source, target in s.pairs
            for way in nx.all_shortest_paths(graph, source, target, "weight")
        )
    ]
    others = {s.id for s in ground.inventory.services} - set(mine)
    return Facts(
        tuple(mine[:_MOST_NAMED]), tuple(sorted(others)), figures=((float(len(mine)), 0.0),)
    )


def link_count(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """How many links."""
    return Facts(("links",), figures=((float(len(ground.inventory.topology.links)), 0.0),))


def customer_count(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """How many customers."""
    customers = {s.customer for s in ground.inventory.services}
    return Facts(("customers",), figures=((float(len(customers)), 0.0),))


# What is the matter now


def _stamp(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%H:%M:%S")


def _aged(ground: Ground, facts: Facts) -> Facts:
    seen = _stamp(float(ground.learned["now_s"]))
    return Facts((*facts.says, seen), facts.never, facts.figures, facts.begins)


def health(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """Whether nothing is wrong, and what is."""
    still_open = [r for r in ground.journal.incidents() if r.phase not in TERMINAL_PHASES]
    wrong = [*sorted(ground.tracker.down_links), *ground.learned["latest"]["in_breach"]]
    wrong += [s.resource for s in ground.tracker.active_symptoms()]
    wrong += [r.incident.id for r in still_open]
    wrong += [r.incident.id for r in ground.journal.incidents() if _has_people(ground, r)]
    return _aged(ground, Facts(tuple(wrong), begins="Not" if wrong else "All is well"))


def down(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """Exactly the links that are down."""
    gone = ground.tracker.down_links
    never = tuple(sorted(ground.link_ids() - gone))
    return _aged(ground, Facts(tuple(sorted(gone)), never, begins="" if gone else "No link"))


def link_up(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """Up or down."""
    is_down = slots["link"].id in ground.tracker.down_links
    word, other = ("down", "up") if is_down else ("up", "down")
    return _aged(ground, Facts((slots["link"].id, f"is {word}"), (f"is {other}",)))


def _utilisation(ground: Ground) -> np.ndarray[Any, Any]:
    sent = np.array(ground.learned["latest"]["sent_bps"], dtype=np.float64)
    capacity_bps = np.repeat([x.capacity_bps for x in ground.inventory.topology.links], 2)
    return np.asarray(sent / capacity_bps)


def busiest(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """The three busiest egresses and no other link."""
    seen = _utilisation(ground)
    top = np.argsort(-np.nan_to_num(seen))[:3]
    links = {ground.inventory.topology.links[a // 2].id for a in top.tolist()}
    never = tuple(sorted(ground.link_ids() - links))
    figures = tuple((float(seen[a]), 0.0051) for a in top.tolist())
    return _aged(ground, Facts(tuple(sorted(links)), never, figures))


def utilisation(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """Both directions."""
    first = 2 * ground.inventory.topology.link_index[slots["link"].id]
    seen = _utilisation(ground)
    figures = tuple((float(seen[a]), 0.0051) for a in (first, first + 1))
    return _aged(ground, Facts((slots["link"].id,), figures=figures))


def _exactly(ground: Ground, services: Iterable[str]) -> Facts:
    mine = set(services)
    others = {s.id for s in ground.inventory.services} - mine
    return Facts(tuple(sorted(mine)), tuple(sorted(others)))


def breach(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """Exactly what probes show."""
    found = ground.learned["latest"]["in_breach"]
    facts = _exactly(ground, found)
    return _aged(ground, Facts(facts.says, facts.never, begins="" if found else "No service"))


def symptoms(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """What is active."""
    active = ground.tracker.active_symptoms()
    says = tuple(s.resource for s in active)
    return _aged(ground, Facts(says, begins="Active" if active else "No symptom"))


def open_incidents(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """What is not over."""
    rows = ground.journal.incidents()
    says = tuple(r.incident.id for r in rows if r.phase not in TERMINAL_PHASES)
    handed = tuple(
        r.incident.id for r in rows if _has_people(ground, r) or _is_unattended(ground, r)
    )
    over = {r.incident.id for r in rows if r.phase in TERMINAL_PHASES} - set(handed)
    begins = "Open" if says else "No incident"
    return Facts((*says, *handed), tuple(sorted(over)), begins=begins)


def _has_people(ground: Ground, record: IncidentRecord) -> bool:
    """Whether it was handed to people, and no person or watch has ended it."""
    told = [e.kind for e in ground.journal.timeline(record.incident.id)]
    kinds = ("escalated", "symptom", "over", "closed", "reopened")
    last = [kind for kind in told if kind in kinds][-1:]
    return record.phase is Phase.ESCALATED and last not in (["over"], ["closed"])


def _is_unattended(ground: Ground, record: IncidentRecord) -> bool:
    """Whether it was handed to people, is over, and nobody ever took it."""
    told = {e.kind for e in ground.journal.timeline(record.incident.id)}
    nobody = not told & {"taken", "closed", "reopened"}
    return record.phase is Phase.ESCALATED and nobody and not _has_people(ground, record)


def waiting(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """Requests without an answer, of incidents that are open."""
    asked = ground.journal.approval_requests(ground.time_s(""), state="waiting")
    over = {r.incident.id for r in ground.journal.incidents() if r.phase in TERMINAL_PHASES}
    says = tuple(r.plan_id for r in asked if r.incident_id not in over)
    return Facts(says, begins="" if says else "Nothing")


def age(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """When the newest record came."""
    return _aged(ground, Facts())


# What if


def _events(ground: Ground, slots: Slots, kind: str) -> WhatIf:
    link = ground.inventory.topology.link(slots["link"].id)
    match kind:
        case "fail_link":
            return (LinkDown(link=link.id),)
        case "fail_node":
            return (DeviceDown(node=slots["node"].id),)
        case "fail_both":
            return (LinkDown(link=link.id), LinkDown(link=slots["link2"].id))
        case "drain_link":
            return (DrainLink(link=link.id),)
        case "weight_30":
            return tuple(
                SetIgpWeight(node=end, link=link.id, weight=30) for end in (link.a, link.b)
            )
        case _:
            raise ValueError(kind)


@dataclass(frozen=True, slots=True)
class _Came:
    newly: tuple[str, ...]
    relieved: tuple[str, ...]
    after: tuple[str, ...]
    classes: Mapping[str, str]
    offered: np.ndarray[Any, Any]
    offered_before: np.ndarray[Any, Any]


def _what_came(ground: Ground, slots: Slots, options: Mapping[str, str]) -> _Came:
    state = ground.state(options.get("at", ""))
    engine = WhatIfEngine(state, ground.twin.services)
    events = _events(ground, slots, options["what_if"])
    levels = engine.verdicts([(), events]).levels.in_breach
    services = ground.inventory.services
    newly = tuple(s.id for s, was, is_ in zip(services, *levels, strict=True) if is_ and not was)
    capacity_bps = np.repeat([x.capacity_bps for x in ground.inventory.topology.links], 2)
    after = tuple(s.id for s, is_ in zip(services, levels[1], strict=True) if is_)
    loads = engine.loads([(), events])
    return _Came(
        newly,
        tuple(s.id for s, was, is_ in zip(services, *levels, strict=True) if was and not is_),
        after,
        {s.id: s.traffic_class.value for s in services},
        loads[1] / capacity_bps,
        loads[0] / capacity_bps,
    )


def effect(ground: Ground, slots: Slots, options: Mapping[str, str]) -> Facts:
    """The services in breach then or no longer; the highest load; of which time the demand is."""
    came = _what_came(ground, slots, options)
    facts = _exactly(ground, (*came.after, *came.relieved))
    top = float(came.offered.max())
    when = _stamp(ground.time_s(options.get("at", "")))
    said = _said_events(slots, options["what_if"])
    relief = ("No longer in breach",) if came.relieved else ()
    return Facts((*said, *facts.says, *relief, when), facts.never, ((top, 0.0051),))


def _said_events(slots: Slots, kind: str) -> tuple[str, ...]:
    """What is supposed has to be said, so that one question is not answered for another."""
    match kind:
        case "fail_node":
            return (slots["node"].id, "fails")
        case "fail_both":
            return (slots["link"].id, slots["link2"].id, "fails")
        case _:
            word = {"fail_link": "fails", "drain_link": "is drained", "weight_30": "30"}[kind]
            return (slots["link"].id, word)


def class_effect(ground: Ground, slots: Slots, options: Mapping[str, str]) -> Facts:
    """Exactly the voice services in breach then."""
    came = _what_came(ground, slots, options)
    facts = _exactly(ground, (s for s in came.after if came.classes[s] == "voice"))
    when = _stamp(ground.time_s(options["at"]))
    return Facts((*facts.says, when), facts.never)


def newly_in_breach(ground: Ground, slots: Slots, options: Mapping[str, str]) -> Facts:
    """Exactly the services in breach then, and how many of them are new."""
    came = _what_came(ground, slots, options)
    facts = _exactly(ground, came.after)
    figures = ((float(len(came.newly)), 0.0),) if came.newly else ()
    return Facts((*facts.says, _stamp(ground.time_s(options["at"]))), facts.never, figures)


def load(ground: Ground, slots: Slots, options: Mapping[str, str]) -> Facts:
    """Both directions of the other link."""
    offered = _what_came(ground, slots, options).offered
    first = 2 * ground.inventory.topology.link_index[slots["link2"].id]
    figures = tuple((float(offered[a]), 0.0051) for a in (first, first + 1))
    return Facts((slots["link2"].id,), figures=figures)


def _worse(came: _Came) -> int:
    return int(((came.offered > 1) & (came.offered > came.offered_before + 1e-4)).sum())


def safe(ground: Ground, slots: Slots, options: Mapping[str, str]) -> Facts:
    """Safe where nothing is newly in breach and no egress is overloaded more than before.

    At the time that is named, else at the worst full hour of the day, or now.
    """
    times = [options["at"]] if "at" in options else ["", *(f"{hour:02d}:00" for hour in range(24))]
    tried = [_what_came(ground, slots, {**options, "at": at}) for at in times]
    came = max(tried, key=lambda c: (len(c.newly), _worse(c), float(c.offered.max())))
    bad = bool(came.newly) or _worse(came) > 0
    facts = _exactly(ground, came.after)
    return Facts(
        facts.says, facts.never, begins=f"By the twin, that is {'not ' if bad else ''}safe"
    )


def worst_link(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """The failure that leaves most services in breach comes first, one state at a time."""
    counts: dict[str, int] = {}
    state = ground.state("")
    for link in ground.inventory.topology.links:
        failed = ground.twin.state(
            running=state.running,
            traffic=state.traffic,
            down_links=state.down_links | {link.id},
        )
        counts[link.id] = ground.twin.assess(failed).breached_services
    most = max(counts.values())
    worst = [name for name, count in counts.items() if count == most]
    says = tuple(worst) if len(worst) == 1 else ()
    return Facts(says, figures=((float(most), 0.0), (float(len(counts)), 0.0)))


# What happened


def incidents(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """Every incident, and when it was opened."""
    rows = ground.journal.incidents()
    says = [x for r in rows for x in (r.incident.id, _stamp(r.opened_s))]
    return Facts(tuple(says), figures=((float(len(rows)), 0.0),))


def begun(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """Onset and detection."""
    record = ground.journal.incident(ground.incident())
    return Facts((_stamp(record.incident.onset_s), _stamp(record.opened_s)))


def cause(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """The fault that was staged: its kind, its link, and the node where it names one."""
    fault = ground.fault
    names = (getattr(fault, "link", ""), getattr(fault, "node", ""))
    says = (*(n for n in names if n), _HOW_IT_IS_CALLED[fault.kind])
    set_to = getattr(fault, "weight", None)
    figures = () if set_to is None else ((float(set_to), 0.0),)
    return Facts((*says, "cause"), figures=figures)


_HOW_IT_IS_CALLED = {
    "silent_egress_packet_loss": "silently loses",
    "link_down": "is down",
    "igp_weight_misconfig": "weight",
}


def changed(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """Every device that a change of ours was made on, and where the field was sent."""
    devices = {c.node for c in ground.journal.changes()}
    orders = ground.journal.dispatches(ground.incident())
    links = {x for o in orders for x in o.dispatch.links}
    begins = "For" if devices or orders else "Nothing"
    return Facts((*sorted(devices), *sorted(links)), begins=begins)


def approved(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """Everybody who answered, or that nobody has."""
    plans = ground.journal.plans(ground.incident())
    asked = {r.plan_id: r for r in ground.journal.approval_requests(ground.time_s(""))}
    people = {a.by.name for p in plans if p.id in asked for a in asked[p.id].answers}
    if people:
        return Facts(tuple(sorted(people)))
    return Facts(("nobody",), ("erin",))


def lasted(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """From onset to the end, or that it is open."""
    record = ground.journal.incident(ground.incident())
    if record.phase not in TERMINAL_PHASES or _is_unattended(ground, record):
        return Facts((_stamp(record.incident.onset_s), "still open"))
    if _has_people(ground, record):
        return Facts((_stamp(record.incident.onset_s), "still open"))
    ends = ("resolved",) if record.phase is Phase.RESOLVED else ("over", "closed", "taken")
    ended = [e for e in ground.journal.timeline(ground.incident()) if e.kind in ends]
    seconds = ended[-1].time_s - record.incident.onset_s
    return Facts((_stamp(ended[-1].time_s),), figures=((seconds // 60 * 60.0, 61.0),))


def _counted(ground: Ground) -> Mapping[str, Any]:
    """What was counted last: while it went on, or when the machine ended with it."""
    kept = ground.journal.artefacts(ground.incident())
    seen, at_end = kept.get("impact"), kept.get("slo_minutes_lost")
    ends = [
        e.time_s
        for e in ground.journal.timeline(ground.incident())
        if e.kind in ("resolved", "escalated")
    ]
    if not isinstance(at_end, dict) or (
        isinstance(seen, dict) and float(str(seen["as_of_s"])) > ends[-1]
    ):
        at_end = seen["minutes_lost"] if isinstance(seen, dict) else {}
    return at_end if isinstance(at_end, dict) else {}


def minutes(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """Service minutes as the incident counts them, so far or in all."""
    found = _counted(ground)
    if not found:
        if ground.journal.incident(ground.incident()).phase not in TERMINAL_PHASES:
            return Facts(("so far",))
        return Facts(begins="No service")
    total = sum(float(str(v)) for v in found.values())
    exactly = _exactly(ground, found)
    return Facts(exactly.says, exactly.never, figures=((60 * total, 3.1),))


def _trials(ground: Ground) -> list[Trial]:
    return ground.journal.artefact(ground.incident(), "trials", list[Trial]) or []


def remedies(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """Every action that was simulated."""
    trials = _trials(ground)
    says = {told for t in trials for told in in_words(t.remedy.actions)}
    return Facts((*sorted(says), "simulated"), figures=((float(len(trials)), 0.0),))


def why(ground: Ground, _: Slots, __: Mapping[str, str]) -> Facts:
    """The last plan that was meant to help, and its reason as it was written."""
    plans = [p for p in ground.journal.plans(ground.incident()) if p.purpose == "mitigate"]
    if not plans:
        return Facts(begins="There is no plan")
    return Facts((plans[-1].id, *plans[-1].reason.split(": ")[:1]))


def why_not_drained(ground: Ground, slots: Slots, _: Mapping[str, str]) -> Facts:
    """Whether that drain was simulated or planned, and what was planned instead."""
    link = slots["faulty"].id
    plans = [p for p in ground.journal.plans(ground.incident()) if p.purpose == "mitigate"]
    drains = [t for t in _trials(ground) if f"drain {link}" in in_words(t.remedy.actions)]
    planned = [told for p in plans[-1:] for told in in_words(p.actions)]
    held = [p.id for p in plans if DrainLink(link=link) in p.actions]
    if held:
        return Facts((link, "was drained", *held))
    if ground.fault.kind == "link_down":
        return Facts((link, "down already"))
    word = "was simulated" if drains else "was not among"
    return Facts((link, word, *planned))


CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        node_links, neighbours, capacity, length, weight, shared_risk, path, service, services_at,
        services_through,
        link_count, customer_count, health, down, link_up, busiest, utilisation, breach, symptoms,
        open_incidents, waiting, age, effect, class_effect, newly_in_breach, load, safe, worst_link,
        incidents, begun, cause, changed, approved, lasted, minutes, remedies, why, why_not_drained,
    )
}  # fmt: skip
"""By the names that questions use."""
