"""Taking out what was temporary where several changes lie on each other.

The way back of a change leads to what ran before it, which may be another change: one that is still
needed, or one that has been taken out meanwhile and must not come back.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphs.desk import Desk
from tools.journal.records import ChangeState, IncidentRecord
from tools.journal.standing import temporary_in_force
from twin.events.action import Action
from twin.nouns.incident import Phase
from twin.nouns.plan import Plan
from twin.nouns.topology import Topology


@dataclass(frozen=True)
class Layer:
    """A temporary plan that was put in force at `from_s`, and taken out at `until_s`; infinity
    while it is needed.
    """

    plan: Plan
    from_s: float
    until_s: float = math.inf

    def places(self, topology: Topology) -> set[tuple[str, str]]:
        """The devices that it is on, each with the link that it is about, "" for all of it."""
        return {
            (node, getattr(action, "link", ""))
            for action in self.plan.actions
            for node in action.devices(topology)
        }


def way_out(desk: Desk, removed: Sequence[Plan]) -> tuple[Action, ...]:
    """Actions that take the plans `removed` out, and leave what others have in force."""
    ids = {plan.id for plan in removed}
    return unwound(list(_layers(desk, ids)), ids, desk.situation.inventory.topology)


def unwound(layers: Sequence[Layer], removed: set[str], topology: Topology) -> tuple[Action, ...]:
    """The same, of all `layers`, oldest first: down to the lowest that is concerned, then up again
    with those that are needed.

    Concerned is what is needed and lies on what goes; and what is gone by now, but was in force
    below it when it was made, so that its way back leads there.
    """
    places = [layer.places(topology) for layer in layers]
    concerned = [i for i, layer in enumerate(layers) if layer.plan.id in removed]

    def is_concerned(i: int) -> bool:
        one = layers[i]
        return any(
            (of < i if one.until_s == math.inf else i < of and layers[of].from_s <= one.until_s)
            for of in concerned
            if places[of] & places[i]
        )

    while more := [i for i in range(len(layers)) if i not in concerned and is_concerned(i)]:
        concerned = sorted([*concerned, *more])
    down = [action for i in reversed(concerned) for action in layers[i].plan.way_back]
    needed = (layers[i] for i in concerned if layers[i].until_s == math.inf)
    up = [action for one in needed if one.plan.id not in removed for action in one.plan.actions]
    return (*down, *up)


def _layers(desk: Desk, removed: set[str]) -> Iterator[Layer]:
    records = desk.journal.incidents(network=desk.situation.network.name)
    found = [layer for record in records for layer in _of_incident(desk, record, removed)]
    yield from sorted(found, key=lambda layer: layer.from_s)


def _of_incident(desk: Desk, record: IncidentRecord, removed: set[str]) -> Iterator[Layer]:
    journal, incident_id = desk.journal, record.incident.id
    changes = journal.changes(incident_id=incident_id)
    if not changes:
        return
    plans = journal.plans(incident_id)
    confirmed = {c.plan_id for c in changes if c.state is ChangeState.CONFIRMED}
    left = {each.plan.id for each in temporary_in_force(plans, changes)}
    stays = left if record.phase is not Phase.RESOLVED else set[str]()
    for plan in plans:
        if plan.temporary and plan.id in confirmed:
            is_needed = plan.id in stays | removed
            until_s = math.inf if is_needed else max(p.created_s for p in plans)
            yield Layer(plan, plan.created_s, until_s)
