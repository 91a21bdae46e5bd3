"""What is searched beside the risk register: under which conditions, and by which generators."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from agents.loop.role import Role
from agents.prompts import Prompt, prompt
from agents.roles.wording import Wording
from twin.errors import Ungrounded
from twin.imagination.beside import require_condition
from twin.imagination.generators.shipped import GENERATORS
from twin.nouns.base import IfGiven, Noun
from twin.nouns.topology import Topology

ROLE = "foresight_imaginer"

MOST_CONDITIONS = 4

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
    """What the role is told. `simulations`: how many there are to split. `at_once`: so many things
    fail in each.
    """

    network: str
    devices: int
    links: int
    services: int
    generators: tuple[str, ...]
    simulations: int
    at_once: int
    past: IfGiven[dict[str, int]] = None
    work: IfGiven[tuple[WorkAhead, ...]] = None


class ConditionAdded(Noun):
    """`condition`: in the words of scenarios."""

    condition: Annotated[str, Field(min_length=1, max_length=300)]
    why: Wording


class GeneratorShare(Noun):
    """`share`: of the simulations."""

    generator: str
    share: Annotated[float, Field(ge=0, le=1)]


class Foresight(Noun):
    """What is searched beside the register."""

    conditions: Annotated[tuple[ConditionAdded, ...], Field(max_length=MOST_CONDITIONS)]
    split: tuple[GeneratorShare, ...]

    @property
    def shares(self) -> Mapping[str, float]:
        """By generator."""
        return {one.generator: one.share for one in self.split}


def instructions() -> Prompt:
    """What the role is told, with the figures that code decides by."""
    return prompt(ROLE, most_conditions=MOST_CONDITIONS)


class ForesightImaginer:
    """Imagines for one refresh of the register of `network`."""

    def __init__(
        self,
        network: str,
        topology: Topology,
        services: int,
        told: Told,
        simulations: int,
        at_once: int,
    ) -> None:
        self._network = network
        self._topology = topology
        self._services = services
        self._told = told
        self._simulations = simulations
        self._at_once = at_once

    def role(self) -> Role[Foresight]:
        """The role; it has no tools, everything is in the task."""
        return Role(
            name=ROLE, prompt=instructions(), tools=(), answer=Foresight, ground=self.ground
        )

    def task(self) -> ForesightTask:
        """What the role is told."""
        return ForesightTask(
            network=self._network,
            devices=len(self._topology.nodes),
            links=len(self._topology.links),
            services=self._services,
            generators=tuple(GENERATORS),
            simulations=self._simulations,
            at_once=self._at_once,
            past=self._told.past or None,
            work=self._told.work or None,
        )

    def ground(self, answer: Foresight) -> None:
        """Refuse what does not exist, and shares that are not all of it."""
        for added in answer.conditions:
            require_condition(added.condition, self._topology)
        self._require_split(answer.split)

    def _require_split(self, split: Sequence[GeneratorShare]) -> None:
        names = [one.generator for one in split]
        for name in names:
            if name not in GENERATORS:
                raise Ungrounded(f'"{name}" is no generator; there are {", ".join(GENERATORS)}')
        if len(set(names)) < len(names):
            raise Ungrounded("a generator stands there twice")
        total = sum(one.share for one in split)
        if self._simulations and abs(total - 1.0) > _SHARES_WITHIN:
            raise Ungrounded(f"the shares add up to {total:g}, and not to 1")
