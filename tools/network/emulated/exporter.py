"""What a Prometheus may scrape of an emulated network: interfaces, adjacencies, devices, probes.

It is read of the network itself, as an SNMP exporter and a blackbox prober beside the devices would
read it, and not of the telemetry that reaches us: a second pair of eyes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.physical_network import PhysicalNetwork
from tools.network.emulated.wiring import FloatArray
from twin.errors import BadInput, installing
from twin.nouns.traffic import TRAFFIC_CLASSES

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

INSTALL = installing("serve")


@dataclass(frozen=True, eq=False)
class _Moment:
    """The network when time was moved last. `sent`, `dropped`: (3, n_arcs), `received`: (n_arcs,)
    bytes; `loss`, `delay_s`: (n_probes,); `dark`: (n,); `carries`: (n_links,); `adjacency`:
    (n_links, 2), by end.
    """

    now_s: float
    sent: FloatArray
    dropped: FloatArray
    received: FloatArray
    loss: FloatArray
    delay_s: FloatArray
    dark: np.ndarray
    carries: np.ndarray
    adjacency: np.ndarray


class NetworkCollector:
    """A collector of prometheus_client; a scrape shows the moment at which time was moved last."""

    def __init__(self, physical: PhysicalNetwork) -> None:
        self._topology = physical.topology
        self._probes = physical.probes
        self._moment = _moment(physical)

    def look(self, physical: PhysicalNetwork) -> None:
        """From now on show the network as it is now."""
        self._moment = _moment(physical)

    def collect(self) -> "Iterator[Metric]":
        """See prometheus_client.registry.Collector."""
        moment = self._moment
        yield _gauge(
            "emulated_clock_seconds", "The clock of the network.", [], [([], moment.now_s)]
        )
        names = [node.id for node in self._topology.nodes]
        yield _gauge(
            "device_up",
            "Whether a device answers.",
            ["device"],
            [([name], float(not dark)) for name, dark in zip(names, moment.dark, strict=True)],
        )
        yield from self._interfaces(moment)
        yield from self._counters(moment)
        yield from self._probed(moment)

    def _interfaces(self, moment: _Moment) -> "Iterator[Metric]":
        ends = [
            (arc, [egress.node, egress.link])
            for arc in range(self._topology.n_arcs)
            for egress in (self._topology.egress_of(arc),)
            if not moment.dark[self._topology.node_index[egress.node]]
        ]
        labels = ["device", "link"]
        yield _gauge(
            "interface_up",
            "Whether an interface sees a signal.",
            labels,
            [(end, float(moment.carries[arc // 2])) for arc, end in ends],
        )
        yield _gauge(
            "ospf_adjacency_up",
            "Whether a device has the neighbour at the other end of a link.",
            labels,
            [(end, float(moment.adjacency[arc // 2, arc % 2])) for arc, end in ends],
        )
        yield _gauge(
            "interface_speed_bits",
            "Bit/s of an interface.",
            labels,
            [(end, self._topology.links[arc // 2].capacity_bps) for arc, end in ends],
        )

    def _counters(self, moment: _Moment) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily

        labels = ["device", "link"]
        classed = [*labels, "class"]
        sent = CounterMetricFamily("interface_sent_bytes", "Sent, by class.", labels=classed)
        dropped = CounterMetricFamily(
            "interface_dropped_bytes", "Dropped, by class.", labels=classed
        )
        received = CounterMetricFamily("interface_received_bytes", "Received.", labels=labels)
        for arc in range(self._topology.n_arcs):
            egress = self._topology.egress_of(arc)
            if moment.dark[self._topology.node_index[egress.node]]:
                continue
            end = [egress.node, egress.link]
            for row, name in enumerate(TRAFFIC_CLASSES):
                sent.add_metric([*end, name], float(moment.sent[row, arc]))
                dropped.add_metric([*end, name], float(moment.dropped[row, arc]))
            # What comes in at this end left the other.
            received.add_metric(end, float(moment.received[arc ^ 1]))
        yield from (sent, dropped, received)

    def _probed(self, moment: _Moment) -> "Iterator[Metric]":
        labels = ["source", "target", "class"]
        named = [[p.source, p.target, p.traffic_class] for p in self._probes]
        yield _gauge(
            "probe_loss_ratio",
            "Share of the packets of a probe that do not arrive.",
            labels,
            [(name, float(lost)) for name, lost in zip(named, moment.loss, strict=True)],
        )
        yield _gauge(
            "probe_delay_seconds",
            "One-way delay of those that do.",
            labels,
            [
                (name, float(delay_s))
                for name, delay_s in zip(named, moment.delay_s, strict=True)
                if np.isfinite(delay_s)
            ],
        )


class ExportedNetwork(EmulatedNetwork):
    """An emulated network that a Prometheus can scrape while it is open."""

    _collector: NetworkCollector | None = None
    _server: Any = None

    def export(self, address: str) -> str:
        """Serve metrics at `address` ("host:port", port 0 for any); where they are.

        Raises:
            BadInput: it is no address, cannot be listened on, or prometheus_client is missing.
        """
        try:
            from prometheus_client import CollectorRegistry, start_http_server
        except ImportError as error:
            raise BadInput(f"metrics need prometheus_client; {INSTALL}") from error

        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65_535:
            raise BadInput(f'metrics: "{address}" must be host:port, such as 127.0.0.1:9420')
        self._collector, registry = NetworkCollector(self.physical), CollectorRegistry()
        registry.register(self._collector)
        try:
            self._server, _ = start_http_server(int(port), host, registry)
        except OSError as error:
            raise BadInput(f"metrics: cannot listen on {address} ({error.strerror})") from error
        return f"http://{host}:{self._server.server_port}/metrics"

    def advance(self, until_s: float) -> None:
        """See EmulatedNetwork."""
        super().advance(until_s)
        if self._collector is not None:
            self._collector.look(self.physical)

    def close(self) -> None:
        """See EmulatedNetwork."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        super().close()


def _moment(physical: PhysicalNetwork) -> _Moment:
    counters, (loss, delay_s) = physical.counters_now(), physical.probed_now()
    return _Moment(
        now_s=physical.now_s,
        sent=counters.sent,
        dropped=counters.dropped,
        received=counters.received,
        loss=loss,
        delay_s=delay_s,
        dark=physical.feed.dark.copy(),
        carries=physical.carries.copy(),
        adjacency=physical.adjacency.copy(),
    )


def _gauge(
    name: str, says: str, labels: list[str], values: Sequence[tuple[list[str], float]]
) -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, says, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family
