"""Gathers what was observed after the onset, for comparison with what a cause would show."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from twin.events.faults.traffic_spike import SUSPECT_SURGE
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.drops import SEEN, Drops
from twin.nouns.observation import SILENT_AFTER, Crossings, Observation
from twin.nouns.telemetry import FloatArray, ProbeRound
from twin.nouns.traffic import TRAFFIC_CLASSES
from twin.physics.compiled import arc_weights, compile_topology
from twin.physics.routing import route
from twin.tracking.adjacencies import FLAPS_WITHIN_S, Return
from twin.tracking.path_shares import probe_shares
from twin.tracking.rates import RateRound
from twin.tracking.tracker import Tracker

_FOUND_AFTER_S = 180.0
"""A loss shows in several rounds before it is a symptom: so long before it may have begun."""

_BEGAN_BEFORE_S = 60.0
"""Drops show in two rounds before they are a symptom."""

_ACCESSED_BEFORE_S = 1800.0
"""Whoever changes something has logged in, or broken in, within half an hour before."""

_LAST_ROUNDS = 3

_BEFORE_S = 600.0
"""What was sent before is the mean of so long."""


def observe(tracker: Tracker, running: NetworkConfiguration, onset_s: float) -> Observation:
    """Gather the clean rounds after `onset_s`; `running` is what the devices say they run."""
    clean = tracker.clean_rounds(onset_s)
    n_arcs = tracker.inventory.topology.n_arcs
    sent = _mean([r.sent_total_bps for r in clean], n_arcs)
    flows = tracker.demand.latest
    fresh = flows is not None and flows.until_s > onset_s
    n_nodes = len(tracker.demand.nodes)
    ratio = tracker.demand.inbound_ratio(flows) if flows and fresh else np.full(n_nodes, np.nan)
    down = {
        s.resource: s.first_seen_s for s in tracker.book.since(0.0) if s.kind == "adjacency_down"
    }
    missed = tracker.coverage.missed(tracker.now_s)
    returns = _returns(tracker, onset_s)
    late = tracker.links.late_since(onset_s - _BEGAN_BEFORE_S)
    found = Observation(
        rounds=len(clean),
        sent_bps=sent,
        load_bias=tracker.usual_loads.bias,
        load_sigma=tracker.usual_loads.spread,
        loss=tracker.losses.steady,
        loss_sigma=tracker.losses.spread,
        drop_fraction=_mean([r.drop_fraction for r in clean], n_arcs),
        inbound_ratio=ratio,
        inbound_sigma=tracker.demand.spread,
        # What announced work has taken down is normal for as long as it lasts.
        down_since={
            link: down.get(link, onset_s) for link in tracker.down_links - tracker.announced_down
        },
        running=running,
        now_s=tracker.now_s,
        one_end=_one_end(tracker, missed),
        one_source=tracker.demand.claimed_surges(flows, SUSPECT_SURGE) if flows and fresh else {},
        read_s=tracker.coverage.read_s(),
        missed=missed,
        late={link: added_s for link, (added_s, _) in late.items()},
        late_minutes={link: (tracker.now_s - since_s) / 60 for link, (_, since_s) in late.items()},
        returns={link: tuple(r.time_s for r in back) for link, back in returns.items()},
        returns_by=_claimed(tracker, returns, missed),
        access=tracker.access_signs(onset_s - _ACCESSED_BEFORE_S),
        alerts=tracker.alerts.since(onset_s - _BEGAN_BEFORE_S),
        flow_mix=tracker.flow_mix(flows) if flows and fresh else None,
        unreported=(*([] if clean else ["counters"]), *([] if fresh else ["flow records"])),
    )
    if (found.drop_fraction > SEEN).any():
        found = replace(found, drops=_drops(tracker, clean, onset_s))
    found = replace(found, loss=_told_loss(tracker, found, onset_s))
    felt = any(s.kind == "probe_loss" and s.active for s in tracker.book.since(onset_s))
    if not felt and found.drops is None and not (found.loss > found.suspect_loss).any():
        return found
    return replace(found, risen=_risen(tracker, onset_s), probes=_crossings(tracker, onset_s))


def _one_end(tracker: Tracker, missed: Mapping[str, float]) -> dict[str, str]:
    """Links that one end alone says are down, with that end.

    Where the other does not answer any more, it cannot contradict, nor bear out.
    """
    topology = tracker.topology
    return {
        link: ends[0]
        for link, ends in tracker.adjacencies.dump_down_ends().items()
        if len(ends) == 1 and missed.get(topology.link(link).other_end(ends[0]), 0.0) < SILENT_AFTER
    }


def _claimed(
    tracker: Tracker, returns: Mapping[str, Sequence[Return]], missed: Mapping[str, float]
) -> dict[str, str]:
    """The links whose returns one end alone has told of while the other would say so too, with
    that end.
    """
    ends = {link: {back.claimed_by for back in known} for link, known in returns.items()}
    claimed = {link: by.pop() for link, by in ends.items() if len(by) == 1 and "" not in by}
    links = tracker.topology.link
    return {
        link: by
        for link, by in claimed.items()
        if missed.get(links(link).other_end(by), 0.0) < SILENT_AFTER
    }


def _returns(tracker: Tracker, onset_s: float) -> dict[str, tuple[Return, ...]]:
    """The last returns of links that have moved since the onset, one soon after the other."""
    found, began_s = dict[str, tuple[Return, ...]](), onset_s - _BEGAN_BEFORE_S
    for link in sorted(tracker.adjacencies.returned):
        last, moved_s = list[Return](), tracker.now_s
        for back in reversed(tracker.adjacencies.returns(link)):
            if moved_s - back.time_s > FLAPS_WITHIN_S:
                break
            last.append(back)
            moved_s = back.time_s
        if last and (last[0].time_s >= began_s or link in tracker.down_links):
            found[link] = tuple(reversed(last))
    return found


def _drops(tracker: Tracker, clean: Sequence[RateRound], onset_s: float) -> Drops:
    """What egresses drop in the `clean` rounds, by class."""
    n_arcs, began_s = tracker.inventory.topology.n_arcs, onset_s - _BEGAN_BEFORE_S
    carried_bps = np.zeros(n_arcs)
    for before in tracker.rounds_within(-math.inf, began_s):
        carried_bps = np.fmax(carried_bps, before.sent_total_bps)
    lately_bps = np.full(n_arcs, np.nan)
    # Right after traffic has moved it may be more than fits, until senders hold back.
    for r in clean[-_LAST_ROUNDS:]:
        lately_bps = np.fmax(lately_bps, (r.sent_bps + r.dropped_bps).sum(axis=1))
    return Drops(
        sent_bps=_mean([r.sent_bps for r in clean], (n_arcs, 3)),
        dropped_bps=_mean([r.dropped_bps for r in clean], (n_arcs, 3)),
        carried_bps=carried_bps,
        lately_bps=lately_bps,
        minutes=max(0.0, tracker.now_s - onset_s) / 60.0,
        short=tracker.links.short_since(onset_s),
    )


def _risen(tracker: Tracker, onset_s: float) -> FloatArray:
    """(n_arcs,) log of what was sent after the onset over what was sent before; NaN if unknown."""
    n_arcs = tracker.inventory.topology.n_arcs
    # A loss is found when it has been seen in several rounds.
    began_s = onset_s - _FOUND_AFTER_S
    before = tracker.rounds_within(began_s - _BEFORE_S, began_s)
    after = tracker.rounds_within(onset_s)
    sums = [_mean([r.sent_total_bps for r in rounds], n_arcs) for rounds in (after, before)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(sums[0] / sums[1]))


def _crossings(tracker: Tracker, onset_s: float) -> Crossings:
    """What probes lost since the onset, on the ways that traffic takes now; nothing of those that a
    link that flaps sends now one way and now another.
    """
    inventory, topology = tracker.inventory, tracker.topology
    since_s = onset_s if _is_routed_as_at(tracker, onset_s) else max(onset_s, tracker.steady_s)
    count = len(inventory.probes)
    after = [r for r in tracker.probes if r.received_s >= since_s]
    before = [r for r in tracker.probes if r.received_s < onset_s - _FOUND_AFTER_S]
    sent_before, lost_before = _packets(before, count)
    sent, lost = _packets(after, count)
    torn = tracker.moved_by_flaps().probes
    sent, lost = np.where(torn, 0.0, sent), np.where(torn, 0.0, lost)
    state = tracker.believed_state()
    weights = arc_weights(topology, state.running, state.down_links - tracker.flapping)
    compiled = compile_topology(topology)
    shares = probe_shares(compiled, route(compiled, weights), inventory.probes)
    ends = np.zeros((count, 2), np.int64)
    for row, path in enumerate(inventory.probes):
        ends[row] = topology.node_index[path.source], topology.node_index[path.target]
    usual = np.divide(lost_before, sent_before, out=np.zeros(count), where=sent_before > 0)
    classes = np.array([TRAFFIC_CLASSES.index(p.traffic_class) for p in inventory.probes], np.int64)
    return Crossings(sent=sent, lost=lost, usual=usual, shares=shares, ends=ends, classes=classes)


def _told_loss(tracker: Tracker, found: Observation, onset_s: float) -> FloatArray:
    """(n_arcs,) what is lost in every round; NaN where most rounds say that it loses and one does
    not, as around a change of routing, and since `onset_s` at a silent device: that is not known.
    """
    limit, topology = found.suspect_loss, tracker.topology
    silent = [found.is_silent(x.a) or found.is_silent(x.b) for x in topology.links]
    unread = np.repeat(silent, 2) & (tracker.losses.known_s < onset_s)
    with np.errstate(invalid="ignore"):
        torn = (tracker.losses.mean > limit) & ~(found.loss > limit)
    return np.where(torn | unread, np.nan, found.loss)


def _is_routed_as_at(tracker: Tracker, onset_s: float) -> bool:
    """Whether traffic takes the ways of `onset_s` again, or still: links that were lost since have
    come back, and nothing was configured.
    """
    lost = {s.resource for s in tracker.book.since(onset_s)
            if s.kind == "adjacency_down" and s.active}  # fmt: skip
    return lost <= tracker.flapping and all(t < onset_s for t in tracker.changed_nodes.values())


def _packets(rounds: Sequence[ProbeRound], count: int) -> tuple[FloatArray, FloatArray]:
    """(count,) sent and lost in all of `rounds`, by the probes that reported."""
    if not rounds:
        return np.zeros(count), np.zeros(count)
    sent = np.nansum([r.sent for r in rounds], axis=0)
    return sent, np.nansum([r.lost for r in rounds], axis=0)


def _mean(rows: Sequence[FloatArray], shape: int | tuple[int, int]) -> FloatArray:
    if not rows:
        return np.full(shape, np.nan)
    stacked = np.stack(rows)
    seen = np.isfinite(stacked)
    total = np.where(seen, stacked, 0).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(seen.any(axis=0), total / seen.sum(axis=0), np.nan)
