"""What can be done to the network: a closed union. Nothing else ever reaches a device.

Each action changes the running configuration of the devices that it names, and its inverse puts
them back. Doing nothing is an empty sequence of actions, and asking the field for a repair is a
`Dispatch`, which changes no device.
"""

from collections.abc import Sequence
from typing import Annotated, get_args

from pydantic import Field, TypeAdapter

from twin.events.actions.drain_link import DrainLink
from twin.events.actions.limit_target import LimitTarget
from twin.events.actions.policers import PolicerEdit
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.remove_rate_limit import RemoveRateLimit
from twin.events.actions.restore_device import RestoreDevice
from twin.events.actions.revert_interface import RevertInterface
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.actions.undrain_link import UndrainLink

AnyProposed = (
    SetIgpWeight
    | DrainLink
    | UndrainLink
    | RateLimit
    | RemoveRateLimit
    | RevertToIntended
    | RevertInterface
    | LimitTarget
)

ProposedAction = Annotated[AnyProposed, Field(discriminator="kind")]
"""What a mind may propose. A recorded configuration is restored by ways back alone: no mind writes
whole configurations, and none is shown their schema."""

AnyAction = AnyProposed | RestoreDevice

Action = Annotated[AnyAction, Field(discriminator="kind")]

ACTION: TypeAdapter[Action] = TypeAdapter(Action)
"""Reads an action from JSON or from what was JSON."""

ACTION_KINDS: tuple[type[AnyAction], ...] = get_args(AnyAction)

ACTION_NAMES: tuple[str, ...] = tuple(k.model_fields["kind"].default for k in ACTION_KINDS)

_TOLD_ALONE = 4
"""Edits of policers of one class; more of them are told as one."""


def in_words(actions: Sequence[Action]) -> tuple[str, ...]:
    """What each does, in order; the same done to policers of many egresses is told as one."""
    alike: dict[tuple[str, str], list[PolicerEdit]] = {}
    for action in actions:
        if isinstance(action, PolicerEdit):
            alike.setdefault((action.kind, action.traffic_class), []).append(action)
    told = dict[str, None]()
    for action in actions:
        says = action.describe()
        if isinstance(action, PolicerEdit):
            edits = alike[action.kind, action.traffic_class]
            if len(edits) > _TOLD_ALONE:
                devices = len({edit.node for edit in edits})
                says = f"{action.does()} on {len(edits)} egresses of {devices} devices"
        told[says] = None
    return tuple(told)
