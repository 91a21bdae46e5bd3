"""What can be done to the network: a closed union. Nothing else ever reaches a device.

Each action changes the running configuration of the devices that it names, and its inverse puts
them back. Doing nothing is an empty sequence of actions, and asking the field for a repair is a
`Dispatch`, which changes no device.
"""

from typing import Annotated, get_args

from pydantic import Field, TypeAdapter

from twin.events.actions.drain_link import DrainLink
from twin.events.actions.limit_target import LimitTarget
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
