"""What fails next, and how could each remedy go wrong? Scenarios grounded in the graph."""

from collections.abc import Sequence

from pydantic import Field

from agents.loop.role import Role
from agents.prompts import Prompt, prompt
from agents.roles.formatting import Short, short
from agents.roles.situation import Situation
from agents.roles.wording import Wording
from tools.registry import Tool, grant
from twin.errors import Ungrounded
from twin.events.action import in_words
from twin.events.fault import BY_KIND
from twin.events.faults.traffic_spike import SURGE_FACTOR
from twin.knowledge.fate import recorded_ducts
from twin.nouns.base import IfGiven, Noun
from twin.nouns.plan import Remedy
from twin.nouns.service_impact import ServiceImpact, service_impact_lines, step_lines
from twin.nouns.state import NetworkState
from twin.remedies.exposures import Exposure, exposures
from twin.remedies.foreseen import foreseen_next

MOST_SCENARIOS = 6

_TOLD = 8
"""Exposures that are shown of one state, the worst; those below are milder."""

_TOLD_OVERLOADED = 2


class ImaginedScenario(Noun):
    """A further fault that may strike before the repair. `exposure`: id of a listed exposure.

    `probability`: of it happening before the repair, 0..1. `why`: what it would test.
    """

    exposure: str
    probability: float = Field(ge=0, le=1)
    why: Wording


class Imagination(Noun):
    """The scenarios to simulate every remedy in, most worrying first."""

    scenarios: tuple[ImaginedScenario, ...] = Field(max_length=MOST_SCENARIOS)


class ExposureRow(Noun):
    """One further fault: what it would do. `overloaded`: egresses, the fullest first.

    `cut_off_bps`: left out where nobody is cut off. `foreseen`: the line of the risk register that
    it would complete, with what is down already.
    """

    id: str
    max_utilisation: Short
    overloaded: tuple[str, ...]
    excess_bps: Short
    cut_off_bps: IfGiven[Short] = None
    foreseen: IfGiven[str] = None


class ExposuresResult(Noun):
    """The worst first."""

    exposures: tuple[ExposureRow, ...]


class RemedyName(Noun):
    """A proposed remedy, its actions in words."""

    id: str
    actions: tuple[str, ...]


class ImaginerTask(Noun):
    """What the imaginer is told; `exposures` are with nothing done. `depending`: by the knowledge
    graph, who is cut off or left without an alternative, and through what; the first of it.
    """

    surge_factor: float
    exposures: tuple[ExposureRow, ...]
    links_down: tuple[str, ...]
    depending: IfGiven[tuple[str, ...]] = None
    remedies: tuple[RemedyName, ...]


class Under(Noun):
    """Which remedy is in force while something else fails: a remedy id."""

    remedy: str


def instructions() -> Prompt:
    """What the imaginer is told, with the figures that code decides by."""
    return prompt(
        "imaginer",
        most_scenarios=MOST_SCENARIOS,
        **{f"{k}_chance": c for k, f in BY_KIND.items() if (c := f.chance_before_repair)},
    )


class Imaginer:
    """Imagines for one incident, on the state that the diagnosis found."""

    def __init__(
        self,
        situation: Situation,
        state: NetworkState,
        remedies: Sequence[tuple[Remedy, NetworkState]],
        impact: ServiceImpact | None = None,
    ) -> None:
        """`impact`: who is hit or at risk by the knowledge graph."""
        self._impact = impact
        self._situation = situation
        self._state = state
        self._remedies = {remedy.id: (remedy, after) for remedy, after in remedies}
        self.exposures: dict[str, Exposure] = {}

    def role(self) -> Role[Imagination]:
        """The role with its tools bound to this incident."""
        return Role(
            name="imaginer",
            prompt=instructions(),
            tools=grant(
                Tool(
                    name="list_exposures_under",
                    description="List the worst further failures with one proposed remedy in "
                    "force: how it could go wrong.",
                    arguments=Under,
                    effect="read",
                    call=self._list_under,
                ),
            ),
            answer=Imagination,
            ground=self.ground,
        )

    def task(self) -> ImaginerTask:
        """What the imaginer is told."""
        return ImaginerTask(
            surge_factor=SURGE_FACTOR,
            exposures=self._list(self._state).exposures,
            links_down=tuple(sorted(self._state.down_links)),
            depending=self._depending() or None,
            remedies=tuple(
                RemedyName(id=r.id, actions=in_words(r.actions)) for r, _ in self._remedies.values()
            ),
        )

    def ground(self, answer: Imagination) -> None:
        """Refuse a scenario whose fault was not listed, and the same one twice."""
        names = [s.exposure for s in answer.scenarios]
        for name in names:
            if name not in self.exposures:
                raise Ungrounded(f'"{name}" is not a listed exposure')
        if len(set(names)) < len(names):
            raise Ungrounded("a scenario stands there twice")

    def _depending(self) -> tuple[str, ...]:
        if self._impact is None or not self._impact.affected:
            return ()
        lines = service_impact_lines(self._impact)[:_TOLD]
        return (*lines, *step_lines(self._impact, _TOLD))

    def _list(self, state: NetworkState) -> ExposuresResult:
        situation = self._situation
        ducts = recorded_ducts(situation.graph.snapshot())
        drawn_bps = situation.tracker.demand.drawn_bps
        foreseen = foreseen_next(situation.graph.snapshot(), state)
        found = exposures(state, situation.twin, drawn_bps, _TOLD, ducts, foreseen)
        self.exposures.update({e.id: e for e in found if e.id not in self.exposures})
        return ExposuresResult(exposures=tuple(_row(e) for e in found))

    def _list_under(self, arguments: Under) -> ExposuresResult:
        if arguments.remedy not in self._remedies:
            raise Ungrounded(f'"{arguments.remedy}" is not a proposed remedy')
        return self._list(self._remedies[arguments.remedy][1])


def _row(exposure: Exposure) -> ExposureRow:
    return ExposureRow(
        id=exposure.id,
        max_utilisation=short(exposure.max_utilisation),
        overloaded=exposure.overloaded[:_TOLD_OVERLOADED],
        excess_bps=short(exposure.excess_bps),
        cut_off_bps=short(exposure.cut_off_bps) if exposure.cut_off_bps else None,
        foreseen=exposure.grounds if exposure.foreseen else None,
    )
