"""Who is hit or at risk, since when and how sure: from the diagnosis and the knowledge graph."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from twin.nouns.base import Noun
from twin.nouns.counted import counted

SERVICE_IMPACT = "service_impact"
"""The name under which an incident's ServiceImpact is kept in the journal."""

How = Literal["outside_objective", "cut_off", "at_risk"]
"""As probes see it; down by what it stands on; or up, with no alternative left."""

_NAMED = 5

_CERTAIN = 0.995
"""From here on a probability is not told."""


class Affected(Noun):
    """Things of one kind that are affected alike; `names`: the first of `count`.

    `since_s`: Unix seconds; ahead of `as_of_s` where something still holds (a battery).
    `probability`: that the diagnosis is right in what this follows from; 1 for what is measured.
    """

    kind: str
    how: How
    count: int
    names: tuple[str, ...]
    since_s: float
    probability: float


class CausalStep(Noun):
    """That `effect` goes down because of `cause` ("kind id" each), `after_s` seconds after the
    failure, and by which mechanism. `weakens`: it stays up, and has lost an alternative.
    """

    cause: str
    effect: str
    mechanism: str
    after_s: float
    weakens: bool


class ServiceImpact(Noun):
    """Services, slices and customers that are hit or at risk at `as_of_s`.

    `recorded_s`: when the graph was read (0: unknown). `causes`: what has failed, as the likeliest
    hypothesis has it ("kind id"). `steps`: the part of the causal graph that leads from there to
    who is affected; `more_steps`: how many were left out.
    """

    as_of_s: float
    recorded_s: float
    causes: tuple[str, ...]
    affected: tuple[Affected, ...]
    steps: tuple[CausalStep, ...]
    more_steps: int

    def same_as(self, other: "ServiceImpact | None") -> bool:
        """Whether it says the same, whenever it was worked out."""
        if other is None:
            return False
        times = {"as_of_s": 0.0, "recorded_s": 0.0}
        return self.model_copy(update=times) == other.model_copy(update=times)


NOBODY = "by the knowledge graph, no service, slice or customer is cut off or at risk"


def service_impact_lines(impact: ServiceImpact, *hows: How) -> list[str]:
    """One line for each group that is affected alike, in one of these ways (none given: in any)."""
    wanted = (one for one in impact.affected if not hows or one.how in hows)
    return [_line(one, impact.as_of_s) for one in wanted]


def step_lines(impact: ServiceImpact, most: int) -> Iterator[str]:
    """The causal graph, a line for each arrow; of more than `most`, the number."""
    for step in impact.steps[:most]:
        arrow = "weakens" if step.weakens else "->"
        later = f", after {step.after_s:g} s" if step.after_s else ""
        yield f"{step.cause} {arrow} {step.effect} ({step.mechanism}{later})"
    if more := len(impact.steps[most:]) + impact.more_steps:
        yield f"and {more} more"


def _line(one: Affected, as_of_s: float) -> str:
    sure = "" if one.probability > _CERTAIN else f" ({one.probability:.0%} sure)"
    are = counted(one.count, f"{one.kind} is", f"{one.kind}s are")
    return f"{are} {_what(one, as_of_s)}{sure}: {_named(one)}"


def _what(one: Affected, as_of_s: float) -> str:
    at = datetime.fromtimestamp(one.since_s, UTC).strftime("%H:%M UTC")
    match one.how:
        case "outside_objective":
            hit = "hit by what probes see" if one.kind == "customer" else "outside its objective"
            return f"{hit}, since {at}"
        case "cut_off":
            hit = "hit" if one.kind == "customer" else "cut off"
            return f"{hit}, since {at}" if one.since_s <= as_of_s else f"{hit} from {at} on"
        case "at_risk":
            return f"at risk since {at}, with no alternative left"


def _named(one: Affected) -> str:
    more = one.count - len(one.names[:_NAMED])
    return ", ".join(one.names[:_NAMED]) + (f" and {more} more" if more else "")
