"""What was observed after the onset, gathered for comparison with what a cause would show."""

from dataclasses import dataclass

import numpy as np

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.telemetry import FloatArray
from twin.tracking.tracker import CONVERGENCE_S, Tracker


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """Means over `rounds` clean rounds: NaN where no reading was clean.

    `sent_bps`: (n_arcs,). `load_sigma`: (n_arcs,) standard deviation of log(sent / expected) when
    healthy. `loss`, `loss_sigma`: (n_arcs,) share of what was sent that did not arrive in any of
    the last rounds, and its noise. `drop_fraction`: (n_arcs,). `inbound_ratio`, `inbound_sigma`:
    (n,) traffic drawn by each node / expected, and the deviation of its log when healthy.
    `down_since`: link -> time.
    """

    rounds: int
    sent_bps: FloatArray
    load_bias: FloatArray
    load_sigma: FloatArray
    loss: FloatArray
    loss_sigma: FloatArray
    drop_fraction: FloatArray
    inbound_ratio: FloatArray
    inbound_sigma: FloatArray
    down_since: dict[str, float]
    running: NetworkConfiguration


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
        loss=tracker.steady_loss,
        loss_sigma=tracker.loss_spread,
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
