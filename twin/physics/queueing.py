"""One egress: policers, then two queues with finite buffers, then the wire.

Voice has a queue of its own with strict, non-preemptive priority; business and best effort share
the other one. Arrivals are Poisson; packet sizes are given as such, or by their mean and squared
coefficient of variation. `twin.physics.finite_queue` has the formulas and their sources. Each
egress is taken by itself: what arrives from another egress is as random as what comes from outside
(L. Kleinrock's independence, Communication Nets, 1964).

Not covered: bursts longer than Poisson's (a real egress drops a little before its average load
reaches the capacity), senders that react, active queue management, more than two queues.
"""

from dataclasses import dataclass

import numpy as np

from twin.physics.compiled import FloatArray
from twin.physics.finite_queue import VOICE, serve

__all__ = ["VOICE", "EgressResult", "PhysicsParameters", "serve_egresses"]


@dataclass(frozen=True, slots=True)
class PhysicsParameters:
    """Assumptions about every egress; docs/world.md gives the reasons.

    `packet_bits`: mean packet size. `packet_size_scv`: its squared coefficient of variation.
    `packet_sizes`: size in bits and share of each, when they are known; the mean and variation
    must be theirs, as `of_sizes` sees to. Otherwise sizes are gamma distributed: constant at 0,
    exponential at 1. `voice_buffer_s`, `shared_buffer_s`: what the two queues hold, in seconds at
    line rate; `queue_packets`: what each holds at most in packets, the one on the wire included.
    """

    packet_bits: float = 5600.0
    packet_size_scv: float = 1.0
    voice_buffer_s: float = 0.010
    shared_buffer_s: float = 0.050
    packet_sizes: tuple[tuple[float, float], ...] = ()
    queue_packets: float = float("inf")

    @classmethod
    def of_sizes(
        cls,
        packet_sizes: tuple[tuple[float, float], ...],
        *,
        queue_packets: float,
        buffer_s: float = float("inf"),
    ) -> "PhysicsParameters":
        """Packets of known sizes, (bits, share) each, and the same bounds for both queues."""
        mean = sum(bits * share for bits, share in packet_sizes)
        second = sum(bits * bits * share for bits, share in packet_sizes)
        return cls(
            packet_bits=mean,
            packet_size_scv=second / mean**2 - 1.0,
            voice_buffer_s=buffer_s,
            shared_buffer_s=buffer_s,
            packet_sizes=packet_sizes,
            queue_packets=queue_packets,
        )


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
    sizes = np.array(parameters.packet_sizes, dtype=np.float64).reshape(-1, 2)
    serve(
        arriving_bps,
        capacity_bps,
        policed_bps,
        parameters.packet_bits,
        parameters.packet_size_scv,
        np.ascontiguousarray(sizes[:, 0]) / parameters.packet_bits,
        np.ascontiguousarray(sizes[:, 1]),
        parameters.voice_buffer_s,
        parameters.shared_buffer_s,
        parameters.queue_packets,
        sent,
        wait_s,
    )
    return EgressResult(sent, wait_s)
