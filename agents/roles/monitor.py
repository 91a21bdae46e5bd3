"""Folds symptoms into incidents: which belong together, and how bad it is. Nothing is an answer
too.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property

from pydantic import Field

from agents.loop.role import Role
from agents.prompts import Prompt, prompt
from agents.roles.formatting import SymptomShown, shown_symptom
from agents.roles.situation import Situation
from agents.roles.wording import Wording
from twin.diagnosis.explaining import InForce, pairs_of
from twin.errors import Ungrounded
from twin.events.actions.edits import ends_of
from twin.events.fault import Fault
from twin.events.faults.dark_links import DarkLinks
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.knowledge.fate import share_a_fate
from twin.nouns.base import Noun
from twin.nouns.counted import counted
from twin.nouns.incident import Incident, Severity, Symptom
from twin.nouns.topology import Interface
from twin.physics.questions import links_used
from twin.tracking.announced import under_way
from twin.whatif.supposed import Supposed

_SAME_TIME_S = 180.0
"""Symptoms whose first signs are further apart than this are related only by what the twin says."""

_FOUND_LATE_S = 600.0
"""A silent loss is seen by several counter rounds in a row, which begin anew when they were
interrupted: so much later than its effects it may be found (assumed)."""

_SYMPTOMS_TOLD = 3
"""Symptoms by which the monitor is told an open incident, the first ones."""

EFFECTS = frozenset({"queue_drops", "probe_loss", "probe_delay", "service_breach", "alert"})
"""Kinds that are always the consequence of something else."""

_PULLED_SHARE = 0.02
"""A cause pulls a load on a link if the twin moves more than 2 % of its capacity."""


HARMLESS_ALONE = frozenset({"traffic_surge", "probe_delay"})
"""Kinds that are nothing by themselves, whatever else there is."""

FELT_DROPS = 0.01
"""Drops below one percent that no probe feels and nothing explains are a busy hour, not an
incident."""

_ROOT_FIRST = (
    "adjacency_down",
    "configuration_change",
    "silent_loss",
    "late_link",
    "flow_surge",
    "traffic_surge",
    "queue_drops",
    "probe_loss",
    "service_breach",
    "probe_delay",
    "alert",
)
"""Kinds in the order in which they name an incident."""

PLANNED = "planned:"
"""Begins the name of announced work in a relation; its id follows."""


class SymptomGroup(Noun):
    """Symptom ids that are one incident. `joins`: an open incident that they belong to, or "".

    `title`: what the mind calls it; an incident's own title says what was measured.
    """

    symptoms: tuple[str, ...] = Field(min_length=1)
    severity: Severity
    title: Wording
    joins: str


class Grouping(Noun):
    """Every symptom in one group, or under `ignored` with no incident at all."""

    groups: tuple[SymptomGroup, ...]
    ignored: tuple[str, ...]


class Relation(Noun):
    """Two symptoms, or a symptom and an open incident or planned work, that belong together."""

    one: str
    other: str
    reason: str


def instructions() -> Prompt:
    """What the monitor is told, with the figures that code decides by."""
    return prompt(
        "monitor",
        felt_drops=FELT_DROPS,
    )


class OpenIncident(Noun):
    """An open incident by its first symptoms; `more`: how many others it has."""

    id: str
    symptoms: tuple[str, ...]
    more: int


class MonitorTask(Noun):
    """What the monitor is told; times are seconds after the first symptom."""

    symptoms: tuple[SymptomShown, ...]
    relations: tuple[Relation, ...]
    services_in_breach: int
    open_incidents: tuple[OpenIncident, ...]


class Standing(Noun):
    """What is known of an open incident. `cause`: what is found to be in force, none otherwise.

    `sought`: its cause is still looked for, so that what is related to it may be that cause.
    `takes_effects`: an effect that nobody can place may be one of its own. `changed`: a change of
    ours is in force for it.
    """

    cause: tuple[Fault, ...] = ()
    sought: bool = True
    takes_effects: bool = True
    changed: bool = False


class Monitor:
    """Groups the symptoms that no incident has yet.

    What an open incident brings about joins it; what its cause does not explain is another trouble,
    and an incident of its own. `standing`: by the incident's id, where more is known of it than its
    symptoms.
    """

    def __init__(
        self,
        situation: Situation,
        fresh: Sequence[Symptom],
        open_incidents: Sequence[Incident],
        standing: Mapping[str, Standing] | None = None,
    ) -> None:
        self._situation = situation
        self._fresh = {s.id: s for s in fresh}
        self._open = {i.id: i for i in open_incidents}
        self._standing = {i.id: (standing or {}).get(i.id, Standing()) for i in open_incidents}
        self._in_force = {
            name: InForce(situation, name, known.cause, changed=known.changed)
            for name, known in self._standing.items()
            if known.cause
        }

    def role(self) -> Role[Grouping]:
        """The role with its tools bound to this moment."""
        return Role(
            name="monitor",
            prompt=instructions(),
            # Nobody can group without the relations, so they are told at once: a call less.
            tools=(),
            answer=Grouping,
            ground=self.ground,
        )

    def task(self) -> MonitorTask:
        """What the monitor is told; titles are a mind's own words, and are told to none."""
        first_s = min((s.first_seen_s for s in self._fresh.values()), default=0.0)
        return MonitorTask(
            symptoms=tuple(shown_symptom(s, first_s) for s in self._fresh.values()),
            relations=tuple(self._told_relations),
            services_in_breach=self._hurt,
            open_incidents=tuple(
                OpenIncident(
                    id=i.id,
                    symptoms=tuple(s.id for s in i.symptoms[:_SYMPTOMS_TOLD]),
                    more=max(0, len(i.symptoms) - _SYMPTOMS_TOLD),
                )
                for i in self._open.values()
            ),
        )

    def foregone(self) -> Grouping | None:
        """The only grouping that there is, so that no mind need be asked; None if there are more.

        It is where everything fresh is an effect and connected to one and the same open incident:
        what a known trouble does next is no new judgement.
        """
        if not self._fresh or any(s.kind not in EFFECTS for s in self._fresh.values()):
            return None
        relations = self._told_relations
        bearers = {r.other for r in relations} & self._open.keys()
        connected, names = set(bearers), {*self._fresh, *self._open}
        pairs = [{r.one, r.other} for r in relations]
        while grown := [pair for pair in pairs if pair & connected and not pair <= connected]:
            connected = connected.union(*grown)
        if len(bearers) != 1 or not self._fresh.keys() <= connected <= names:
            return None
        incident = self._open[bearers.pop()]
        group = SymptomGroup(
            symptoms=tuple(sorted(self._fresh)),
            severity=incident.severity,
            title=incident.title,
            joins=incident.id,
        )
        return Grouping(groups=(group,), ignored=())

    @cached_property
    def _told_relations(self) -> list[Relation]:
        return spanning(self.relations())

    def ground(self, answer: Grouping) -> None:
        """Refuse symptoms that do not exist, stand twice, or are forgotten.

        While a service is in breach nothing is ignored that may be what hurts it.
        """
        named = [s for group in answer.groups for s in group.symptoms] + list(answer.ignored)
        for symptom in named:
            if symptom not in self._fresh:
                raise Ungrounded(f'symptom "{symptom}" is not on the list')
        if len(set(named)) < len(named):
            raise Ungrounded("a symptom stands in two places")
        if missing := sorted(self._fresh.keys() - set(named)):
            raise Ungrounded(f"nothing is said of {', '.join(missing)}")
        for group in answer.groups:
            if group.joins and group.joins not in self._open:
                raise Ungrounded(f'"{group.joins}" is not an open incident')
            if other := self._another_trouble(group):
                raise Ungrounded(
                    f"the cause of {group.joins} is known, and does not bring about {other}: that "
                    "is an incident of its own"
                )
        hurt = self._hurt
        if hurt and (hurting := sorted(s for s in answer.ignored if self._may_hurt(s))):
            raise Ungrounded(
                f"{counted(hurt, 'service is', 'services are')} in breach, and {hurting[0]} is "
                "ignored; it belongs to an incident, or is one of its own"
            )

    @property
    def _hurt(self) -> int:
        """How many services are in breach that announced work was not known to put there; while
        routing settles after a crew has begun, only those for which that lasts.
        """
        tracker = self._situation.tracker
        breaches = tracker.unforetold_breaches
        if self._just_begun:
            breaches &= {s.resource for s in tracker.book.active() if s.kind == "service_breach"}
        return len(breaches)

    @cached_property
    def _just_begun(self) -> str:
        """The announced work for which a crew has just taken a link away, "" for none."""
        tracker, topology = self._situation.tracker, self._situation.inventory.topology
        if tracker.now_s > tracker.last_step_s + _SAME_TIME_S:
            return ""
        for work in under_way(tracker.inventory.planned_work, tracker.now_s):
            for link in work.links:
                ends = ends_of(topology, link)
                configured = (tracker.normal.device(end.node).interface(link) for end in ends)
                if link in tracker.down_links or any(c.shut_down or c.drained for c in configured):
                    return work.id
        return ""

    def _another_trouble(self, group: SymptomGroup) -> str:
        """What of the group no effect is, and has not the cause of the incident that it joins."""
        known = self._in_force.get(group.joins)
        roots = (s for s in group.symptoms if self._fresh[s].kind not in EFFECTS)
        return next((s for s in roots if known and not known.explains(self._fresh[s])), "")

    def dismissed(self, answer: Grouping) -> tuple[str, ...]:
        """What `answer` takes for nothing, though it may hurt and no announced work brings it."""
        expected = {r.one for r in self._told_relations if r.other.startswith(PLANNED)}
        return tuple(s for s in answer.ignored if s not in expected and self._may_hurt(s))

    def _may_hurt(self, symptom_id: str) -> bool:
        """Whether services may suffer from a symptom by itself."""
        symptom = self._fresh[symptom_id]
        if symptom.kind == "queue_drops":
            return symptom.magnitude >= FELT_DROPS
        return symptom.kind not in HARMLESS_ALONE

    def relations(self) -> list[Relation]:
        """Every pair that belongs together."""
        known = list(self._fresh.values())
        joins = {one.id: self._with_incidents(one) for one in known}
        caused = {s.id for s in known if s.kind not in EFFECTS and joins[s.id]}
        among = [
            Relation(one=one.id, other=other.id, reason=reason)
            for i, one in enumerate(known)
            for other in known[i + 1 :]
            if (reason := self._related(one, other))
        ]
        rooted = self._rooted(among, caused)
        # An effect of what is new and of what an open incident has brought about is put down to
        # what is new: related to both, it would make one incident of two.
        among = [r for r in among if not ({r.one, r.other} & caused and {r.one, r.other} & rooted)]
        explained = [r for s in known if s.id not in rooted for r in joins[s.id]]
        # What nothing else is known of comes last.
        rest = [
            r
            for s in known
            if s.id not in rooted and not joins[s.id]
            for r in self._with_what_is_wrong(s) or self._with_planned_work(s)
        ]
        # That effects have a cause in common is less sure than which cause one has.
        effects = {s.id for s in known if s.kind in EFFECTS}
        among.sort(key=lambda r: {r.one, r.other} <= effects)
        new = {s.id for s in known if s.id not in effects and not joins[s.id]}
        return apart([*explained, *among, *rest], self._open, new)

    def _rooted(self, relations: Sequence[Relation], caused: set[str]) -> set[str]:
        """Fresh symptoms that are no effects, but for those that an incident has `caused`, and the
        effects that are related to one of them.
        """
        roots = {s.id for s in self._fresh.values() if s.kind not in EFFECTS}
        rooted = roots - caused
        pairs = [{r.one, r.other} for r in relations if not {r.one, r.other} & caused]
        while grown := [pair for pair in pairs if pair & rooted and not pair <= rooted]:
            rooted = rooted.union(*grown)
        return rooted

    def _with_planned_work(self, symptom: Symptom) -> list[Relation]:
        """Announced work that is under way and moves traffic to where the symptom is."""
        if symptom.kind not in EFFECTS:
            return []
        tracker = self._situation.tracker
        if known := self._foretold_by(symptom):
            reason = f"planned work {known} was known to bring it"
            return [Relation(one=symptom.id, other=f"{PLANNED}{known}", reason=reason)]
        if symptom.kind != "service_breach" and self._just_begun:
            reason = f"routing settles after {self._just_begun} has begun"
            return [Relation(one=symptom.id, other=f"{PLANNED}{self._just_begun}", reason=reason)]
        if symptom.kind != "queue_drops":
            return []
        going_on = [w for w in tracker.inventory.planned_work if w.covers_time(tracker.now_s)]
        normal = tracker.normal_state().configured(tracker.inventory.intended)
        supposed = Supposed(self._situation.twin, normal)
        for work in going_on:
            if _rise(supposed, FiberCut(duct="", links=work.links), symptom) > _PULLED_SHARE:
                reason = f"planned work {work.id} moves traffic onto {symptom.resource}"
                return [Relation(one=symptom.id, other=f"{PLANNED}{work.id}", reason=reason)]
        return []

    def _foretold_by(self, symptom: Symptom) -> str:
        """The announced work under way that was known to bring an effect, "" for none."""
        foretold = self._situation.tracker.foretold_now
        if not foretold:
            return ""
        if symptom.kind == "queue_drops":
            return next((f.work.id for f in foretold if symptom.resource in f.overloaded), "")
        if symptom.kind == "service_breach":
            return next((f.work.id for f in foretold if symptom.resource in f.in_breach), "")
        pair, _, traffic_class = symptom.resource.rpartition("/")
        source, target = pair.split(">")
        situation = self._situation
        used = links_used(situation.twin, situation.tracker.normal_state(), source, target)
        hit = {
            s.id
            for s in situation.inventory.services
            if (source, target) in s.pairs and s.traffic_class == traffic_class
        }
        for known in foretold:
            full = {Interface.parse(egress).link for egress in known.overloaded}
            # No way is left, or one over what is full, or it is a service that is known to be hit.
            if (not used and known.in_breach) or used & full or hit & set(known.in_breach):
                return known.work.id
            # The link is back, and what began without it fades.
            began = symptom.first_seen_s <= known.work.ends_s
            if began and known.in_breach and used & set(known.work.links):
                return known.work.id
        return ""

    def _with_incidents(self, symptom: Symptom) -> list[Relation]:
        """The open incident that a symptom may be a consequence of, the likeliest one only."""
        for name, force in reversed(self._in_force.items()):
            if force.explains(symptom):
                cause = " & ".join(fault.id for fault in force.cause)
                reason = f"{cause} is the cause of {name}"
                return [Relation(one=symptom.id, other=name, reason=reason)]
        effect = symptom.kind in EFFECTS
        for incident in reversed(self._open.values()):
            known = self._standing[incident.id]
            if known.cause or not (known.sought or (effect and known.takes_effects)):
                continue
            reasons = (self._related(symptom, s) for s in incident.symptoms)
            if reason := next((r for r in reasons if r), ""):
                return [Relation(one=symptom.id, other=incident.id, reason=reason)]
        return []

    def _with_what_is_wrong(self, symptom: Symptom) -> list[Relation]:
        """An effect has a cause: what is newly wrong on its own, or else what is wrong already.

        A broken objective lasts: it is not put down to a cause that does not explain it. Just after
        routing has changed, all else is put down to whatever changed it.
        """
        lasting = symptom.kind == "service_breach"
        settling = symptom.first_seen_s <= self._situation.tracker.last_step_s + _SAME_TIME_S
        names = [
            name
            for name, known in self._standing.items()
            if (known.takes_effects or (settling and not lasting)) and not (known.cause and lasting)
        ]
        names += self._new_roots()
        reason = "it is an effect, and nothing else is known to be wrong"
        return [Relation(one=symptom.id, other=name, reason=reason) for name in names[-1:]]

    def _new_roots(self) -> list[str]:
        """Fresh symptoms that are no effects, and that no open incident accounts for."""
        return [
            s.id
            for s in self._fresh.values()
            if s.kind not in EFFECTS and not self._with_incidents(s)
        ]

    def _related(self, one: Symptom, other: Symptom) -> str:
        near = abs(one.first_seen_s - other.first_seen_s) <= _SAME_TIME_S
        shared = _links(one) & _links(other)
        if shared:
            return f"both are on {sorted(shared)[0]}"
        if near and one.kind == other.kind == "adjacency_down" and self._share_a_fate(one, other):
            return "they share a cause in the graph"
        if one.kind == other.kind == "configuration_change":
            changed = self._situation.tracker.changed_links
            if both := sorted(changed(one.resource) & changed(other.resource)):
                return f"both run {both[0]} otherwise"
        nodes = self._nodes(one) & self._nodes(other)
        if near and nodes:
            return f"both are at {sorted(nodes)[0]}"
        if near and one.kind in EFFECTS and other.kind in EFFECTS:
            return "both are effects that began together"
        for cause, effect in ((one, other), (other, one)):
            if self._pulls(cause, effect):
                return f"{cause.id} moves traffic onto {effect.resource}"
            if (near or _is_found_late(cause, effect)) and self._crosses(effect, cause):
                return f"{effect.resource} crosses {cause.resource}"
        return ""

    def _share_a_fate(self, one: Symptom, other: Symptom) -> bool:
        snapshot = self._situation.graph.snapshot()
        return share_a_fate(snapshot, one.resource, other.resource)

    def _nodes(self, symptom: Symptom) -> set[str]:
        topology = self._situation.inventory.topology
        if symptom.kind in ("configuration_change", "traffic_surge", "flow_surge"):
            return {symptom.resource}
        if symptom.kind == "alert" and symptom.resource in topology.node_index:
            return {symptom.resource}
        ends = (topology.link(link) for link in _links(symptom) & topology.link_index.keys())
        return {node for link in ends for node in (link.a, link.b)}

    def _pulls(self, cause: Symptom, effect: Symptom) -> bool:
        if effect.kind != "queue_drops":
            return False
        if cause.kind in ("traffic_surge", "flow_surge"):
            return cause.first_seen_s - _SAME_TIME_S <= effect.first_seen_s + 2 * _SAME_TIME_S
        if cause.kind == "configuration_change":
            return abs(cause.first_seen_s - effect.first_seen_s) <= 2 * _SAME_TIME_S
        if cause.kind != "adjacency_down":
            return False
        return _rise(self._normal, LinkDown(link=cause.resource), effect) > _PULLED_SHARE

    @cached_property
    def _normal(self) -> Supposed:
        return Supposed(self._situation.twin, self._situation.tracker.normal_state())

    def _crosses(self, probe: Symptom, cause: Symptom) -> bool:
        """Whether a probe path runs over a link of the other symptom, as the network was or is."""
        pairs = pairs_of(probe, self._situation.inventory)
        if not pairs:
            return False
        if cause.kind in ("configuration_change", "traffic_surge", "flow_surge"):
            return True
        tracker = self._situation.tracker
        return any(
            links_used(self._situation.twin, state, *pair) & _links(cause)
            for state in (tracker.normal_state(), tracker.believed_state())
            for pair in pairs
        )


