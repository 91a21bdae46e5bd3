"""What fails next if nothing is done, by the draws of the twin: told where something is feared."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from agents.roles.situation import Situation
from graphs.desk import Desk
from tools.strict_yaml import read_yaml
from twin.events.fault import Fault
from twin.imagination.prediction.departures import Departures
from twin.imagination.prediction.draws import Draws
from twin.imagination.prediction.predictor import NOTHING, Predictor, Struck
from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.next_failures import (
    LEAST_FEARED,
    NEXT_FAILURES,
    NextFailure,
    NextFailures,
    Reliability,
)
from twin.physics.twin import profile_at
from twin.remedies.believed import REPAIR_HORIZON_S, believed_state, healed
from twin.remedies.objective import STEP_S

MOST_TOLD = 3

_LEAST_MEASURED = 20
"""Of fewer figures nothing is told of how reliable they were."""


class ReliabilityTable(Noun):
    """What `noctua predict compare --reliability` measures: of figures like one, how many came
    true.
    """

    bins: tuple[Reliability, ...]

    def of(self, probability: float) -> Reliability | None:
        """The bin of a figure, where enough was measured."""
        for one in self.bins:
            if one.low <= probability < one.high and one.count >= _LEAST_MEASURED:
                return one
        return None


@cache
def shipped_reliability() -> ReliabilityTable:
    """The table of the predictor that incidents use."""
    text = files(__package__).joinpath("reliability.yaml").read_text(encoding="utf-8")
    return ReliabilityTable.model_validate(read_yaml(text, "reliability.yaml"))


def foretell(
    desk: Desk, incident_id: str, running: NetworkConfiguration, cause: Sequence[Fault]
) -> None:
    """Keep what may be next, and tell it where something is to be feared."""
    found = next_failures(desk.situation, running, cause)
    desk.journal.put_artefact(incident_id, NEXT_FAILURES, found)
    if found.likeliest:
        told = "; ".join((found.heading, *(one.short() for one in found.likeliest)))
        desk.tell(incident_id, "foretold", "simulator", told)


def next_failures(
    situation: Situation, running: NetworkConfiguration, cause: Sequence[Fault]
) -> NextFailures:
    """The likeliest of what leaves its objective or goes down before the horizon of a repair."""
    predictor = Draws(seed=situation.seed)
    chances = chances_ahead(situation, running, cause, predictor)
    nothing = chances.pop(NOTHING)
    services = {service.id for service in situation.twin.services.services}
    feared = [name for name, chance in chances.items() if chance >= LEAST_FEARED]
    feared.sort(key=lambda name: (-chances[name], name))
    return NextFailures(
        at_s=situation.tracker.now_s,
        until_s=situation.tracker.now_s + REPAIR_HORIZON_S,
        likeliest=tuple(
            NextFailure(
                kind="service" if name in services else "link",
                name=name,
                probability=round(chances[name], 3),
                reliability=shipped_reliability().of(chances[name]),
            )
            for name in feared[:MOST_TOLD]
        ),
        others=max(0, len(feared) - MOST_TOLD),
        nothing=round(nothing, 3),
        draws=predictor.count,
        seed=predictor.seed,
    )


def chances_ahead(
    situation: Situation,
    running: NetworkConfiguration,
    cause: Sequence[Fault],
    predictor: Predictor,
) -> dict[str, float]:
    """What `predictor` says of every answer, by name, NOTHING included, with nothing done."""
    now_s, profile = situation.tracker.now_s, situation.inventory.profile
    state = believed_state(situation, running, cause)
    ahead = np.arange(0.0, REPAIR_HORIZON_S, STEP_S).tolist()
    now = profile_at(profile, now_s)
    levels = np.array([profile_at(profile, now_s + t) / now for t in ahead])
    twin, question = situation.twin.of(state), Departures(situation.uncertainty)
    struck = Struck(twin, healed(state, cause), tuple(cause), levels, state)
    chances = predictor.predict(struck, question)
    return dict(zip(question.answers(twin), chances.tolist(), strict=True))
