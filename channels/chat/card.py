"""The card of a plan: all that somebody has to know who answers it, from the plan and the journal.

No word of it is a model's: why a mind chose the remedy stands in the report, with its name.
"""

from collections.abc import Sequence

from channels.alternatives import instead_of
from channels.asking import still_wanted
from channels.chat.service import LONGEST_CODE, Choice, Fact, File, Message, Question
from channels.next_failures import feared
from channels.report.wording import duration, percent, plain, quoted, rate, utc
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest
from twin.events.action import in_words
from twin.nouns.base import Noun
from twin.nouns.counted import counted
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.next_failures import NextFailures
from twin.nouns.plan import Approval, Plan

MOST_CHOICES = 20
"""Remedies that can be chosen on a card; all of them stand in the report."""

_MOST_NAMES = 8


class Alternative(Noun):
    """A simulated remedy that can be chosen instead. `cost`: in service-hours until the repair."""

    id: str
    what: str
    cost: float
    breached_services: Interval


class PlanCard(Noun):
    """What people are asked, or were. `answers`: those that were given so far, in order.

    `may_answer`: names of those who may, None where nobody has an account. `ended`: who answered
    and when, or why nobody can any more; "" as long as somebody can. `next_failures`: None where
    nothing is to be feared.
    """

    plan: Plan
    request: ApprovalRequest
    answers: tuple[Approval, ...]
    may_answer: tuple[str, ...] | None
    alternatives: tuple[Alternative, ...]
    ended: str
    next_failures: NextFailures | None = None

    @property
    def diff(self) -> str:
        """What is changed, by device."""
        return "\n".join(f"{step.node}\n{step.diff}".rstrip() for step in self.plan.steps)

    def message(self) -> Message:
        """The card as a message: with buttons while it can be answered, without them afterwards."""
        plan, ended = self.plan, self.ended
        fits = len(self.diff) <= LONGEST_CODE
        return Message(
            title=f"{plan.id}: {plain(ended, 200) if ended else 'waits for an answer'}",
            text="; ".join(in_words(plan.actions)) or "nothing is changed",
            facts=tuple(Fact(name=n, value=plain(v, 900)) for n, v in self._facts() if v),
            code=self.diff if fits else "",
            question=None if ended else self._question(),
        )

    def file(self) -> File | None:
        """The diff, where it is too long for the card."""
        if len(self.diff) <= LONGEST_CODE:
            return None
        return File(name=f"{self.plan.id}.diff", content=self.diff)

    def _facts(self) -> list[tuple[str, str]]:
        plan, blast = self.plan, self.plan.blast_radius
        kept = "until the cause is repaired" if plan.temporary else "for good"
        back = "; ".join(in_words(plan.way_back)) or "as each device ran before"
        return [
            ("Why", "; ".join((*self._causes(), *self._services()))),
            ("Predicted", _effect(plan.forecast)),
            ("If nothing is done", _effect(plan.do_nothing)),
            ("Next, if nothing is done", "" if self.ended else self._next()),
            (
                "Blast radius",
                f"{_few(blast.devices, 'device')}; {_few(blast.services, 'service')}; "
                f"{rate(blast.moved_bps)} moves",
            ),
            ("Way back", f"{back} (it stays {kept})"),
            ("Who may answer", "" if self.ended else self._who()),
            ("Time left", "" if self.ended else self._until()),
            ("Answers", "; ".join(map(_answer, self.answers))),
        ]

    def _causes(self) -> tuple[str, ...]:
        return tuple(f.describe() for f in self.plan.cause) or ("no cause is known",)

    def _services(self) -> list[str]:
        plan = self.plan
        told = (("brings back", plan.heals), ("gives up", plan.gives_up))
        return [f"{what} {_few(sorted(names), 'service')}" for what, names in told if names]

    def _next(self) -> str:
        found = self.next_failures
        return "; ".join(one.describe() for one in found.likeliest) if found else ""

    def _who(self) -> str:
        if self.may_answer is None:
            return "nobody from here, since nobody has an account: noctua accounts add"
        wanted = still_wanted(self.request)
        names = ", ".join(map(quoted, self.may_answer[:_MOST_NAMES])) or "nobody yet"
        more = len(self.may_answer) - _MOST_NAMES
        named = f"{names} and {more} more" if more > 0 else names
        return f"{named}; it takes {wanted}" if wanted else named

    def _until(self) -> str:
        asked = self.request
        window = duration(asked.expires_s - asked.requested_s)
        return f"until {utc(asked.expires_s)} UTC, {window} from when it was asked"

    def _question(self) -> Question:
        named = ", ".join(self.request.overrides_needed)
        return Question(
            plan_id=self.plan.id,
            approve=plain(f"Approve, overriding {named}", 75) if named else "Approve",
            choices=tuple(
                Choice(id=one.id, text=f"{one.what} ({one.cost:.3g} service-hours)")
                for one in self.alternatives[:MOST_CHOICES]
            ),
        )


