"""What can be done to the network: a closed union. Nothing else ever reaches a device.

Each action changes the running configuration of the devices that `devices_of` names, and its
inverse puts them back. Doing nothing is an empty sequence of actions, and asking the field for a
repair is a `Dispatch`, which changes no device.
"""

from typing import Annotated, Literal, assert_never

from pydantic import Field

from twin.nouns.base import Noun
from twin.nouns.configuration import (
    DeviceConfiguration,
    InterfaceConfiguration,
    NetworkConfiguration,
    Policer,
)
from twin.nouns.topology import Topology
from twin.nouns.traffic import TrafficClass


class SetIgpWeight(Noun):
    """Set the IGP weight of the egress of `node` on `link`."""

    kind: Literal["set_igp_weight"] = "set_igp_weight"
    node: str
    link: str
    weight: int = Field(ge=1, le=65_534)


class DrainLink(Noun):
    """Advertise the maximum weight on both ends of `link`, so that traffic leaves it."""

    kind: Literal["drain_link"] = "drain_link"
    link: str


class UndrainLink(Noun):
    """Take `DrainLink` back on both ends of `link`."""

    kind: Literal["undrain_link"] = "undrain_link"
    link: str


class RateLimit(Noun):
    """Police `traffic_class` to `rate_bps` on the egress of `node` over `link`."""

    kind: Literal["rate_limit"] = "rate_limit"
    node: str
    link: str
    traffic_class: TrafficClass
    rate_bps: float = Field(gt=0)


class RemoveRateLimit(Noun):
    """Remove the policer of `traffic_class` on the egress of `node` over `link`."""

    kind: Literal["remove_rate_limit"] = "remove_rate_limit"
    node: str
    link: str
    traffic_class: TrafficClass


class RevertToIntended(Noun):
    """Replace the running configuration of `node` by the intended one."""

    kind: Literal["revert_to_intended"] = "revert_to_intended"
    node: str


class RestoreDevice(Noun):
    """Replace the running configuration of a device by a recorded one: the way back of a revert."""

    kind: Literal["restore_device"] = "restore_device"
    configuration: DeviceConfiguration


Action = Annotated[
    SetIgpWeight
    | DrainLink
    | UndrainLink
    | RateLimit
    | RemoveRateLimit
    | RevertToIntended
    | RestoreDevice,
    Field(discriminator="kind"),
]


def describe(action: Action) -> str:
    """The action as an operator would say it."""
    match action:
        case SetIgpWeight(node=node, link=link, weight=weight):
            return f"set the IGP weight of {node} on {link} to {weight}"
        case DrainLink(link=link):
            return f"drain {link}"
        case UndrainLink(link=link):
            return f"undrain {link}"
        case RateLimit(node=node, link=link, traffic_class=cls, rate_bps=rate):
            return f"limit {cls} on the egress of {node} over {link} to {rate / 1e9:.2f} Gbit/s"
        case RemoveRateLimit(node=node, link=link, traffic_class=cls):
            return f"remove the limit of {cls} on the egress of {node} over {link}"
        case RevertToIntended(node=node):
            return f"revert {node} to its intended configuration"
        case RestoreDevice(configuration=configuration):
            return f"restore the recorded configuration of {configuration.node}"
        case _:
            assert_never(action)


def devices_of(action: Action, topology: Topology) -> tuple[str, ...]:
    """The nodes whose configuration `action` changes, in the order in which to commit them."""
    match action:
        case DrainLink(link=link) | UndrainLink(link=link):
            ends = topology.link(link)
            return (ends.a, ends.b)
        case RestoreDevice(configuration=configuration):
            return (configuration.node,)
        case _:
            return (action.node,)


def apply_action(
    action: Action,
    running: NetworkConfiguration,
    intended: NetworkConfiguration,
    topology: Topology,
) -> NetworkConfiguration:
    """The running configuration after `action`.

    Raises:
        UnknownNode, UnknownLink: the action names what does not exist.
    """
    match action:
        case SetIgpWeight(node=node, link=link, weight=weight):
            return _edit(running, node, link, igp_weight=weight)
        case DrainLink(link=link):
            return _set_drained(running, topology, link, drained=True)
        case UndrainLink(link=link):
            return _set_drained(running, topology, link, drained=False)
        case RateLimit(node=node, link=link, traffic_class=cls, rate_bps=rate):
            others = _other_policers(running, node, link, cls)
            policers = (*others, Policer(traffic_class=cls, rate_bps=rate))
            return _edit(running, node, link, policers=policers)
        case RemoveRateLimit(node=node, link=link, traffic_class=cls):
            others = _other_policers(running, node, link, cls)
            return _edit(running, node, link, policers=others)
        case RevertToIntended(node=node):
            return running.with_device(intended.device(node))
        case RestoreDevice(configuration=configuration):
            return running.with_device(configuration)
        case _:
            assert_never(action)


def inverse(
    action: Action, running: NetworkConfiguration, topology: Topology
) -> tuple[Action, ...]:
    """What takes `action` back, given the configuration that was running before it.

    Empty when the action changes nothing. Raises UnknownNode, UnknownLink.
    """
    match action:
        case SetIgpWeight(node=node, link=link, weight=weight):
            before = running.device(node).interface(link).igp_weight
            return () if before == weight else (SetIgpWeight(node=node, link=link, weight=before),)
        case DrainLink(link=link) | UndrainLink(link=link):
            ends = topology.link(link)
            drained = running.device(ends.a).interface(link).drained
            if drained == isinstance(action, DrainLink):
                return ()
            return (UndrainLink(link=link) if not drained else DrainLink(link=link),)
        case (
            RateLimit(node=node, link=link, traffic_class=cls)
            | RemoveRateLimit(node=node, link=link, traffic_class=cls)
        ):
            for policer in running.device(node).interface(link).policers:
                if policer.traffic_class == cls:
                    rate = policer.rate_bps
                    return (RateLimit(node=node, link=link, traffic_class=cls, rate_bps=rate),)
            if isinstance(action, RemoveRateLimit):
                return ()
            return (RemoveRateLimit(node=node, link=link, traffic_class=cls),)
        case RevertToIntended(node=node):
            return (RestoreDevice(configuration=running.device(node)),)
        case RestoreDevice(configuration=configuration):
            return (RestoreDevice(configuration=running.device(configuration.node)),)
        case _:
            assert_never(action)


def _edit(
    running: NetworkConfiguration, node: str, link: str, **fields: object
) -> NetworkConfiguration:
    interface = running.device(node).interface(link)
    changed = InterfaceConfiguration.model_validate(interface.model_dump() | fields)
    return running.with_interface(node, changed)


def _set_drained(
    running: NetworkConfiguration, topology: Topology, link: str, *, drained: bool
) -> NetworkConfiguration:
    ends = topology.link(link)
    return _edit(_edit(running, ends.a, link, drained=drained), ends.b, link, drained=drained)


def _other_policers(
    running: NetworkConfiguration, node: str, link: str, traffic_class: TrafficClass
) -> tuple[Policer, ...]:
    interface = running.device(node).interface(link)
    return tuple(p for p in interface.policers if p.traffic_class != traffic_class)