def apart(
    relations: Sequence[Relation], incidents: Collection[str], new: Collection[str]
) -> list[Relation]:
    """Without those that would make one trouble of two, the later of each two.

    Two troubles are two open `incidents`, or one and what is `new`, which none accounts for.
    """
    part: dict[str, str] = {}
    trouble = {name: name for name in incidents} | dict.fromkeys(new, "")

    def top(name: str) -> str:
        while part.setdefault(name, name) != name:
            name = part[name]
        return name

    kept = []
    for relation in relations:
        if relation.other.startswith(PLANNED):
            kept.append(relation)
            continue
        one, other = top(relation.one), top(relation.other)
        known = {trouble[name] for name in (one, other) if name in trouble}
        if len(known) == 2:
            continue
        part[one] = other
        trouble |= dict.fromkeys((other,), *known) if known else {}
        kept.append(relation)
    return kept


def spanning(relations: Sequence[Relation]) -> list[Relation]:
    """As few of `relations` as connect the same: what follows from others says nothing new.

    What belongs to planned work may be left out of the groups; a connection through it is not
    counted on where there is another.
    """
    planned = {r.one for r in relations if r.other.startswith(PLANNED)}
    part: dict[str, str] = {}

    def top(name: str) -> str:
        while part.setdefault(name, name) != name:
            name = part[name]
        return name

    kept = []
    for relation in sorted(relations, key=lambda r: bool({r.one, r.other} & planned)):
        if relation.other.startswith(PLANNED):
            kept.append(relation)
            continue
        one, other = top(relation.one), top(relation.other)
        if one != other:
            part[one] = other
            kept.append(relation)
    return kept