def plan_card(journal: Journal, plan_id: str, now_s: float) -> PlanCard:
    """The card of a plan as it stands at `now_s`. Raises UnknownPlan: nobody was asked about it."""
    plan, request = journal.plan(plan_id), journal.approval_request(plan_id, now_s)
    ended = how_it_ended(journal, plan, request)
    entitled = [one.name for one in journal.accounts() if one.may("approve")]
    return PlanCard(
        plan=plan,
        request=request,
        answers=request.answers,
        may_answer=tuple(entitled) if journal.has_accounts() else None,
        alternatives=() if ended else _alternatives(journal, plan),
        ended=ended,
        next_failures=feared(journal, plan.incident_id),
    )


def how_it_ended(journal: Journal, plan: Plan, request: ApprovalRequest) -> str:
    """Why nobody can answer any more, with who did and when; "" while somebody can."""
    if request.approval is not None:
        return _answer(request.approval)
    if request.state == "expired":
        return f"nobody answered until {utc(request.expires_s)} UTC; it has expired"
    asked = journal.approval_requests(0.0, incident_id=plan.incident_id)
    if asked[-1].plan_id != plan.id:
        return f"overtaken by {asked[-1].plan_id} at {utc(asked[-1].requested_s)} UTC"
    phase = journal.incident(plan.incident_id).phase
    if phase in TERMINAL_PHASES:
        return f"withdrawn: the incident is {phase.value.replace('_', ' ')}"
    return ""


def _alternatives(journal: Journal, plan: Plan) -> tuple[Alternative, ...]:
    return tuple(
        Alternative(
            id=trial.remedy.id,
            what="; ".join(action.short() for action in trial.remedy.actions),
            cost=trial.cost,
            breached_services=trial.ahead.breached_services,
        )
        for trial in instead_of(journal, plan)
    )


def _answer(answer: Approval) -> str:
    said = "approved" if answer.decision == "approve" else "rejected"
    through = f" through {answer.by.channel}" if answer.by.channel else ""
    why = f": {quoted(answer.reason)}" if answer.reason else ""
    instead = f"; {answer.instead} instead" if answer.instead else ""
    at = utc(answer.decided_s)
    return f"{said} by {quoted(answer.by.name)}{through} at {at} UTC{why}{instead}"


def _effect(forecast: Forecast) -> str:
    most, breached, lost = (
        forecast.max_utilisation,
        forecast.breached_services,
        forecast.lost_bps,
    )
    return (
        f"busiest link {percent(most.median)} ({percent(most.p05)} to {percent(most.p95)}), "
        f"{counted(round(breached.median), 'service')} in breach ({breached.p05:.0f} to "
        f"{breached.p95:.0f}), "
        f"{rate(lost.median)} lost (up to {rate(lost.p95)}); "
        f"5 % to 95 % of {forecast.rollouts} rollouts"
    )


def _few(names: Sequence[str], what: str) -> str:
    many = counted(len(names), what)
    shown = ", ".join(map(plain, names[:_MOST_NAMES]))
    more = ", …" if len(names) > _MOST_NAMES else ""
    return f"{many} ({shown}{more})" if names else many
