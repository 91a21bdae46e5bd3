"""One egress: policers, then two queues with finite buffers, then the wire.

Voice has a queue of its own with strict, non-preemptive priority; business and best effort share
the other one. Arrivals are Poisson; packet sizes have a mean and a squared coefficient of
variation. What is not covered: bursts longer than Poisson's (a real egress drops a little before
its average load reaches the capacity), and active queue management.

Sources: waiting without bounds, A. Cobham, Operations Research 2(1), 1954 (priority) over the
formula of Pollaczek and Khinchine; loss, J. MacGregor Smith, Mathematical and Computer Modelling
39, 2004 (two-moment M/G/1/K, exact for M/M/1/K). That waiting in a bounded buffer is the mean of
the exponential distribution cut off at the buffer, with the unbounded mean as its parameter, is
ours: exact without bounds, right in the limit of overload (a full buffer), and an approximation in
between.
"""

import math
from dataclasses import dataclass

import numba
import numpy as np

from twin.physics.compiled import FloatArray

VOICE = 0
"""Column of the class that has the priority queue; all others share the second queue."""


@dataclass(frozen=True, slots=True)
class PhysicsParameters:
    """Assumptions about every egress; docs/world.md gives the reasons.

    `packet_bits`: mean packet size. `packet_size_scv`: its squared coefficient of variation.
    `voice_buffer_s`, `shared_buffer_s`: what the two queues hold, in seconds at line rate.
    """

    packet_bits: float = 5600.0
    packet_size_scv: float = 1.0
    voice_buffer_s: float = 0.010
    shared_buffer_s: float = 0.050


@dataclass(frozen=True, slots=True, eq=False)
class EgressResult:
    """What an egress does to what arrives, each float64 (n_arcs, S, 3).

    `sent`: fraction 0..1 put on the wire, after policers and queues. `wait_s`: mean time in the
    queue.
    """

    sent: FloatArray
    wait_s: FloatArray


def serve_egresses(
    arriving_bps: FloatArray,
    capacity_bps: FloatArray,
    policed_bps: FloatArray,
    parameters: PhysicsParameters,
) -> EgressResult:
    """Serve `arriving_bps` (n_arcs, S, 3) with `capacity_bps` (n_arcs, S).

    `policed_bps`: (n_arcs, 3), rate beyond which a class is dropped before the queue; inf: none.
    """
    sent = np.empty_like(arriving_bps)
    wait_s = np.empty_like(arriving_bps)
    _serve(
        arriving_bps,
        capacity_bps,
        policed_bps,
        parameters.packet_bits,
        parameters.packet_size_scv,
        parameters.voice_buffer_s,
        parameters.shared_buffer_s,
        sent,
        wait_s,
    )
    return EgressResult(sent, wait_s)


@numba.njit(cache=True, nogil=True)
def _serve(
    arriving: FloatArray,
    capacity: FloatArray,
    policed: FloatArray,
    packet_bits: float,
    size_scv: float,
    voice_buffer_s: float,
    shared_buffer_s: float,
    sent: FloatArray,
    wait: FloatArray,
) -> None:
    for arc in range(arriving.shape[0]):
        for s in range(arriving.shape[1]):
            service_s = packet_bits / capacity[arc, s]
            residual_s = 0.5 * service_s * (1.0 + size_scv)
            shared = 0.0
            for k in range(3):
                admitted = min(arriving[arc, s, k], policed[arc, k])
                sent[arc, s, k] = (
                    1.0 if arriving[arc, s, k] == 0 else admitted / arriving[arc, s, k]
                )
                if k != VOICE:
                    shared += admitted / capacity[arc, s]
            voice = min(arriving[arc, s, VOICE], policed[arc, VOICE]) / capacity[arc, s]
            voice_loss = _loss(voice, voice_buffer_s / service_s, size_scv)
            served_voice = voice * (1.0 - voice_loss)
            # What voice leaves over; it never takes quite all, so that the division below holds.
            left = max(1.0 - served_voice, 1e-9)
            shared_loss = _loss(shared / left, shared_buffer_s / service_s, size_scv)
            busy = min(voice + shared, 1.0)
            voice_wait = busy * _bounded_mean((1.0 - voice) / residual_s, voice_buffer_s)
            shared_wait = busy * _bounded_mean(
                left * (1.0 - voice - shared) / residual_s, shared_buffer_s / left
            )
            for k in range(3):
                sent[arc, s, k] *= 1.0 - (voice_loss if k == VOICE else shared_loss)
                wait[arc, s, k] = voice_wait if k == VOICE else shared_wait


@numba.njit(cache=True, nogil=True)
def _loss(
    load: float,
    packets: float,
    scv: float,
) -> float:
    """Share of packets lost at `load` (may exceed 1) with room for `packets`, Smith's formula."""
    if load <= 0.0:
        return 0.0
    if load < 0.5 and packets > 1000.0:
        return 0.0  # Below 1e-300 there.
    # His correction is for loads up to 1; beyond, the fluid limit rules.
    h = math.sqrt(min(load, 1.0)) * (scv - 1.0)
    top = (h + 2.0 * packets) / (2.0 + h)
    bottom = 2.0 * (h + packets + 1.0) / (2.0 + h)
    if abs(load - 1.0) < 1e-9:
        return 1.0 / bottom
    if load < 1.0:
        return math.exp(top * math.log(load)) * (1.0 - load) / -math.expm1(bottom * math.log(load))
    return (1.0 - 1.0 / load) / -math.expm1(-bottom * math.log(load))


@numba.njit(cache=True, nogil=True)
def _bounded_mean(
    rate: float,
    bound: float,
) -> float:
    """Mean of the density that is proportional to exp(-rate x) on 0..bound; `rate` of any sign."""
    product = rate * bound
    if abs(product) < 1e-4:
        return bound * (0.5 - product / 12.0)
    if product > 700.0:
        return 1.0 / rate
    return 1.0 / rate - bound / math.expm1(product)
