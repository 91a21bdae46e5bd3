"""What can be supposed in a what-if: a closed union."""

from typing import get_args

from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.actions.undrain_link import UndrainLink
from twin.events.drain_node import DrainNode
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.growth.add_link import AddLink
from twin.events.growth.add_node import AddNode
from twin.events.growth.resize_link import ResizeLink
from twin.events.link_repair import LinkRepair
from twin.events.undrain_node import UndrainNode

Event = (
    LinkDown
    | LinkRepair
    | DeviceDown
    | FiberCut
    | PowerFeedLoss
    | SetIgpWeight
    | DrainLink
    | UndrainLink
    | DrainNode
    | UndrainNode
    | ResizeLink
    | AddLink
    | AddNode
)

WhatIf = tuple[Event, ...]
"""Events at one instant. Where two of them touch an arc, failure wins, then what stands last."""

EVENT_KINDS: tuple[type[Event], ...] = get_args(Event)
