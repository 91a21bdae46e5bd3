"""The causes that one diagnosis looks at: simulated, and ranked by log posterior odds."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from twin.diagnosis.alerted import alerted
from twin.diagnosis.candidates import Candidate, propose_candidates
from twin.diagnosis.channels import Channels
from twin.diagnosis.explaining import unexplained
from twin.diagnosis.likelihood import Likelihood
from twin.diagnosis.next_look import Believed, NextLook, next_looks
from twin.diagnosis.observation import observe
from twin.diagnosis.something_else import SomethingElse, beside, holds
from twin.errors import Ungrounded
from twin.events.fault import FAULT_KINDS, AnyFault, Fault
from twin.events.kinds import Clues
from twin.knowledge.past import AND, PastCauses
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.diagnosis import Hypothesis
from twin.nouns.evidence import Evidence
from twin.nouns.incident import Incident, Symptom
from twin.nouns.observation import Observation
from twin.nouns.state import NetworkState
from twin.tracking.belief import Belief
from twin.whatif.supposed import Supposed

INDISTINGUISHABLE_NATS = 3.0
"""Two causes whose posterior odds are under 20:1 are reported as not told apart."""

MOST_ADDED = 4
"""Causes that a mind may add to one diagnosis: each is simulated."""

ADDED_PRIOR_NATS = math.log(0.1)
"""Log prior odds of a cause that a mind adds, against the same cause where graph or telemetry
proposed it: one cause in ten is assumed to leave no trace that proposes it. So an addition needs
ten times the evidence, and never has the better prior."""

BEFORE_ONSET_S = 300.0
"""Signs of an incident may be so much older than its onset."""

PLACES = 2
"""Decimals of log odds: a hundredth of a nat decides nothing."""

_MOST_GROWN_FROM = 16
"""The likeliest single causes, from which sets are grown."""

UNREPORTED = 0.05
"""Chance that something more will show in a channel that has told nothing yet (assumed)."""

_WEIGHED_BESIDE = 12
"""The likeliest sets, and none, beside each of which something else is weighed."""

NOTHING = ""
"""The name of the empty set."""

HEALTHY_NATS = -3.0
"""Log prior odds of nothing being wrong once an incident is open, where it is asked what to look at
(assumed: one incident in twenty is none)."""

CONVINCING_NATS = 4.0
"""A cause has to beat "nothing is wrong" by this much to be a finding."""


SharedDucts = Callable[[Sequence[str]], Sequence[tuple[str, tuple[str, ...]]]]


class Causes:
    """Candidates and what was tested of them, for one incident, against what was observed.

    `shared_ducts`: from links that are down to the ducts on record that hold at least two of
    them, each with all of its links. `kinds`: those that are proposed. `tested`: by the name of the
    set, as is `log_posterior` (nats, against nothing being wrong). `past`: what earlier incidents
    had; it ranks what cannot be told apart, and nothing else.
    """

    def __init__(
        self,
        belief: Belief,
        incident: Incident,
        shared_ducts: SharedDucts,
        kinds: Sequence[type[AnyFault]] = FAULT_KINDS,
        past: PastCauses | None = None,
    ) -> None:
        self._past = past or PastCauses()
        self._belief = belief
        self._kinds = kinds
        self._shared_ducts = shared_ducts
        self._incident = incident
        self._tracker = belief.tracker
        self.running: NetworkConfiguration = belief.tracker.running
        self.proposed: dict[str, Candidate] = {}
        self.tested: dict[str, Hypothesis] = {}
        self.log_posterior: dict[str, float] = {}
        self._added: dict[str, Candidate] = {}
        self._channels: Channels | None = None
        self._beside: dict[str, list[SomethingElse]] = {}
        self._normal: Supposed | None = None

    def __contains__(self, name: str) -> bool:
        return name in self.proposed or name in self._added

    def symptoms(self) -> list[Symptom]:
        """Those of the incident, as they are now."""
        mine = {s.id for s in self._incident.symptoms}
        seen = self._tracker.book.since(self._incident.onset_s - BEFORE_ONSET_S)
        return [s for s in seen if s.id in mine]

    def observation(self) -> Observation:
        """What was observed since the onset, but for links whose outage another incident has."""
        seen = observe(self._tracker, self.running, self._incident.onset_s)
        known = self.normal_state().down_links
        own = {link: since_s for link, since_s in seen.down_since.items() if link not in known}
        return replace(seen, down_since=own)

    def normal_state(self) -> NetworkState:
        """The network without this incident."""
        return self._tracker.normal_state(
            besides=self._incident.id, running=self.running, found_by_s=self._incident.onset_s
        )

    def take(self, device: DeviceConfiguration) -> None:
        """Go by what `device` runs, as it was read."""
        if device != self.running.device(device.node):
            # What was tested before was tested against another network.
            self.running = self.running.with_device(device)
            self._channels = self._normal = None
            self._beside.clear()
            self.tested.clear()
            self.log_posterior.clear()

    def propose(self) -> tuple[Candidate, ...]:
        """Candidates from the graph and the trackers."""
        observation = self.observation()
        ducts = self._shared_ducts(sorted(observation.down_since))
        topology, before = self._tracker.inventory.topology, self.normal_state().running
        known = {fault.id for fault in self._tracker.known_faults(besides=self._incident.id)}
        under = self._tracker.changed_under
        clues = Clues(topology, before, observation, ducts, under)
        found = propose_candidates(clues, self._kinds)
        # What another incident has found is not found again: it is part of what is normal.
        self.proposed = {c.id: c for c in found if c.id not in known}
        return tuple(self.proposed.values())

    def add(self, fault: Fault) -> None:
        """A cause that a mind thought of, unless it is proposed already.

        Raises:
            Ungrounded: there are MOST_ADDED.
        """
        name = fault.id
        if name in self.proposed:
            return
        if name not in self._added and len(self._added) == MOST_ADDED:
            raise Ungrounded(f"{MOST_ADDED} causes were added already; rank what there is")
        self._added[name] = Candidate(id=name, fault=fault, reason="a mind's own")
        for tested in [n for n in self.tested if name in n.split(AND)]:
            del self.tested[tested], self.log_posterior[tested]

    def test(self, ids: Sequence[str]) -> Hypothesis:
        """What the twin and the likelihood say of the candidates `ids` as one joint cause."""
        names = sorted(set(ids))
        name = AND.join(names)
        if name not in self.tested:
            self._test(name, names)
        return self.tested[name]

    def grow(self) -> tuple[Hypothesis, ...]:
        """Join the likeliest single cause, and all links that went down at once, each with what of
        these raises its odds most, and so on, as long as one does.

        Returns the sets on those ways, and those tried that cannot be told from the best of all;
        the likeliest first.
        """
        # A mind may have tested no cause at all, too.
        singles = [name for name in self.likeliest_first() if name in self]
        at_once = self._at_once(singles)
        # A set of many may beat each single cause and yet be worse than a set that one begins.
        starts = [*([name] for name in singles[:1]), *at_once]
        way = {name for start in starts for name in self._way_from(start, singles, at_once)}
        order = self.likeliest_first()
        least = self.log_posterior[order[0]] - INDISTINGUISHABLE_NATS if order else 0.0
        told = (h for h in order if AND in h and (h in way or self.log_posterior[h] > least))
        return tuple(self.tested[name] for name in told)

    def _way_from(
        self, start: Sequence[str], singles: Sequence[str], at_once: Sequence[Sequence[str]]
    ) -> Iterator[str]:
        """Names of the sets that grow out of `start`, each likelier than the one before."""
        best: Hypothesis | None = self.test(start)
        now = -math.inf
        while best is not None and self.log_posterior[best.id] > now:
            yield best.id
            now, taken = self.log_posterior[best.id], best.faults
            # Of those that may stand beside what is there: surges of single nodes would fill the
            # list beside that of all demand, which they never join.
            beside = islice(self._left([[name] for name in singles], taken), _MOST_GROWN_FROM)
            grown = best.id.split(AND)
            tried = [self.test([*grown, *m]) for m in (*beside, *self._left(at_once, taken))]
            best = max(tried, key=lambda h: (self.log_posterior[h.id], h.id), default=None)

    def above(self, name: str) -> list[tuple[str, ...]]:
        """Links of the set `name` that went down at once and meet nowhere, in groups."""
        groups = self._get_channels().likelihood.at_once_and_apart(self.tested[name].faults)
        return [tuple(sorted(r for fault in group for r in fault.resources)) for group in groups]

    def _at_once(self, names: Sequence[str]) -> list[list[str]]:
        """Those of `names` that are each a link, in groups that went down at once and apart."""
        links = [f for name in names for f in self.tested[name].faults if len(f.resources) == 1]
        groups = self._get_channels().likelihood.at_once_and_apart(links)
        return [[fault.id for fault in group] for group in groups]

    def _left(
        self, joined: Sequence[Sequence[str]], taken: Sequence[Fault]
    ) -> Iterator[Sequence[str]]:
        """Of each of `joined` what may stand beside `taken`."""
        for names in joined:
            left = [n for n in names if not _excluded(self.tested[n].faults, taken)]
            if left:
                yield left

    def _test(self, name: str, ids: Sequence[str]) -> None:
        faults = tuple((self.proposed.get(i) or self._added[i]).fault for i in ids)
        channels = self._get_channels()
        likelihood = channels.likelihood
        alerts = likelihood.observation.alerts
        evidence = [
            *likelihood.evidence(faults),
            *channels.drops(faults),
            *channels.by_probes_alone(faults),
            *alerted(self._belief, self._get_normal(), faults, alerts),
        ]
        gain = sum(e.log_likelihood_ratio for e in evidence)
        own = [i for i in ids if i not in self.proposed]
        prior = likelihood.log_prior(faults) + ADDED_PRIOR_NATS * len(own)
        # Rounded here, so that who reads it and who checks it compare the same numbers.
        self.log_posterior[name] = round(gain + prior, PLACES)
        self.tested[name] = Hypothesis(
            id=name,
            faults=faults,
            log_likelihood=gain,
            probability=0.0,
            evidence_for=_strongest(evidence, 1),
            evidence_against=_strongest(evidence, -1),
            unexplained=self._unexplained(faults),
            source="mind" if own else "graph",
        )

    def _get_channels(self) -> Channels:
        if self._channels is None:
            normal = self._get_normal()
            self._channels = Channels(Likelihood(self.observation(), normal.base, normal.loads))
        return self._channels

    def _get_normal(self) -> Supposed:
        """What the network without this incident would carry; its state is of the first asking."""
        if self._normal is None:
            self._normal = Supposed(self._belief.twin, self.normal_state())
        return self._normal

    def _unexplained(self, faults: Sequence[Fault]) -> tuple[str, ...]:
        """Symptoms of this incident that the faults do not bring about in the twin."""
        left = unexplained(self._belief, self._get_normal(), faults, self.symptoms())
        return tuple(symptom.id for symptom in left)

    def likeliest_first(self) -> list[str]:
        """Names of what was tested."""
        return sorted(self.tested, key=lambda h: (-self.log_posterior[h], h))

    def beside(self, name: str) -> SomethingElse:
        """The likeliest of what there is no kind for, beside the set `name`, or NOTHING."""
        return max(self._weighed_beside(name), key=lambda one: (one.log_posterior, one.place))

    def something_else(self) -> SomethingElse | None:
        """What there is no kind for, where it alone is likelier than every set, with it or not.

        Beside a set of which all is at its place, it is alone as well: they are what it looks like.
        """
        alone, topology = self.beside(NOTHING), self._tracker.topology
        most, uncounted = CONVINCING_NATS, self._uncounted()
        for name in self.likeliest_first()[:_WEIGHED_BESIDE]:
            beside = self.beside(name)
            odds = max(beside.log_posterior, self.log_posterior[name]) + uncounted
            covers = all(holds(topology, beside.place, r) for r in self._resources(name))
            if covers and beside.log_posterior > self.log_posterior[name]:
                raised = beside.model_copy(update={"log_posterior": round(odds, PLACES)})
                alone = max(alone, raised, key=lambda one: (one.log_posterior, one.place))
            else:
                most = max(most, odds)
        return alone if alone.log_posterior > most else None

    def _uncounted(self) -> float:
        """What all channels say for the likeliest set beyond its own evidence (nats): no kind
        weighs all that it brings about, and what there is no kind for is weighed by all channels.
        """
        names, channels = self.likeliest_first()[:1], self._get_channels()
        faults = [self.tested[name].faults for name in names]
        gain = sum(channels.total(channels.surprises(()) - channels.surprises(f)) for f in faults)
        return max(0.0, gain - sum(self.tested[name].log_likelihood for name in names))

    def _resources(self, name: str) -> set[str]:
        """On which the faults of a set sit."""
        return {resource for fault in self.tested[name].faults for resource in fault.resources}

    def probabilities(self) -> dict[str, float]:
        """Of each set that was tested: that it is all that is wrong, and nothing else.

        What has not reported yet may show something more.
        """
        total = float(np.logaddexp.reduce([odds for *_, odds in self._weighed()]))
        known = (1.0 - UNREPORTED) ** len(self._get_channels().likelihood.observation.unreported)
        return {n: known * math.exp(self.log_posterior[n] - total) for n in self.tested}

    def next_looks(self, read: Collection[str]) -> tuple[NextLook, ...]:
        """The devices that are worth a read, the most telling first; `read`: those that were."""
        weighed = [
            (name, place, odds + (0.0 if name or place else HEALTHY_NATS))
            for name, place, odds in self._weighed()
        ]
        total = float(np.logaddexp.reduce([odds for *_, odds in weighed]))
        believed = [
            Believed(self.tested[name].faults if name else (), place, math.exp(odds - total))
            for name, place, odds in weighed
        ]
        return next_looks(believed, self._get_channels().likelihood, read)

    def _weighed(self) -> list[tuple[str, str, float]]:
        """Every set that was tested, and NOTHING: its name, what else is wrong ("" for nothing, and
        beside the likeliest each place), and the log posterior.
        """
        # A mind may have tested the empty set as well.
        order = [name for name in self.likeliest_first() if name != NOTHING]
        uncounted = self._uncounted()
        alone = ((one.place, one.log_posterior) for one in self._weighed_beside(NOTHING))
        found = [(NOTHING, place, odds - uncounted) for place, odds in (("", 0.0), *alone)]
        found.extend((name, "", self.log_posterior[name]) for name in order)
        for name in order[:_WEIGHED_BESIDE]:
            found.extend((name, one.place, one.log_posterior) for one in self._weighed_beside(name))
        return found

    def _weighed_beside(self, name: str) -> list[SomethingElse]:
        if name not in self._beside:
            faults = self.tested[name].faults if name else ()
            own = self.log_posterior[name] if name else 0.0
            self._beside[name] = [
                SomethingElse(place=place, log_posterior=round(own + odds, PLACES))
                for place, odds in beside(self._get_channels(), faults)
            ]
        return self._beside[name]

    def leading(self) -> list[str]:
        """The likeliest and those that cannot be told from it; none if nothing is convincing."""
        near = self._near()
        if not near or max(self.log_posterior[h] for h in near) < CONVINCING_NATS:
            return []
        if self.something_else() is not None:
            return []
        return [h for h in near if not self.same_extent(h, near[0])]

    def ranked(self) -> list[str]:
        """As `likeliest_first`, but that of what cannot be told from the best, what past incidents
        had comes first.
        """
        near = self._near()
        return near + [h for h in self.likeliest_first() if h not in near]

    def recalled(self, name: str) -> float:
        """What past incidents add to the odds of a set, where they count (nats)."""
        best = max(self.log_posterior.values(), default=0.0)
        if best - self.log_posterior[name] >= INDISTINGUISHABLE_NATS:
            return 0.0
        return round(self._past.nats(name.split(AND)), PLACES)

    def with_past(self, share: Mapping[str, float]) -> dict[str, float]:
        """`share` with what past incidents say of those that cannot be told apart, which keep their
        sum.
        """
        near = [h for h in self._near() if h in share]
        raised = {h: share[h] * math.exp(self.recalled(h)) for h in near}
        total, before = sum(raised.values()), sum(share[h] for h in near)
        if len(near) < 2 or not total:
            return dict(share)
        return {**share, **{h: before * raised[h] / total for h in near}}

    def _near(self) -> list[str]:
        """The likeliest and what measurements do not tell from it, by the odds and the past."""
        order = self.likeliest_first()
        near = [
            h
            for h in order
            if self.log_posterior[order[0]] - self.log_posterior[h] < INDISTINGUISHABLE_NATS
        ]
        return sorted(near, key=lambda h: (-self.log_posterior[h] - self.recalled(h), h))

    def same_extent(self, one: str, best: str) -> bool:
        """Whether two different causes are the same links down, told by two names."""
        return (
            one != best
            and _extent(self.tested[one].faults) == _extent(self.tested[best].faults) != frozenset()
        )


def _excluded(faults: Sequence[Fault], taken: Sequence[Fault]) -> bool:
    return any(f.excludes(t) or t.excludes(f) for f in faults for t in taken)


def _extent(faults: Sequence[Fault]) -> frozenset[str]:
    """The links that are down, if that is all that the faults are."""
    if not all(f.only_links_down for f in faults):
        return frozenset()
    return frozenset(link for f in faults for link in f.resources)


def _strongest(evidence: Sequence[Evidence], sign: int) -> tuple[Evidence, ...]:
    mine = [e for e in evidence if sign * e.log_likelihood_ratio > 0]
    return tuple(sorted(mine, key=lambda e: -abs(e.log_likelihood_ratio))[:6])
