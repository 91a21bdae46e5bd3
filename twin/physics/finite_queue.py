"""M/G/1 queues with a bound on the packets that they hold, in closed form.

Packets arrive as a Poisson process, each wants a service whose length is that of the packet, and a
packet that finds `room` packets in its queue is lost; the one on the wire holds its place until it
is sent. Times are in mean services.

The chain embedded at departures of M/G/1/K, and that of the queue without a bound, satisfy the same
equations below the bound, so the bounded queue follows from the generating function of the
unbounded one, A D / (A - z), continued beyond a load of 1. A(z) generates the arrivals during a
service and D(z) those during the rest of the packet of another class that is on the wire. Its two
real poles, 1 and z0, give the loss and the mean; the complex ones are left out. That is exact for
exponential sizes; for constant ones, or two sizes, loss and wait at loads from 0.5 are right to
1e-3 with room for 5 packets and to 1e-6 with 10 (tests/twin/physics/test_queueing.py).

The class without priority is an M/G/1 queue of its own whose service lasts until all voice that
came meanwhile is sent; its pole is that of a single queue with both loads.

Sources: relation of bounded and unbounded queue, J. Keilson, J. Royal Statistical Society B 28,
1966; decomposition by interruptions, S. W. Fuhrmann and R. B. Cooper, Operations Research 33, 1985;
waiting with priority, A. Cobham, Operations Research 2, 1954; the pole of the lower class,
J. Abate and W. Whitt, Queueing Systems 25, 1997.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

VOICE = 0
"""Column of the class that has the priority queue; all others share the second queue."""

ALMOST = 1e-9
"""Voice never takes quite all of the line, so that what it leaves can be divided by."""

NEVER = 45.0
"""exp(-45) of a queue's packets lost is none in double precision."""


@numba.njit(cache=True, nogil=True)
def serve(
    arriving: FloatArray,
    capacity: FloatArray,
    policed: FloatArray,
    packet_bits: float,
    scv: float,
    sizes: FloatArray,
    shares: FloatArray,
    voice_buffer_s: float,
    shared_buffer_s: float,
    most_packets: float,
    sent: FloatArray,
    wait: FloatArray,
) -> None:
    """Fill `sent` and `wait` (seconds), (n_arcs, S, 3); see `serve_egresses` for the others.

    `sizes`, `shares`: packet sizes in means, and how often each comes; none: gamma with `scv`.
    """
    exponential = len(sizes) == 0 and scv == 1.0
    for arc in range(arriving.shape[0]):
        for s in range(arriving.shape[1]):
            service_s = packet_bits / capacity[arc, s]
            shared = 0.0
            for k in range(3):
                admitted = min(arriving[arc, s, k], policed[arc, k])
                sent[arc, s, k] = (
                    1.0 if arriving[arc, s, k] == 0 else admitted / arriving[arc, s, k]
                )
                if k != VOICE:
                    shared += admitted / capacity[arc, s]
            voice = min(arriving[arc, s, VOICE], policed[arc, VOICE]) / capacity[arc, s]
            interrupted = min(shared / max(1.0 - voice, ALMOST), 1.0)
            voice_room = max(min(voice_buffer_s / service_s, most_packets), 1.0)
            shared_room = max(min(shared_buffer_s / service_s, most_packets), 1.0)
            # Most egresses are far from full; a call costs several times what this does.
            if exponential and _never_full(voice + shared, min(voice_room, shared_room)):
                voice_loss = shared_loss = 0.0
                voice_wait = _unbounded_wait(voice, 0.0, interrupted, scv)
                shared_wait = _unbounded_wait(shared, voice, 0.0, scv)
            else:
                voice_loss, voice_wait = _bounded(
                    voice, 0.0, interrupted, voice_room, scv, sizes, shares
                )
                above = min(voice * (1.0 - voice_loss), 1.0 - ALMOST)
                shared_loss, shared_wait = _bounded(
                    shared, above, 0.0, shared_room, scv, sizes, shares
                )
                if shared_loss > 0.0:
                    # What is lost does not stand in the way of voice.
                    interrupted = min(shared * (1.0 - shared_loss) / (1.0 - above), 1.0)
                    voice_loss, voice_wait = _bounded(
                        voice, 0.0, interrupted, voice_room, scv, sizes, shares
                    )
            for k in range(3):
                sent[arc, s, k] *= 1.0 - (voice_loss if k == VOICE else shared_loss)
                wait[arc, s, k] = service_s * (voice_wait if k == VOICE else shared_wait)


