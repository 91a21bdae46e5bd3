"""Our own remedy is in force when the next thing strikes."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from twin.events.action import Action
from twin.imagination.chains.mechanism import Moment
from twin.imagination.reaction import remedies_for
from twin.nouns.chain import Happening
from twin.nouns.risk_scenario import DAY_S
from twin.physics.compiled import FloatArray

_STEP_S = 900.0


class Automation:
    """Against an initial event that puts services in breach, the best remedy is made once there was
    time, for what is in force as it strikes, and taken back once the event is over. What we do
    where nothing else strikes meanwhile is no link of a chain, and is left to who judges remedies.
    """

    name: ClassVar[str] = "we act"
    memoryless: ClassVar[bool] = False

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[Action, ...]] = {}

    def follows(self, moment: Moment, numbers: np.random.Generator) -> Iterable[Happening]:
        """See Mechanism. Nothing is drawn: the search has a seed of its own."""
        for place in moment.began:
            happening = moment.happenings[place]
            act_s = moment.begin_s + moment.rates.reaction_s
            until_s = DAY_S if happening.until_s is None else min(happening.until_s, DAY_S)
            later = (one.at_s for one in moment.happenings if not one.mechanism)
            if happening.mechanism or not any(act_s <= at_s < until_s for at_s in later):
                continue
            actions = self._remedy(moment, act_s, until_s)
            if actions:
                acted = Happening(
                    at_s=act_s,
                    until_s=happening.until_s,
                    actions=actions,
                    mechanism=self.name,
                    why="the best remedy against what is in force then, whatever strikes later",
                )
                yield moment.follow(place, acted)

    def _remedy(self, moment: Moment, act_s: float, until_s: float) -> tuple[Action, ...]:
        in_force = tuple(moment.happenings[i] for i in moment.in_force)
        key = (act_s, until_s, *((h.fault, h.actions) for h in in_force))
        if key not in self._known:
            levels = np.array([moment.level(t) for t in np.arange(act_s, until_s, _STEP_S)])
            self._known[key] = self._sought(moment, levels)
        return self._known[key]

    @staticmethod
    def _sought(moment: Moment, levels: FloatArray) -> tuple[Action, ...]:
        twin, state = moment.at(float(levels.max()))
        if not twin.levels(state, state.traffic.rates_bps[None]).in_breach.any():
            return ()
        faults = [moment.happenings[i].fault for i in moment.in_force]
        found = remedies_for(
            twin,
            state,
            [fault for fault in faults if fault is not None],
            levels,
            np.full(len(levels), _STEP_S / 3600.0),
            seed=1,
        )
        return found[0].actions if found else ()
