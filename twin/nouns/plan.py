"""From a proposed remedy to what came of it."""

from typing import Any, Literal

from pydantic import Field, model_validator

from twin.events.action import Action
from twin.events.fault import Fault
from twin.nouns.base import Noun, content_hash
from twin.nouns.forecast import Forecast
from twin.nouns.principal import AUTOMATIC, UNRECORDED, IfAny, Principal

Source = Literal["rules", "search", "policy", "mind"]
"""Who proposes remedies. `rules`: what a kind of fault suggests, and limits of what is overloaded.
`search`: over single changes on the twin. `policy`: a planner or a learned one. `mind`: whoever
thinks, on top of what it was told.
"""


class Remedy(Noun):
    """A candidate: actions in order (none: do nothing), with the reason for proposing it.
    `sources`: who proposed it; several where it was proposed several times, or in parts.
    """

    id: str
    actions: tuple[Action, ...]
    reason: str
    sources: tuple[Source, ...] = Field(default=(), exclude_if=lambda sources: not sources)


class PlannedStep(Noun):
    """One commit on one device, with the forecast of the state right after it.

    A plan commits a device once: `actions` are all of the plan's actions that touch `node`, and
    `diff` is what they make together of its running configuration. An action that touches two
    devices (a drain) stands in two steps. `action_id` is unique over all plans.
    """

    action_id: str
    node: str
    actions: tuple[Action, ...]
    diff: str
    forecast: Forecast


class BlastRadius(Noun):
    """What the plan touches: devices, services whose paths change, and the traffic that moves.

    `returning_services`, `returning_bps`: the part of it that goes back to where the intended
    configuration sends it, with the links that are up. It does not count against the bounds of the
    policy; `counted_services` and `counted_bps` do.
    """

    devices: tuple[str, ...]
    services: tuple[str, ...]
    moved_bps: float
    returning_services: tuple[str, ...] = Field(default=(), exclude_if=lambda value: not value)
    returning_bps: float = Field(default=0.0, ge=0.0, exclude_if=lambda value: not value)

    @property
    def counted_services(self) -> tuple[str, ...]:
        """Services of which something goes elsewhere than is intended."""
        return tuple(s for s in self.services if s not in self.returning_services)

    @property
    def counted_bps(self) -> float:
        """Traffic that goes elsewhere than is intended."""
        return max(0.0, self.moved_bps - self.returning_bps)


class Plan(Noun):
    """An ordered change with its forecast, its way back, and the state that it was made for.

    `actions` say what is meant, in order; `steps` are the commits that carry them out, in the order
    in which they are made. `purpose`: "mitigate" (temporary or lasting remedy) or "return" (takes a
    temporary change out). `temporary`: whether `way_back` has to be carried out once the cause is
    repaired. `state_hash`: of the running configuration and the links up that the plan was made
    for, whichever of `unsteady_links` are. `needs_person`: why only a person may approve it, ""
    where the policy alone decides.
    """

    id: str
    incident_id: str
    attempt: int
    purpose: Literal["mitigate", "return"]
    cause: tuple[Fault, ...]
    actions: tuple[Action, ...]
    steps: tuple[PlannedStep, ...]
    way_back: tuple[Action, ...]
    temporary: bool
    forecast: Forecast
    do_nothing: Forecast
    blast_radius: BlastRadius
    state_hash: str
    created_s: float
    reason: str
    finished_by: str
    # Plans that were approved before the field existed keep their hash.
    needs_person: str = Field(default="", exclude_if=lambda value: not value)

    @property
    def heals(self) -> frozenset[str]:
        """Services that are probably in breach if nothing is done, and not with it."""
        return self.do_nothing.in_breach - self.forecast.in_breach

    @property
    def gives_up(self) -> frozenset[str]:
        """Services that are probably in breach with it, and not if nothing is done."""
        return self.forecast.in_breach - self.do_nothing.in_breach

    @property
    def unsteady_links(self) -> frozenset[str]:
        """Links that come and go by its cause: that is no other state of the network."""
        return frozenset[str]().union(*(fault.unsteady_links for fault in self.cause))

    @property
    def hash(self) -> str:
        """SHA-256 of the plan's content; approvals are bound to it."""
        return content_hash(self)


class Approval(Noun):
    """A person's answer (or the demo flag's) to one plan. The first `decision` is final.

    `overrides`: entries of the change calendar ("freeze:year-end") that it sets aside by name.
    `instead`: the simulated remedy that a rejection asks for, "" for whichever is next best.
    """

    plan_id: str
    plan_hash: str
    decision: Literal["approve", "reject"]
    by: Principal
    reason: str
    decided_s: float
    overrides: tuple[str, ...] = ()
    instead: IfAny = ""

    @model_validator(mode="before")
    @classmethod
    def _with_principal(cls, content: Any) -> Any:
        # Journals of before there were principals have a name, and whether a person looked.
        if not isinstance(content, dict) or not isinstance(content.get("by"), str):
            return content
        kept = {name: value for name, value in content.items() if name != "automatic"}
        provider = AUTOMATIC if content.get("automatic") else UNRECORDED
        return {**kept, "by": {"name": content["by"], "provider": provider}}

    @property
    def automatic(self) -> bool:
        """Whether no person looked."""
        return self.by.provider == AUTOMATIC


class Dispatch(Noun):
    """A repair order to the field: where, which circuits, and what the ticket says."""

    id: str
    incident_id: str
    place: str
    links: tuple[str, ...]
    text: str
    requested_s: float


class Outcome(Noun):
    """What came of a plan: better than before, and as forecast?

    `observed_utilisation`: as in `Forecast.utilisation`. `worse_services`: than before the change.
    `healed_services`: back within all their objectives since.
    """

    plan_id: str
    kept: bool
    reason: str
    observed_utilisation: dict[str, float]
    inside_interval: dict[str, bool]
    worse_services: tuple[str, ...] = ()
    healed_services: tuple[str, ...] = ()