@numba.njit(cache=True, nogil=True)
def _never_full(load: float, room: float) -> bool:
    """A quick `_never_fills` for exponential sizes; False may mean that it did not find out."""
    decay = NEVER / max(room - 1.0, 1.0)
    return decay < 1.0 and load * (1.0 + decay + decay * decay) < 1.0


@numba.njit(cache=True, nogil=True)
def _bounded(
    load: float,
    above: float,
    interrupted: float,
    room: float,
    scv: float,
    sizes: FloatArray,
    shares: FloatArray,
) -> tuple[float, float]:
    """Loss and mean wait of a class whose load is `load`.

    `above`: load of the class with priority over it. `interrupted`: of the time that its queue is
    empty, the share in which a packet of a lower class is on the wire.
    """
    total = load + above
    if load <= 0.0 or (total < 1.0 and _never_fills(total, room, scv, sizes, shares)):
        return 0.0, _unbounded_wait(load, above, interrupted, scv)
    # The limit at a load of 1 is a difference of large numbers; a line between its sides is not.
    near = 1.8e-4 / room**0.75
    if abs(1.0 - total) >= near:
        return _bounded_at(load, above, interrupted, room, scv, sizes, shares)
    over = 1.0 + near - above
    loss, wait = _bounded_at(over, above, interrupted, room, scv, sizes, shares)
    under = 1.0 - near - above
    if under <= 0.0:
        return loss, wait
    loss_under, wait_under = _bounded_at(under, above, interrupted, room, scv, sizes, shares)
    share = (load - under) / (over - under)
    return loss_under + share * (loss - loss_under), wait_under + share * (wait - wait_under)


@numba.njit(cache=True, nogil=True)
def _bounded_at(
    load: float,
    above: float,
    interrupted: float,
    room: float,
    scv: float,
    sizes: FloatArray,
    shares: FloatArray,
) -> tuple[float, float]:
    """As `_bounded`, for any load but 1."""
    left = 1.0 - above
    spare = 1.0 - load / left
    total = load + above
    if above == 0.0:
        pole, slope = _pole(load, scv, sizes, shares)
        weight = 1.0 - interrupted + interrupted / load
    else:
        pole, slope = _pole(total, scv, sizes, shares)
        weight = left * (1.0 + above / load)
        busy = 1.0 - above * (slope + 1.0) / total
        slope /= busy
        if busy <= 0.0:
            # Rare: voice alone makes the tail. Two moments of the interrupted service do then.
            stretched = (1.0 + scv) / left - 1.0
            pole, slope = _pole(load / left, stretched, sizes[:0], shares[:0])
        # A packet gives its place back when it is sent, before the voice that follows it.
        room += above
    passed = math.log(spare * weight / slope) - (room - 1.0) * math.log1p(pole)
    # Beyond 700 the exponential overflows; the queue is then always full.
    full = -1.0 if passed > 700.0 else 1.0 / math.expm1(-passed)
    lost = spare * full
    loss = min(max(lost / (1.0 + lost), 0.0), 1.0)
    wait = _unbounded_wait(load, above, interrupted, scv)
    number = load * (wait + 1.0 / left)
    wait += full * (number - 1.0 / pole - room * (1.0 - spare)) / load
    return loss, max(wait, 0.0)


@numba.njit(cache=True, nogil=True)
def _unbounded_wait(load: float, above: float, interrupted: float, scv: float) -> float:
    """Cobham's wait; beyond a load of 1 its continuation, which is negative."""
    residual = 0.5 * (1.0 + scv)
    if above == 0.0:
        return residual * (interrupted + load / (1.0 - load))
    left = 1.0 - above
    return residual * (load + above) / (left * (left - load))


@numba.njit(cache=True, nogil=True)
def _never_fills(
    load: float, room: float, scv: float, sizes: FloatArray, shares: FloatArray
) -> bool:
    """Whether the pole is so far out that exp(-NEVER) of the packets at most find no room."""
    decay = NEVER / max(room - 1.0, 1.0)
    if decay > 5.0:
        return False
    beyond = math.expm1(decay)
    if len(sizes) == 0:
        if scv == 0.0:
            return load * beyond < math.log1p(beyond)
        left = 1.0 - load * scv * beyond
        return left > 0.0 and -math.log(left) < scv * math.log1p(beyond)
    arrivals = 0.0
    for i in range(len(sizes)):
        arrivals += shares[i] * math.exp(min(load * sizes[i] * beyond, 700.0))
    return arrivals < 1.0 + beyond


