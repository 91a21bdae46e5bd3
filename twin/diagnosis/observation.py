"""Gathers what was observed after the onset, for comparison with what a cause would show."""

import numpy as np

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.observation import Observation
from twin.nouns.telemetry import FloatArray
from twin.tracking.tracker import CONVERGENCE_S, Tracker


def observe(tracker: Tracker, running: NetworkConfiguration, onset_s: float) -> Observation:
    """Gather the clean rounds after `onset_s`; `running` is what the devices say they run."""
    # Every change of routing, ours included, starts the clean samples over.
    clean = tracker.rounds_within(max(onset_s, tracker.last_step_s) + CONVERGENCE_S)
    n_arcs = tracker.inventory.topology.n_arcs
    sent = _mean([r.sent_total_bps for r in clean], n_arcs)
    flows = tracker.demand.latest
    fresh = flows is not None and flows.until_s > onset_s
    n_nodes = len(tracker.demand.nodes)
    ratio = tracker.demand.inbound_ratio(flows) if flows and fresh else np.full(n_nodes, np.nan)
    down = {
        s.resource: s.first_seen_s for s in tracker.book.since(0.0) if s.kind == "adjacency_down"
    }
    return Observation(
        rounds=len(clean),
        sent_bps=sent,
        load_bias=tracker.load_bias,
        load_sigma=tracker.load_spread,
        loss=tracker.losses.steady,
        loss_sigma=tracker.losses.spread,
        drop_fraction=_mean([r.drop_fraction for r in clean], n_arcs),
        inbound_ratio=ratio,
        inbound_sigma=tracker.demand.spread,
        down_since={link: down.get(link, onset_s) for link in tracker.down_links},
        running=running,
    )


def _mean(rows: list[FloatArray], width: int) -> FloatArray:
    if not rows:
        return np.full(width, np.nan)
    stacked = np.stack(rows)
    seen = np.isfinite(stacked)
    total = np.where(seen, stacked, 0).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(seen.any(axis=0), total / seen.sum(axis=0), np.nan)