def incident_from(
    group: SymptomGroup,
    symptoms: Sequence[Symptom],
    incident_id: str,
    network: str,
    now_s: float,
    departure: Callable[[Symptom], str] = lambda _: "",
) -> Incident:
    """A new incident of the group's symptoms.

    `departure`: in what a symptom departs from announced work, which then is the title.
    """
    mine = tuple(s for s in symptoms if s.id in group.symptoms)
    onset_s = min(s.first_seen_s for s in mine)
    return Incident(
        id=incident_id,
        network=network,
        onset_s=onset_s,
        detected_s=now_s,
        severity=group.severity,
        title=next(filter(None, map(departure, mine)), "")
        or title_of([shown_symptom(s, onset_s) for s in mine]),
        symptoms=mine,
    )


def title_of(symptoms: Sequence[SymptomShown]) -> str:
    """The symptom that is nearest to a cause, and how many are like it."""
    first = min(symptoms, key=lambda s: (_ROOT_FIRST.index(s.kind), s.seen_s, s.id))
    same = [s.resource for s in symptoms if s.kind == first.kind]
    more = f" and {len(same) - 1} more" if len(same) > 1 else ""
    return f"{first.kind.replace('_', ' ')}: {first.resource}{more}"


def _is_found_late(cause: Symptom, effect: Symptom) -> bool:
    later_s = cause.first_seen_s - effect.first_seen_s
    return cause.kind == "silent_loss" and 0.0 <= later_s <= _FOUND_LATE_S


def _links(symptom: Symptom) -> set[str]:
    match symptom.kind:
        case "adjacency_down" | "late_link":
            return {symptom.resource}
        case "queue_drops" | "silent_loss":
            return {Interface.parse(symptom.resource).link}
        case "alert":
            egress = Interface.named_by(symptom.resource)
            return {egress.link if egress else symptom.resource}
        case _:
            return set()


def _rise(supposed: Supposed, event: DarkLinks, symptom: Symptom) -> float:
    """How much more the egress of `symptom` is offered after `event`, as a share of its link."""
    egress, topology = Interface.parse(symptom.resource), supposed.base.topology
    arc = topology.arc_of(egress)
    rise = supposed.loads((event,))[arc] - supposed.loads()[arc]
    return float(rise) / topology.link(egress.link).capacity_bps
