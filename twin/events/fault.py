"""What can go wrong: a closed union. Names as in the fault catalogue (NIKA where it has one)."""

from typing import Annotated, get_args

from pydantic import Field, TypeAdapter

from twin.events.faults.access_breach import AccessBreach
from twin.events.faults.blackhole_route import BlackholeRoute
from twin.events.faults.demand_surge import DemandSurge
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.high_latency import HighLatency
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.interface_shut_down import InterfaceShutDown
from twin.events.faults.link_capacity_bottleneck import LinkCapacityBottleneck
from twin.events.faults.link_down import LinkDown
from twin.events.faults.link_flap import LinkFlap
from twin.events.faults.packet_loss import PacketLoss
from twin.events.faults.policer_misconfig import PolicerMisconfig
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.faults.router_overload import RouterOverload
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.faults.tcp_syn_flood_attack import TcpSynFloodAttack
from twin.events.faults.traffic_spike import TrafficSpike
from twin.events.faults.unannounced_drain import UnannouncedDrain
from twin.events.faults.web_dos_attack import WebDosAttack
from twin.events.kinds import FaultKind

AnyFault = (
    LinkDown
    | FiberCut
    | IgpWeightMisconfig
    | InterfaceShutDown
    | UnannouncedDrain
    | PolicerMisconfig
    | LinkFlap
    | LinkCapacityBottleneck
    | HighLatency
    | PacketLoss
    | SilentEgressPacketLoss
    | TrafficSpike
    | DeviceDown
    | PowerFeedLoss
    | DemandSurge
    | BlackholeRoute
    | RouterOverload
    | TcpSynFloodAttack
    | WebDosAttack
    | AccessBreach
)

Fault = Annotated[AnyFault, Field(discriminator="kind")]

FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)
"""Reads a fault from JSON or from what was JSON."""

FAULT_KINDS: tuple[type[AnyFault], ...] = get_args(AnyFault)
"""In the order in which causes are proposed."""

BY_KIND: dict[str, type[FaultKind]] = {k.model_fields["kind"].default: k for k in FAULT_KINDS}
"""By the name of the kind."""
