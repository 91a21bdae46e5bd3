"""From the actions of a plan to the commits that carry them out: pure.

The rule: a plan commits each device once. Every action of the plan is folded into one candidate per
device, and the devices are committed in the order in which the actions first touch them. A device
could not take a second candidate before the first is confirmed, and nothing is confirmed until all
devices are committed, so only one commit per device can always be taken back whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from twin.events.action import Action
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration, configuration_diff
from twin.nouns.forecast import Forecast
from twin.nouns.plan import PlannedStep
from twin.nouns.topology import Topology


@dataclass(frozen=True, slots=True)
class DeviceStep:
    """One commit: `candidate` replaces what `node` runs. `after` is the network right after it."""

    node: str
    actions: tuple[Action, ...]
    diff: str
    candidate: DeviceConfiguration
    after: NetworkConfiguration


def plan_steps(
    actions: Sequence[Action],
    running: NetworkConfiguration,
    intended: NetworkConfiguration,
    topology: Topology,
) -> tuple[DeviceStep, ...]:
    """The commits that carry out `actions`, in order; a device that would not change is left out.

    The last step's `after` is the running configuration with every action applied.

    Raises:
        UnknownNode, UnknownLink: an action names what does not exist.
    """
    final, touching = running, dict[str, list[Action]]()
    for action in actions:
        final = action.configured(final, intended, topology)
        for node in action.devices(topology):
            touching.setdefault(node, []).append(action)
    steps, after = list[DeviceStep](), running
    for node, its_actions in touching.items():
        candidate = final.device(node)
        diff = configuration_diff(running.device(node), candidate)
        if diff:
            after = after.with_device(candidate)
            steps.append(DeviceStep(node, tuple(its_actions), diff, candidate, after))
    return tuple(steps)


def planned_step(plan_id: str, index: int, step: DeviceStep, forecast: Forecast) -> PlannedStep:
    """`step` as the plan states it; `forecast` is of `step.after`.

    Plan ids are unique, one per attempt, so the action id is too.
    """
    return PlannedStep(
        action_id=f"{plan_id}.{index + 1}",
        node=step.node,
        actions=step.actions,
        diff=step.diff,
        forecast=forecast,
    )


def change_id(action_id: str, node: str) -> str:
    """The name that one change on one device bears in that device's own commit log."""
    return f"{action_id}@{node}"
