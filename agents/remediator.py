"""Proposes candidate remedies, and afterwards chooses one of those that the forecast cannot
separate.
"""

from collections.abc import Callable, Sequence

from pydantic import Field

from agents.costs import TIE
from agents.diagnoser import NoArguments
from agents.prompts import prompt
from agents.role import Role, Ungrounded
from agents.screening import Screen, Screened
from agents.simulator import Trial
from tools.registry import Tool, grant
from twin.nouns.action import Action, describe
from twin.nouns.base import Noun
from twin.nouns.fault import Fault
from twin.nouns.plan import Remedy

DO_NOTHING = "R0"
MOST_REMEDIES = 8


class ProposedRemedy(Noun):
    """Actions in order. `reason`: why this could help."""

    actions: tuple[Action, ...] = Field(min_length=1, max_length=4)
    reason: str


class Proposal(Noun):
    """What to simulate; doing nothing is always simulated as well."""

    remedies: tuple[ProposedRemedy, ...] = Field(max_length=MOST_REMEDIES)


class Measure(Noun):
    """Actions to try in the twin."""

    actions: tuple[Action, ...] = Field(min_length=1, max_length=4)


class Choice(Noun):
    """`remedy`: the id of a simulated remedy. `reason`: for the person who approves."""

    remedy: str
    reason: str


class Proposer:
    """Finds what could help; the screen is on the state at the demand to be prepared for."""

    def __init__(self, screen: Screen, cause: Sequence[Fault]) -> None:
        self._screen = screen
        self._cause = tuple(cause)

    def role(self) -> Role[Proposal]:
        """The role with its tools bound to this incident."""
        screen, cause = self._screen, self._cause
        return Role(
            name="remediator",
            prompt=prompt("remediator"),
            tools=grant(
                _tool(
                    "screen_single_actions",
                    "Try every single weight change, drain and revert near "
                    "the trouble in the twin; returns the best.",
                    lambda: screen.best_single(cause),
                ),
                _tool(
                    "screen_pairs",
                    "Grow the best single actions by a second one, where one does not suffice.",
                    lambda: screen.best_pairs(screen.best_single(cause)),
                ),
                _tool(
                    "screen_rate_limits",
                    "Limit best effort on each egress in trouble, so that the other classes fit.",
                    screen.rate_limits,
                ),
                Tool(
                    name="measure",
                    description="Try actions of your own in the twin: how much traffic stays "
                    "beyond 90 % of a link or is lost silently, in bit/s, and the highest "
                    "utilisation.",
                    arguments=Measure,
                    effect="read",
                    call=lambda m: _shown(screen.measure(m.actions)),
                ),
            ),
            answer=Proposal,
            ground=self.ground,
        )

    def task(self) -> dict[str, object]:
        """What the remediator is told."""
        return {
            "step": "propose",
            "cause": [f.model_dump(mode="json") for f in self._cause],
            "excess_bps": round(self._screen.nothing.excess_bps),
            "max_utilisation": round(self._screen.nothing.max_utilisation, 3),
        }

    def ground(self, answer: Proposal) -> None:
        """Refuse actions that name nothing, and drains that would partition or overload."""
        for proposed in answer.remedies:
            self._screen.measure(proposed.actions)
            for action in proposed.actions:
                if refusal := self._screen.refusal(action):
                    raise Ungrounded(refusal)

    @staticmethod
    def remedies(answer: Proposal) -> tuple[Remedy, ...]:
        """The proposal as remedies with ids; doing nothing is the first."""
        nothing = Remedy(id=DO_NOTHING, actions=(), reason="do nothing but wait for the repair")
        found = (
            Remedy(id=f"R{i}", actions=p.actions, reason=p.reason)
            for i, p in enumerate(answer.remedies, start=1)
        )
        return (nothing, *found)


class Chooser:
    """Chooses among simulated remedies; only what ties with the best may be chosen."""

    def __init__(self, trials: Sequence[Trial], excluded: Sequence[str] = ()) -> None:
        self._trials = {t.remedy.id: t for t in trials if t.remedy.id not in excluded}

    def role(self) -> Role[Choice]:
        """The role; it has no tools, everything is in the task."""
        return Role(
            name="remediator_choice",
            prompt=prompt("remediator_choice"),
            tools=(),
            answer=Choice,
            ground=self.ground,
        )

    def task(self) -> dict[str, object]:
        """The table of trials."""
        return {
            "step": "choose",
            "within_tie": self.tied(),
            "trials": [
                {
                    "remedy": t.remedy.id,
                    "actions": [describe(a) for a in t.remedy.actions],
                    "reason": t.remedy.reason,
                    "cost": round(t.cost, 3),
                    "services_in_breach": t.ahead.breached_services.model_dump(),
                    "max_utilisation": t.ahead.max_utilisation.model_dump(),
                    "lost_bps": t.ahead.lost_bps.median,
                    "slo_minutes_ahead": t.slo_minutes_ahead,
                    "in_scenario": {k: round(v, 3) for k, v in t.in_scenario.items()},
                }
                for t in self._trials.values()
            ],
        }

    def tied(self) -> list[str]:
        """Remedies whose cost is within TIE of the best, cheapest first."""
        order = sorted(self._trials.values(), key=lambda t: (t.cost, t.remedy.id))
        return [t.remedy.id for t in order if t.cost - order[0].cost <= TIE]

    def ground(self, answer: Choice) -> None:
        """Refuse what was not simulated, and what the forecast says is worse."""
        if answer.remedy not in self._trials:
            raise Ungrounded(f'"{answer.remedy}" was not simulated')
        if answer.remedy not in self.tied():
            raise Ungrounded(
                f'"{answer.remedy}" is forecast to be worse than "{self.tied()[0]}" by more '
                "than a tie"
            )


def _tool(
    name: str, description: str, screen: Callable[[], Sequence[Screened]]
) -> Tool[NoArguments]:
    def call(_: NoArguments) -> dict[str, object]:
        return {"found": [_shown(s) for s in screen()]}

    return Tool(name=name, description=description, arguments=NoArguments, effect="read", call=call)


def _shown(screened: Screened) -> dict[str, object]:
    return {
        "actions": [a.model_dump(mode="json") for a in screened.actions],
        "says": [describe(a) for a in screened.actions],
        "excess_bps": round(screened.excess_bps),
        "max_utilisation": round(screened.max_utilisation, 3),
    }
