"""What an egress does to its load: policers, a priority queue for voice, one queue for the rest.

The load of one second is taken as normal around its mean with a coefficient of variation, so drops
begin below 100 % average load; the buffer absorbs an excess of at most its depth per second.
"""

from dataclasses import dataclass

import numpy as np

from tools.network.emulated.wiring import BoolArray, FloatArray

BURST_S = 1.0
"""Time over which a burst lasts (assumed): a buffer of 20 ms absorbs 2 % of excess."""

PACKET_BITS = 8 * 1000.0
"""Mean packet (assumed); matters only to the small delay of a half-empty queue."""


@dataclass(frozen=True, eq=False)
class Egresses:
    """The state of every egress, (n_arcs,) unless said.

    `police_bps`: (3, n_arcs), infinite where there is no policer. `line_loss`: fraction that is
    spoilt behind the queue, which the sender counts as dropped. `silent_loss`: fraction lost after
    the sender has counted it as sent. `late_s`: how much longer its router and its line take.
    `dead`: the link carries nothing.
    """

    capacity_bps: FloatArray
    burst_cv: FloatArray
    buffer_s: FloatArray
    police_bps: FloatArray
    line_loss: FloatArray
    silent_loss: FloatArray
    late_s: FloatArray
    dead: BoolArray


@dataclass(frozen=True, eq=False)
class Served:
    """`sent`, `dropped`: bit/s (3, n_arcs), as the egress counts them. `wait_s`: (3, n_arcs), in
    the queue, and what the line is late. `keep`: (3, n_arcs), the fraction of each
    class's load that reaches the far end.
    """

    sent: FloatArray
    dropped: FloatArray
    wait_s: FloatArray
    keep: FloatArray


def serve(load: FloatArray, egresses: Egresses) -> Served:
    """Pass `load` (bit/s, (3, n_arcs)) through the queues."""
    e = egresses
    allowed = np.minimum(load, e.police_bps)
    voice, total = allowed[0], allowed.sum(axis=0)
    lost_voice, _ = _excess(voice, e)
    lost_total, full = _excess(total, e)
    rest = total - voice
    lost_rest = np.clip(lost_total - lost_voice, 0.0, rest)
    share_rest = np.divide(lost_rest, rest, out=np.zeros_like(rest), where=rest > 0)
    share_voice = np.divide(lost_voice, voice, out=np.zeros_like(voice), where=voice > 0)
    queued = allowed * (1.0 - np.stack([share_voice, share_rest, share_rest]))
    sent = queued * (1.0 - e.line_loss)
    sent[:, e.dead] = 0.0
    # A dead interface takes nothing in, so what routing still sends there is lost uncounted.
    dropped = np.where(e.dead, 0.0, load - sent)
    through = sent * (1.0 - e.silent_loss)
    passes = (1.0 - e.line_loss) * (1.0 - e.silent_loss)
    alive = np.broadcast_to(np.where(e.dead, 0.0, passes), load.shape)
    keep = np.divide(through, load, out=alive.copy(), where=load > 0)
    return Served(sent, dropped, _wait(voice, total, full, e), keep)


def _excess(mean: FloatArray, e: Egresses) -> tuple[FloatArray, FloatArray]:
    """Expected excess over line and buffer (bit/s), and how often the line is exceeded."""
    spread = np.maximum(e.burst_cv * mean, 1.0)
    line = (e.capacity_bps - mean) / spread
    room = line + e.capacity_bps * e.buffer_s / BURST_S / spread
    excess = spread * (_density(room) - room * _above(room))
    return np.maximum(np.maximum(excess, mean - e.capacity_bps), 0.0), _above(line)


def _wait(voice: FloatArray, total: FloatArray, full: FloatArray, e: Egresses) -> FloatArray:
    """Mean waiting time per class: a little below saturation, the buffer's depth beyond it."""
    packet_s = PACKET_BITS / e.capacity_bps
    busy_voice = np.minimum(voice / e.capacity_bps, 0.99)
    busy = np.minimum(total / e.capacity_bps, 0.99)
    first = packet_s * (1.0 + busy_voice / (1.0 - busy_voice))
    rest = np.minimum(packet_s * (1.0 + busy / (1.0 - busy)) + full * e.buffer_s, e.buffer_s)
    return np.stack([first, rest, rest]) + e.late_s


def _density(z: FloatArray) -> FloatArray:
    density: FloatArray = np.exp(-0.5 * np.minimum(z * z, 1400.0)) / np.sqrt(2.0 * np.pi)
    return density


def _above(z: FloatArray) -> FloatArray:
    """Upper tail of the normal distribution, error < 7.5e-8. Source: Abramowitz, Stegun 26.2.17."""
    t = 1.0 / (1.0 + 0.2316419 * np.abs(z))
    series = t * (
        0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)))
    )
    tail = _density(z) * series
    above: FloatArray = np.where(z >= 0, tail, 1.0 - tail)
    return above
