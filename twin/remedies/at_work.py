"""Others are at work: what that does to services, how it would be stopped, and how a wrong
configuration is put right beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twin.events.action import Action
from twin.events.actions.revert_interface import RevertInterface
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.fault import Fault
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.planned_work import PlannedWork
from twin.nouns.topology import Interface
from twin.remedies.believed import believed_state
from twin.tracking.belief import Belief


@dataclass(frozen=True, slots=True)
class Worsening:
    """Announced work that makes a trouble worse: services in breach with it, and without."""

    work: PlannedWork
    with_it: int
    without_it: int

    def describe(self) -> str:
        """In words."""
        links = ", ".join(self.work.links)
        return (
            f"made worse by {self.work.id} on {links}: {self.with_it} services in breach, "
            f"{self.without_it} without it"
        )


def reverts(
    belief: Belief, running: NetworkConfiguration, cause: Sequence[Fault]
) -> tuple[tuple[Action, ...], ...]:
    """What puts the wrong configuration of `cause` right: everywhere at once, and on one node each.

    Where a crew has switched links of the same node off, the wrong interfaces alone are reverted.
    """
    actions: dict[Action, None] = {}
    for fault in cause:
        if fault.in_configuration:
            for action in fault.remedies():
                actions |= dict.fromkeys(_beside_crews(belief, running, fault, action))
    sets = [(action,) for action in actions]
    return (tuple(actions), *sets) if len(actions) > 1 else tuple(sets)


def stops(
    belief: Belief, running: NetworkConfiguration
) -> tuple[tuple[PlannedWork, tuple[Action, ...]], ...]:
    """Announced work that is under way, each with what takes back what its crew has done."""
    tracker = belief.tracker
    normal = tracker.normal_beside(running)
    found = []
    for work in tracker.work_under_way:
        off = [
            Interface(node=device.node, link=runs.link)
            for device, before in zip(normal.devices, tracker.baseline.devices, strict=True)
            for was, runs in zip(before.interfaces, device.interfaces, strict=True)
            if was != runs and runs.link in work.links
        ]
        if off:
            found.append((work, tuple(RevertInterface(node=e.node, link=e.link) for e in off)))
    return tuple(found)


def worsened_by(
    belief: Belief, running: NetworkConfiguration, cause: Sequence[Fault]
) -> tuple[Worsening, ...]:
    """The announced work under way without which fewer services would be in breach."""
    tracker = belief.tracker
    if not tracker.work_under_way:
        return ()
    state = believed_state(belief, running, cause)
    in_breach = belief.twin.assess(state).breached_services
    found = []
    for work in tracker.work_under_way:
        without = state.running
        for link in (tracker.topology.link(name) for name in work.links):
            for node in (link.a, link.b):
                was = tracker.baseline.device(node).interface(link.id)
                without = without.with_interface(node, was)
        spared = replace(state, running=without, down_links=state.down_links - set(work.links))
        if spared == state:
            continue
        left = belief.twin.assess(spared).breached_services
        if left < in_breach:
            found.append(Worsening(work, in_breach, left))
    return tuple(found)


def _beside_crews(
    belief: Belief, running: NetworkConfiguration, fault: Fault, action: Action
) -> tuple[Action, ...]:
    """`action`, or what does the same to the wrong interfaces alone where crews are at work."""
    if not isinstance(action, RevertToIntended):
        return (action,)
    tracker = belief.tracker
    device = running.device(action.node)
    if tracker.expected(device) == tracker.baseline.device(action.node):
        return (action,)
    wrong = [e for e in fault.wrong_interfaces() if e.node == action.node]
    return tuple(RevertInterface(node=e.node, link=e.link) for e in wrong)
