"""Who is hit and at risk: what the causal graph says of a diagnosis, beside what probes see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from twin.events.fault import Fault
from twin.knowledge.causal import CausalGraph, Impact, derive
from twin.knowledge.facts import ThingKey
from twin.knowledge.redundancy import Redundancy, Weakness
from twin.knowledge.schema import Schema
from twin.knowledge.snapshot import Snapshot
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.service_impact import Affected, CausalStep, How, ServiceImpact
from twin.nouns.topology import Topology

TOLD = ("service", "slice", "customer")
"""Kinds that are told of."""

LEAST_SURE = 0.05
"""What follows from hypotheses that are less likely together is not told."""

_MOST_NAMES = 40
"""Names that are kept of things that are affected alike."""

MOST_STEPS = 40
"""Arrows that are kept of the causal graph: as many as a person can follow in a drawing."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """What fails if a hypothesis is right. `cuts`: it is down; else it is impaired only."""

    probability: float
    things: tuple[ThingKey, ...]
    cuts: bool


class Dependencies:
    """What one snapshot of the knowledge graph says of dependencies, worked out once."""

    def __init__(self, snapshot: Snapshot, schema: Schema, at_s: float | None = None) -> None:
        self.snapshot = snapshot
        self.causal: CausalGraph = derive(snapshot, schema, at_s)

    @cached_property
    def redundancy(self) -> Redundancy:
        """Its alternatives."""
        return Redundancy(self.causal)

    def suspects(self, diagnosis: Diagnosis, topology: Topology) -> tuple[Suspect, ...]:
        """What fails by each hypothesis, the likeliest first; none where no cause was found."""
        if not diagnosis.cause:
            return ()
        found = ((h, self.struck(h.faults, topology)) for h in diagnosis.hypotheses)
        return tuple(
            Suspect(min(1.0, h.probability), things, cuts) for h, (things, cuts) in found if things
        )

    def struck(
        self, faults: Sequence[Fault], topology: Topology
    ) -> tuple[tuple[ThingKey, ...], bool]:
        """The things that `faults` sit on, as far as the graph has them, and whether they are down.

        Faults that take nothing down count only where no other does.
        """
        down = [fault for fault in faults if fault.links_down(topology)]
        things: dict[ThingKey, None] = {}
        for fault in down:
            things |= {("device", name): None for name in fault.resources}
            things |= {("duct", fault.place()): None}
            things |= {("link", name): None for name in sorted(fault.links_down(topology))}
        if not down:
            things = {("link", name): None for f in faults for name in f.concerned_links()}
        return tuple(key for key in things if key in self.snapshot), bool(down)

    def service_impact(
        self,
        suspects: Sequence[Suspect],
        breached: Mapping[str, float],
        onset_s: float,
        as_of_s: float,
    ) -> ServiceImpact:
        """Who is hit by `suspects` and by what probes see (`breached`: services, since when)."""
        found = _Found()
        self._take_measured(found, breached)
        steps: list[CausalStep] = []
        for number, suspect in enumerate(suspects):
            impact = self.causal.impact(suspect.things)
            weak = self.redundancy.weakened(impact)
            for fall in impact.falls:
                how: How = "cut_off" if suspect.cuts else "at_risk"
                after_s = fall.at_s if suspect.cuts else 0.0
                found.add(fall.thing, how, suspect.probability, onset_s + after_s)
            for thing in weak if suspect.cuts else ():
                found.add(thing, "at_risk", suspect.probability, onset_s)
            if number == 0:
                steps = list(_steps(impact, weak if suspect.cuts else {}))
        return ServiceImpact(
            as_of_s=as_of_s,
            recorded_s=self.snapshot.taken_s,
            causes=tuple(_name(thing) for s in suspects[:1] for thing in s.things),
            affected=found.groups(),
            steps=tuple(steps[:MOST_STEPS]),
            more_steps=len(steps[MOST_STEPS:]),
        )

    def _take_measured(self, found: "_Found", breached: Mapping[str, float]) -> None:
        for service, since_s in breached.items():
            key: ThingKey = ("service", service)
            found.add(key, "outside_objective", 1.0, since_s)
            if key in self.snapshot:
                for fall in self.causal.impact([key]).falls:
                    found.add(fall.thing, "outside_objective", 1.0, since_s)


@dataclass(slots=True)
class _Found:
    """By thing and way: how probable, and since when at the earliest."""

    known: dict[tuple[ThingKey, How], tuple[float, float]] = field(default_factory=dict)

    def add(self, thing: ThingKey, how: How, probability: float, since_s: float) -> None:
        if thing[0] in TOLD:
            before, first_s = self.known.get((thing, how), (0.0, since_s))
            self.known[thing, how] = (min(1.0, before + probability), min(first_s, since_s))

    def groups(self) -> tuple[Affected, ...]:
        """Each thing once, in the worst way that is likely enough; alike ones together."""
        ranked: tuple[How, ...] = ("outside_objective", "cut_off", "at_risk")
        alike: dict[tuple[How, str, float, float], list[str]] = {}
        seen: set[ThingKey] = set()
        for how in ranked:
            for (thing, of), (probability, since_s) in sorted(self.known.items()):
                if of != how or probability < LEAST_SURE or thing in seen:
                    continue
                seen.add(thing)
                # Since the minute: what probes see of one failure comes in over some rounds.
                minute_s = since_s - since_s % 60.0
                group = (how, thing[0], minute_s, round(probability, 2))
                alike.setdefault(group, []).append(thing[1])
        order = sorted(alike, key=lambda g: (ranked.index(g[0]), TOLD.index(g[1]), -g[3], g[2]))
        return tuple(
            Affected(
                kind=kind,
                how=how,
                count=len(alike[how, kind, since_s, probability]),
                names=tuple(alike[how, kind, since_s, probability][:_MOST_NAMES]),
                since_s=since_s,
                probability=probability,
            )
            for how, kind, since_s, probability in order
        )


def _steps(impact: Impact, weak: Mapping[ThingKey, Weakness]) -> Iterator[CausalStep]:
    """The arrows that lead to what is told of, each once: first to what is down, then to what is
    weak.
    """
    told: dict[tuple[ThingKey, ThingKey], CausalStep] = {}
    for fall in impact.falls:
        if fall.thing[0] in TOLD:
            told |= _falling(impact, fall.thing)
    for thing in weak:
        if thing[0] in TOLD:
            told |= _weakening(impact, weak, thing)
    yield from told.values()


def _falling(impact: Impact, effect: ThingKey) -> dict[tuple[ThingKey, ThingKey], CausalStep]:
    """The arrows that lead from what failed to `effect`, causes before their effects."""
    by_thing = {fall.thing: fall for fall in impact.why(effect)}
    found: list[tuple[ThingKey, ThingKey]] = []
    asked, seen = [effect], {effect}
    while asked:
        thing = asked.pop(0)
        for cause in by_thing[thing].because if thing in by_thing else ():
            found.append((cause, thing))
            if cause not in seen:
                seen.add(cause)
                asked.append(cause)
    return {
        (cause, thing): _step(cause, thing, by_thing[thing].mechanism, by_thing[thing].at_s)
        for cause, thing in reversed(found)
    }


_MOST_LOST = 3
"""Of what a thing has lost, so many are drawn."""


def _weakening(
    impact: Impact, weak: Mapping[ThingKey, Weakness], effect: ThingKey
) -> dict[tuple[ThingKey, ThingKey], CausalStep]:
    way: list[ThingKey] = [effect]
    while not weak[way[-1]].lost:
        way.append(weak[way[-1]].left[0])
    first = weak[way[-1]]
    steps: dict[tuple[ThingKey, ThingKey], CausalStep] = {}
    left = " and ".join(_name(key) for key in first.left[:2])
    for lost in first.lost[:_MOST_LOST]:
        steps |= _falling(impact, lost)
        steps[lost, way[-1]] = _step(lost, way[-1], f"left: {left}", 0.0, weakens=True)
    for cause, thing in zip(way[:0:-1], way[-2::-1], strict=True):
        steps[cause, thing] = _step(cause, thing, weak[thing].mechanism, 0.0, weakens=True)
    return steps


def _step(
    cause: ThingKey, effect: ThingKey, mechanism: str, after_s: float, *, weakens: bool = False
) -> CausalStep:
    return CausalStep(
        cause=_name(cause),
        effect=_name(effect),
        mechanism=mechanism,
        after_s=after_s,
        weakens=weakens,
    )


def _name(thing: ThingKey) -> str:
    return " ".join(thing)