@numba.njit(cache=True, nogil=True)
def _pole(load: float, scv: float, sizes: FloatArray, shares: FloatArray) -> tuple[float, float]:
    """x and A'(1 + x) - 1 at the root x != 0 of A(1 + x) = 1 + x, where A has mean `load`."""
    if len(sizes) == 0 and scv == 1.0:
        return (1.0 - load) / load, (1.0 - load) / load
    second = 1.0 + scv
    # All terms of the series of A are positive, so its first two give a bound, from where Newton
    # descends to the root of a convex function.
    x = 2.0 * (1.0 - load) / (load * load * second)
    if len(sizes) == 0 and scv > 0.0:
        x = min(x, (1.0 - 1e-12) / (load * scv))
    near = abs(1.0 - load) < 0.05
    for _ in range(100):
        value, rise = _excess(x, load, near, scv, sizes, shares)
        step = value / rise
        x -= step
        if abs(step) <= 1e-15 * abs(x):
            break
    return x, _slope(x, load, scv, sizes, shares)


@numba.njit(cache=True, nogil=True)
def _excess(
    x: float, load: float, near: bool, scv: float, sizes: FloatArray, shares: FloatArray
) -> tuple[float, float]:
    """A convex function of x whose one root but 0 is the pole, and its derivative."""
    if len(sizes) == 0 and scv > 0.0:
        return _excess_gamma(x, load, near, scv)
    if near or load > 1.0:
        value, rise = load - 1.0, 0.0
        for i in range(max(len(sizes), 1)):
            size, share = (load, 1.0) if len(sizes) == 0 else (load * sizes[i], shares[i])
            value += share * size * size * x * _second(size * x)
            rise += share * size * size * _second_rise(size * x)
        return value, rise
    top = 0.0
    for i in range(len(sizes)):
        top = max(top, load * sizes[i] * x)
    if len(sizes) == 0:
        return load * x - math.log1p(x), load - 1.0 / (1.0 + x)
    total = mean = 0.0
    for i in range(len(sizes)):
        part = shares[i] * math.exp(load * sizes[i] * x - top)
        total += part
        mean += part * load * sizes[i]
    return top + math.log(total) - math.log1p(x), mean / total - 1.0 / (1.0 + x)


@numba.njit(cache=True, nogil=True)
def _excess_gamma(x: float, load: float, near: bool, scv: float) -> tuple[float, float]:
    """`_excess` for gamma sizes, whose A(1 + x) is (1 - load scv x)^(-1/scv)."""
    if near or load > 1.0:
        left = 1.0 - load * scv * x
        if abs(x) > 1e-3:
            value = math.expm1(-math.log(left) / scv)
            rise = load * math.exp(-math.log(left) * (1.0 / scv + 1.0))
            return value / x - 1.0, (rise - value / x) / x
        value, rise, power, term = load - 1.0, 0.0, 1.0, load
        for order in range(2, 9):
            term *= load * (1.0 + scv * (order - 1.0)) / order
            rise += (order - 1.0) * term * power
            power *= x
            value += term * power
        return value, rise
    left = 1.0 - load * scv * x
    return -math.log(left) / scv - math.log1p(x), load / left - 1.0 / (1.0 + x)


@numba.njit(cache=True, nogil=True)
def _slope(x: float, load: float, scv: float, sizes: FloatArray, shares: FloatArray) -> float:
    """A'(1 + x) - 1, right to the last digits also near 0."""
    if len(sizes) == 0:
        if scv == 0.0:
            return load * math.expm1(load * x) + (load - 1.0)
        return load * math.expm1(-math.log1p(-load * scv * x) * (1.0 / scv + 1.0)) + (load - 1.0)
    slope = load - 1.0
    for i in range(len(sizes)):
        slope += shares[i] * load * sizes[i] * math.expm1(load * sizes[i] * x)
    return slope


@numba.njit(cache=True, nogil=True)
def _second(x: float) -> float:
    """(exp(x) - 1 - x) / x^2."""
    if abs(x) > 0.1:
        return (math.expm1(x) - x) / (x * x)
    total, term = 0.0, 0.5
    for order in range(3, 14):
        total += term
        term *= x / order
    return total


@numba.njit(cache=True, nogil=True)
def _second_rise(x: float) -> float:
    """Derivative of x (exp(x) - 1 - x) / x^2."""
    if abs(x) > 0.1:
        return (x * math.exp(x) - math.expm1(x)) / (x * x)
    total, term = 0.0, 0.5
    for order in range(3, 14):
        total += (order - 2.0) * term
        term *= x / order
    return total
