"""What we would do about what has struck, and from when until when it would be in force."""

from collections.abc import Sequence

import numpy as np

from twin.events.action import Action
from twin.events.kinds import FaultKind
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.scenario import TimedAction
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin
from twin.remedies.objective import Outlook
from twin.remedies.screening import Screened, Screening

_WIDTH = 1
"""Of the search: over days of germany50, a wider beam saved no more and took 1.4 times as long."""


def remedies_for(
    twin: Twin,
    state: NetworkState,
    faults: Sequence[FaultKind],
    levels: FloatArray,
    hours: FloatArray,
    seed: int,
) -> list[Screened]:
    """Remedies of up to four changes, the best first, searched as in an incident.

    `faults`: in force in `state`, whose demand is the highest of `levels`, each for so many
    `hours`.
    """
    screening = Screening(
        twin,
        state,
        Outlook.of(np.asarray(levels / levels.max()), hours),
        extra=tuple(dict.fromkeys(action for fault in faults for action in fault.remedies())),
        # Both ends of a link that was shut at both have to be reverted.
        together=[f.remedies() for f in faults if f.in_configuration and len(f.remedies()) > 1],
        limited_at=tuple(dict.fromkeys(node for fault in faults for node in fault.limited_at)),
        seed=seed,
        margin=1.0,
    )
    return screening.best(width=_WIDTH)


def in_time(
    actions: Sequence[Action],
    at_s: float,
    until_s: float | None,
    twin: Twin,
    running: NetworkConfiguration,
) -> tuple[TimedAction, ...]:
    """`actions` all at once, and taken back at `until_s` (None: never that day).

    What is lasting stays. `running`: before anything struck, to which the rest returns.
    """
    timed = [TimedAction(at_s=at_s, action=action) for action in actions]
    topology, intended = twin.inventory.topology, twin.inventory.intended
    back: list[Action] = []
    for action in actions:
        if not action.lasting:
            back = [*action.inverse(running, topology), *back]
            running = action.configured(running, intended, topology)
    if until_s is not None:
        timed += [TimedAction(at_s=until_s, action=action) for action in back]
    return tuple(timed)
