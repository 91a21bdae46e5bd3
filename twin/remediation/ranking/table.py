"""What the ranker sees, figure by figure, in the order of the arrays (docs/policies-ranker.md).

"Bent" is sign(x) ln(1 + 4 |x|): the finer the nearer to 0, so that rare large values do not drown
what is usual. "The loss" is all traffic beyond capacity, and what is lost silently, until the
repair.
"""

from twin.remediation.observation import Figure

ARCS = (
    Figure("up", 0, 1, "0 or 1", "routing can use it"),
    Figure("drained", 0, 1, "0 or 1", "it is a last resort"),
    Figure("weight", -4, 4, "ln of the usual", "that is advertised; -4 where it is down"),
    Figure("intended weight", -4, 4, "ln of the usual", "that is intended"),
    Figure("differs", 0, 1, "0 or 1", "its egress runs what is not intended"),
    Figure("silent loss", 0, 1, "of the load", "what it loses uncounted"),
    Figure("load now", 0, 3, "of capacity", "offered in this quarter"),
    Figure("load ahead", 0, 3, "of capacity", "the same at the highest demand ahead"),
    Figure("overload ahead", 0, 2, "of capacity", "what of that is beyond it"),
    Figure("hours overloaded", 0, 1, "of the hours", "that are expected until the repair"),
    Figure("loss", 0, 4, "of the loss, bent", "what is lost here"),
    Figure("capacity", -4, 4, "ln of the median", "of the arc"),
    Figure("share", 0, 1, "of all traffic", "its load"),
    Figure("meets overload", 0, 4, "of the loss, bent", "load times hours in which it will"),
    Figure("has met overload", 0, 4, "of the loss, bent", "such load times all hours"),
    Figure("overloaded load", 0, 4, "of the loss, bent", "its load times all hours, if overloaded"),
    Figure("room ahead", -1, 1, "of capacity", "what is left at the highest demand ahead"),
    Figure("tail differs", 0, 1, "0 or 1", "the device there runs what is not intended"),
    Figure("head differs", 0, 1, "0 or 1", "the device there does"),
)

MOVES = (
    Figure("allowed", 0, 1, "0 or 1", "by the mask; if not, the others are 0"),
    Figure("weight", -4, 4, "ln of that of now", "that it sets"),
    Figure("saves", -4, 4, "of the loss, bent", "if the node shifts little, and nobody else does"),
    Figure("draws", 0, 3, "of capacity", "what the node then sends over the arc"),
    Figure("leads off", 0, 3, "of capacity", "what it then sends another way"),
    Figure("into overload", 0, 3, "of capacity", "what of either goes a way that is overloaded"),
    Figure("room on the way", 0, 2, "of what goes there", "at the highest demand ahead"),
    Figure("neighbours save", -4, 4, "of the loss, bent", "likewise, by coming this way"),
    Figure("neighbours bring", 0, 3, "of capacity", "what they then send over the arc"),
    Figure("next egress saves", -4, 4, "of the loss, bent", "at the node's own egresses, exactly"),
    Figure("fullest egress", 0, 3, "of capacity", "of the node, at the highest demand ahead"),
)

NODES = (
    Figure("degree", -4, 4, "ln of 3", "links"),
    Figure("sends", 0, 1, "of all traffic", "what enters the network there"),
    Figure("receives", 0, 1, "of all traffic", "what leaves it there"),
    Figure("passes on", 0, 4, "of all traffic", "the load of its egresses"),
    Figure("differs", 0, 1, "0 or 1", "the device runs what is not intended"),
    Figure("loss", 0, 1, "of the loss", "what is lost at its egresses"),
)

NETWORK = (
    Figure("nodes", -4, 4, "ln of 50", "in the network"),
    Figure("arcs", -4, 4, "ln of 3.5", "for each node"),
    Figure("cost", 0, 16, "ln of service-hours", "1 + what the loss costs"),
    Figure("small cost", -2, 2, "ln of service-hours / 5", "0.001 + the same"),
    Figure("hours", 0, 6, "4 hours", "that are expected until the repair"),
    Figure("rise", -1, 4, "of the demand now", "to the highest ahead"),
    Figure("fullest", 0, 4, "of capacity", "of all arcs, at the highest demand ahead"),
    Figure("overloaded", 0, 10, "tenths of the arcs", "that are, in some hour"),
    Figure("differing", 0, 10, "tenths of the devices", "that run what is not intended"),
)
