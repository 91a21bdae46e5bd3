"""Noctua on a case, with a person who approves every plan after the drawn delay."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from agents.loop.minds import Minds
from evals.arm import ArmResult, EndPhase
from evals.delays import NO_DELAYS, HumanDelays, draw_delays
from evals.scoring import OVERTIME_S, Account, IncidentAccount, score
from evals.stage import Case, stage
from evals.truth import Recorder
from graphs.candidates import Candidates
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S, Approver
from graphs.workplace import Workplace
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest, ChangeState
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import TERMINAL_PHASES, Phase
from twin.nouns.plan import Approval, Outcome, Plan
from twin.nouns.principal import AUTOMATIC, Principal

OnStep = Callable[[Workplace, float], None]


class AnsweringApprover(Approver, Protocol):
    """An approver inside this process, who learns late where answers go."""

    def answer_through(self, journal: Journal) -> None:
        """Where the answers go; known only once the workplace is open."""
        ...


class DelayedApprover:
    """Approves every plan `delay_s` after it was asked for: a person who trusts, and takes time.

    Where two people are needed, both were asked at once and both take that long; what stands
    against a plan is set aside. What only a person may approve is left waiting, for nobody looks
    here. `name`: what the journal shows.
    """

    def __init__(self, delay_s: float, name: str = "evaluation (no person looked)") -> None:
        self._delay_s = delay_s
        self._name = name
        self._journal: Journal | None = None

    def answer_through(self, journal: Journal) -> None:
        """Where the answers go; known only once the workplace is open."""
        self._journal = journal

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        """Approve `plan` if the request has waited for long enough."""
        if self._journal is None or now_s < request.requested_s + self._delay_s:
            return
        if request.needs_person:
            return
        for number in range(len(request.answers), request.approvers_needed):
            name = self._name if number == 0 else f"{self._name}, number {number + 1}"
            self._journal.answer(
                Approval(
                    plan_id=plan.id,
                    plan_hash=request.plan_hash,
                    decision="approve",
                    by=Principal(name=name, provider=AUTOMATIC),
                    reason=f"approved after {self._delay_s:.0f} s",
                    overrides=request.overrides_needed,
                    decided_s=now_s,
                )
            )


class NoctuaArm:
    """Noctua on a case.

    `zero`: the approval comes at once. `approver`: who answers, in place of somebody who approves
    after the drawn delay. `on_step`: called at every poll. `network`: what the network is called.
    `minds`: who thinks, and `candidates`: who is asked for remedies besides, in place of whom the
    environment names. `on_end`: called once the case is over, before all is closed.
    """

    def __init__(
        self,
        *,
        zero: bool = False,
        approver: AnsweringApprover | None = None,
        on_step: OnStep = lambda _workplace, _now_s: None,
        network: str = "live",
        minds: Minds | None = None,
        candidates: Candidates | None = None,
        on_end: Callable[[Workplace], None] = lambda _workplace: None,
    ) -> None:
        self._zero = zero
        self._approver = approver
        self._on_step = on_step
        self._network = network
        self._minds = minds
        self._candidates = candidates
        self._on_end = on_end

    @property
    def name(self) -> str:
        """As in the tables."""
        return "noctua_zero" if self._zero else "noctua"

    def play(self, case: Case, seed: int, folder: Path) -> ArmResult:
        """Play the realisation `seed` of `case`; `folder` becomes the state directory."""
        started = time.perf_counter()
        delays = self._delays(case, seed)
        file = StateDirectory(folder).network_file(self._network)
        network = stage(case, seed, file, self._network)
        try:
            recorder = Recorder(network, case)
            approver = self._approver or DelayedApprover(delays.approve_s)
            with Workplace(
                folder,
                network,
                recorder,
                approver=approver,
                minds=self._minds,
                candidates=self._candidates,
            ) as workplace:
                approver.answer_through(workplace.journal)
                self._operate(workplace, recorder)
                self._on_end(workplace)
                account = account_of(workplace.journal, network.name)
            return score(self.name, recorder, account, delays, started)
        finally:
            network.close()

    def _delays(self, case: Case, seed: int) -> HumanDelays:
        """Of a person's steps, only the approval is left."""
        if self._zero:
            return NO_DELAYS
        return HumanDelays(approve_s=draw_delays(case.id, seed).approve_s)

    def _operate(self, workplace: Workplace, recorder: Recorder) -> None:
        """Until the case is over and nothing is open any more."""
        last_s = recorder.ends_s + OVERTIME_S
        while (now_s := recorder.now_s()) < recorder.ends_s or (
            now_s < last_s and _is_open(workplace)
        ):
            workplace.watch.step()
            self._on_step(workplace, now_s)
            recorder.wait_until(max(now_s + POLL_S, recorder.now_s()))


def _is_open(workplace: Workplace) -> bool:
    records = workplace.journal.incidents(network=workplace.network.name)
    return any(r.phase not in TERMINAL_PHASES for r in records)


def account_of(journal: Journal, network: str) -> Account:
    """What the journal says."""
    records = journal.incidents(network=network)
    ids = [r.incident.id for r in records]
    plans = [plan for i in ids for plan in journal.plans(i)]
    confirmed = {
        plan.id: [c for c in journal.changes(plan_id=plan.id) if c.state is ChangeState.CONFIRMED]
        for plan in plans
    }
    mitigating = [p for p in plans if p.purpose == "mitigate"]
    inside = [value for i in ids for outcome in _outcomes(journal, i) for value in outcome]
    return Account(
        incidents=tuple(
            _incident(journal, r.incident.id, r.incident.onset_s, r.incident.detected_s, r.phase)
            for r in records
        ),
        mitigated_s=tuple(
            _committed_s(journal, p, max(c.updated_s for c in confirmed[p.id]))
            for p in mitigating
            if confirmed[p.id]
        ),
        changes=sum(len(changes) for changes in confirmed.values()),
        rolled_back=sum(e.kind == "rolled_back" for i in ids for e in journal.timeline(i)),
        chose_nothing=bool(mitigating) and not mitigating[-1].actions,
        outcomes=len(inside),
        outcomes_inside=sum(inside),
    )


def _committed_s(journal: Journal, plan: Plan, confirmed_s: float) -> float:
    """When the change that was confirmed at `confirmed_s` took effect."""
    events = journal.timeline(plan.incident_id)
    return max(e.time_s for e in events if e.kind == "committed" and e.time_s <= confirmed_s)


def _incident(
    journal: Journal, incident_id: str, onset_s: float, detected_s: float, phase: Phase
) -> IncidentAccount:
    diagnosis = journal.artefact(incident_id, "diagnosis", Diagnosis)
    end: EndPhase = "open"
    if phase in TERMINAL_PHASES:
        end = "resolved" if phase is Phase.RESOLVED else "escalated"
    closed = [
        e.time_s for e in journal.timeline(incident_id) if e.kind in ("resolved", "escalated")
    ]
    return IncidentAccount(
        onset_s=onset_s,
        detected_s=detected_s,
        closed_s=closed[-1] if closed else None,
        phase=end,
        causes=diagnosis.cause if diagnosis else (),
        locations=diagnosis.suspected_location if diagnosis else (),
        paged=any(e.kind == "paged" for e in journal.timeline(incident_id)),
    )


def _outcomes(journal: Journal, incident_id: str) -> list[list[bool]]:
    """Per plan that was verified, whether each predicted interval held."""
    names = [n for n in journal.artefacts(incident_id) if n.startswith("outcome:")]
    outcomes = (journal.artefact(incident_id, name, Outcome) for name in names)
    return [list(o.inside_interval.values()) for o in outcomes if o is not None]
