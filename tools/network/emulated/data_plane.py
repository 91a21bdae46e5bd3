"""Traffic on paths through queues, until loss upstream, load downstream and senders agree."""

from dataclasses import dataclass

import numpy as np

from tools.network.emulated.forwarding import Paths
from tools.network.emulated.queues import Egresses, Served, serve
from tools.network.emulated.wiring import FloatArray, Wiring

ELASTIC_LOSS = 0.005
"""Loss at which elastic senders begin to slow down; beyond it their rate falls as 1/sqrt(loss), as
in Mathis et al., CCR 1997. The threshold is assumed."""

ELASTIC_FLOOR = 0.1
"""Elastic senders never go below this share of what they would like to send (assumed)."""

_ROUNDS = 80
_AGREED = 5e-4
_SETTLED = 2e-2


@dataclass(frozen=True, eq=False)
class Flowing:
    """A moment of the data plane.

    `offered`: bit/s that reach each egress, (3, n_arcs). `served`: what the egresses did with it.
    `received`: bit/s at each far end, (n_arcs,). `entering`: bit/s that senders put in,
    (3, n_pairs). `loss`, `delay_s`: per class and pair, (3, n_pairs); delay is infinite where
    nothing arrives. `slowed`: the share of their demand that elastic senders keep, (3, n_pairs).
    """

    offered: FloatArray
    served: Served
    received: FloatArray
    entering: FloatArray
    loss: FloatArray
    delay_s: FloatArray
    slowed: FloatArray


def flow(
    wiring: Wiring,
    paths: Paths,
    demand: FloatArray,
    egresses: Egresses,
    elastic_share: FloatArray,
    slowed: FloatArray,
    *,
    adapt: bool,
    entry_bps: FloatArray | None = None,
) -> Flowing:
    """Send `demand` (bit/s, (3, n_pairs)) over `paths`.

    `elastic_share`: (3, n_pairs), or (3, 1). Loss and load are iterated until they agree. With
    `adapt`, elastic senders settle at the rate that the loss of their pair allows; without, they
    keep the rate of `slowed`. `entry_bps`: (3, n_pairs), what is let in of each pair.
    """
    keep = np.where(egresses.dead, 0.0, np.ones((3, wiring.n_arcs)))
    pace = _Pace(np.full(slowed.shape, 0.1), np.zeros(slowed.shape))
    for turn in range(_ROUNDS):
        entering = demand * (1.0 - elastic_share + elastic_share * slowed)
        admitted = _admitted(entering, entry_bps)
        alive, offered = _carry(paths, entering, keep, admitted)
        served = serve(offered, egresses)
        agreed = np.abs(served.keep - keep).max(initial=0.0) < _AGREED
        keep = served.keep if turn < 2 else 0.5 * (served.keep + keep)
        if adapt:
            wanted = _slowing(_loss(paths, alive))
            agreed &= float((elastic_share * np.abs(wanted - slowed)).max(initial=0.0)) < _SETTLED
            slowed = pace.step(slowed, wanted)
        if agreed:
            break
    if not np.array_equal(served.keep, keep):
        alive, offered = _carry(paths, entering, keep, admitted)
        served = serve(offered, egresses)
    return Flowing(
        offered=offered,
        served=served,
        received=(served.sent * (1.0 - egresses.silent_loss)).sum(axis=0),
        entering=entering,
        loss=_loss(paths, alive),
        delay_s=_delay(paths, alive, served.wait_s + wiring.propagation_s),
        slowed=slowed,
    )


@dataclass(eq=False)
class _Pace:
    """How far each sender moves to where it wants to be: less after an overshoot, more otherwise.

    Loss near saturation is so steep in load that a fixed pace would swing for ever. Agreement is
    judged by the gap that is left, not by the step: a sender that has become slow is not settled.
    """

    gain: FloatArray
    sign: FloatArray

    def step(self, now: FloatArray, wanted: FloatArray) -> FloatArray:
        """The next value of each sender."""
        gap = wanted - now
        sign = np.sign(gap)
        self.gain = np.clip(np.where(sign == self.sign, 1.2, 0.5) * self.gain, 1e-2, 0.2)
        self.sign = sign
        return now + self.gain * gap


def path_quality(wiring: Wiring, paths: Paths, served: Served) -> tuple[FloatArray, FloatArray]:
    """Loss and mean delay, (3, n_pairs), that packets on `paths` meet without adding load."""
    nothing = np.zeros((3, paths.n_pairs))
    alive, _ = _carry(paths, nothing, served.keep)
    return _loss(paths, alive), _delay(paths, alive, served.wait_s + wiring.propagation_s)


def _admitted(entering: FloatArray, entry_bps: FloatArray | None) -> FloatArray | None:
    """(3, n_pairs), the share of each pair that policers let in; None where there are none."""
    if entry_bps is None:
        return None
    return np.divide(entry_bps, entering, out=np.ones_like(entering), where=entering > entry_bps)


def _carry(
    paths: Paths, entering: FloatArray, keep: FloatArray, admitted: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """The share of each path's traffic that survives, (3, n_paths), and the load of each arc."""
    rate = entering[:, paths.pair] * paths.share
    alive = np.ones_like(rate) if admitted is None else admitted[:, paths.pair]
    if (keep == 1.0).all():
        return alive, _loads(paths, (rate * alive)[:, paths.step_path], keep.shape[1])
    reaching = []
    for arcs in paths.hops:
        reaching.append(rate[:, : len(arcs)] * alive[:, : len(arcs)])
        alive[:, : len(arcs)] *= keep[:, arcs]
    steps = np.concatenate(reaching, axis=1) if reaching else np.zeros((3, 0))
    return alive, _loads(paths, steps, keep.shape[1])


def _loads(paths: Paths, steps: FloatArray, n_arcs: int) -> FloatArray:
    """(3, n_arcs): `steps` (3, n_steps) summed per arc."""
    loads = [np.bincount(paths.step_arc, row, n_arcs) for row in steps]
    return np.stack(loads).astype(np.float64)


def _arriving(paths: Paths, alive: FloatArray) -> FloatArray:
    arriving: FloatArray = paths.share * alive * paths.arrives
    return arriving


def _per_pair(paths: Paths, values: FloatArray) -> FloatArray:
    # Of an empty array, bincount gives integers.
    rows = [np.bincount(paths.pair, row, paths.n_pairs) for row in values]
    return np.stack(rows).astype(np.float64)


def _loss(paths: Paths, alive: FloatArray) -> FloatArray:
    return np.clip(1.0 - _per_pair(paths, _arriving(paths, alive)), 0.0, 1.0)


def _delay(paths: Paths, alive: FloatArray, arc_s: FloatArray) -> FloatArray:
    total = np.zeros_like(alive)
    for arcs in paths.hops:
        total[:, : len(arcs)] += arc_s[:, arcs]
    weight = _arriving(paths, alive)
    arrived = _per_pair(paths, weight)
    spent = _per_pair(paths, weight * total)
    return np.divide(spent, arrived, out=np.full_like(spent, np.inf), where=arrived > 1e-12)


def _slowing(loss: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.clip(np.sqrt(ELASTIC_LOSS / loss), ELASTIC_FLOOR, 1.0)
