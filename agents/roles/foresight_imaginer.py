"""What is searched beside the risk register: which days, and by which generators."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from agents.loop.role import Role
from agents.prompts import Prompt, prompt
from agents.roles.wording import Wording
from twin.errors import Ungrounded
from twin.imagination.beside import PROPOSED, REPLAYED, Beside, Proposal
from twin.imagination.generators.shipped import CAUSAL_LM, GENERATORS
from twin.nouns.base import IfGiven, Noun
from twin.nouns.risk_scenario import MOST_EVENTS

ROLE = "foresight_imaginer"

MOST_PROPOSALS = 4

_SHARES_WITHIN = 1e-6


class WorkAhead(Noun):
    """Announced work: the links that may be down, and when it begins."""

    links: tuple[str, ...]
    begins_in_hours: float
    hours: float


class Told(Noun):
    """What there is to imagine from. `past`: causes of past incidents, with how often each was."""

    past: dict[str, int] = Field(default_factory=dict)
    work: tuple[WorkAhead, ...] = ()


class ForesightTask(Noun):
    """What the role is told. `kinds`: of what can strike here. `simulations`: days that can be
    looked at, to be split among `generators`.
    """

    network: str
    devices: int
    links: int
    services: int
    kinds: tuple[str, ...]
    generators: tuple[str, ...]
    simulations: int
    past: IfGiven[dict[str, int]] = None
    work: IfGiven[tuple[WorkAhead, ...]] = None


class DaysProposed(Noun):
    """`condition`: in the words of scenarios, "" for any. `kinds`: of what strikes, any if none."""

    condition: Annotated[str, Field(max_length=300)]
    kinds: Annotated[tuple[str, ...], Field(max_length=MOST_EVENTS)]
    why: Wording

    @property
    def proposal(self) -> Proposal:
        """Without the reason."""
        return Proposal(condition=self.condition, kinds=self.kinds)


class GeneratorShare(Noun):
    """`share`: of the simulations."""

    generator: str
    share: Annotated[float, Field(ge=0, le=1)]


class Foresight(Noun):
    """What is searched beside the register."""

    proposals: Annotated[tuple[DaysProposed, ...], Field(max_length=MOST_PROPOSALS)]
    split: tuple[GeneratorShare, ...]

    @property
    def shares(self) -> Mapping[str, float]:
        """By generator."""
        return {one.generator: one.share for one in self.split}


def instructions() -> Prompt:
    """What the role is told, with the figures that code decides by."""
    return prompt(ROLE, most_proposals=MOST_PROPOSALS, most_events=MOST_EVENTS)


class ForesightImaginer:
    """Imagines for one refresh of the register of `network`, of which `beside` searches days."""

    def __init__(self, network: str, beside: Beside, told: Told, simulations: int) -> None:
        self._network = network
        self._beside = beside
        self._told = told
        self._simulations = simulations

    def role(self) -> Role[Foresight]:
        """The role; it has no tools, everything is in the task."""
        return Role(
            name=ROLE, prompt=instructions(), tools=(), answer=Foresight, ground=self.ground
        )

    def task(self) -> ForesightTask:
        """What the role is told."""
        topology = self._beside.state.topology
        return ForesightTask(
            network=self._network,
            devices=len(topology.nodes),
            links=len(topology.links),
            services=len(self._beside.twin.inventory.services),
            kinds=tuple(self._beside.space.strikes.by_load),
            generators=self._generators,
            simulations=self._simulations,
            past=self._told.past or None,
            work=self._told.work or None,
        )

    def ground(self, answer: Foresight) -> None:
        """Refuse days that cannot be, and shares that are not all of it."""
        for proposed in answer.proposals:
            self._beside.part(proposed.proposal)
        self._require_split(answer.split)
        if answer.shares.get(PROPOSED) and not answer.proposals:
            raise Ungrounded(f'"{PROPOSED}" looks at what is proposed, and nothing is')

    @property
    def _generators(self) -> tuple[str, ...]:
        """Those that have something to say here."""
        nothing = [] if self._beside.replayed else [REPLAYED]
        nothing += [] if self._beside.language_model else [CAUSAL_LM]
        return tuple(name for name in GENERATORS if name not in nothing)

    def _require_split(self, split: Sequence[GeneratorShare]) -> None:
        names, known = [one.generator for one in split], self._generators
        for name in names:
            if name not in known:
                raise Ungrounded(f'"{name}" is no generator here; there are {", ".join(known)}')
        if len(set(names)) < len(names):
            raise Ungrounded("a generator stands there twice")
        total = sum(one.share for one in split)
        if self._simulations and abs(total - 1.0) > _SHARES_WITHIN:
            raise Ungrounded(f"the shares add up to {total:g}, and not to 1")
