"""Traffic may come back to a drained node."""

from typing import ClassVar, Literal

from twin.events.actions.undrain_link import UndrainLink
from twin.events.drain_node import NodeDrainEdit


class UndrainNode(NodeDrainEdit):
    """Both ends of every link at `node` advertise the weights that are configured."""

    kind: Literal["undrain_node"] = "undrain_node"

    forms: ClassVar[tuple[str, ...]] = (
        "undrain node NODE",
        "undrain NODE",
        "(node) NODE undrained",
    )
    word = "undrain"
    on_link = UndrainLink
