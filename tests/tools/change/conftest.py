"""One network in memory, one journal on disk, and plans for them."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.tools.change.in_memory import START_S, InMemoryNetwork, ManualClock
from tools.change.actuator import Actuator
from tools.change.controls import EVERY_CONTROL, Controls
from tools.change.policy import ApprovalPolicy, default_policy
from tools.change.swaps import SWAP
from tools.journal.journal import Journal
from tools.journal.lease_rows import Since
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.incident import Incident, Severity
from twin.nouns.inventory import Inventory
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import OS_USER, Principal
from twin.nouns.state import state_hash
from twin.remedies.blast import blast_radius
from twin.remedies.steps import plan_steps, planned_step

_NOTHING = Interval(p05=0.0, median=0.0, p95=0.0)
FORECAST = Forecast(
    utilisation={},
    max_utilisation=_NOTHING,
    breached_services=_NOTHING,
    lost_bps=_NOTHING,
    service_breach_probability={},
    rollouts=50,
    seed=1,
)


@dataclass
class Bench:
    """Everything that a change needs."""

    network: InMemoryNetwork
    journal: Journal
    clock: ManualClock
    policy: ApprovalPolicy
    controls: Controls = EVERY_CONTROL

    @property
    def actuator(self) -> Actuator:
        """A new one each time, as after a restart."""
        return Actuator(self.network, self.journal, self.policy, self.clock, controls=self.controls)

    def plan(self, *actions: Action, plan_id: str = "inc-1/plan-1") -> Plan:
        """A plan for the network as it is now."""
        running = self.network.configuration()
        return plan_for(running, self.network.inventory(), actions, plan_id)

    def approve(self, plan: Plan) -> Plan:
        """Ask about `plan`, and answer yes."""
        expires_s = self.clock.now_s() + self.policy.approval.expires_after_s
        self.journal.request_approval(plan, self.clock.now_s(), expires_s)
        self.journal.answer(approval(plan, self.clock.now_s()))
        return plan

    def write_past_the_journal(self, sql: str, *values: str) -> None:
        """Somebody writes into the journal's file; the seals would find it before any rule does."""
        self.controls = EVERY_CONTROL.without("sealed")
        with closing(sqlite3.connect(self.journal.path)) as file, file:
            assert file.execute(sql, values).rowcount == 1

    def write_and_vouch(self, sql: str, *values: str) -> None:
        """As `write_past_the_journal`, and somebody vouches for what stands there then."""
        self.write_past_the_journal(sql, *values)
        self.controls = EVERY_CONTROL
        Journal.vouch(self.journal.path, Principal(name="dora", provider=OS_USER), "a test")

    def refusals(self) -> list[str]:
        """The rules named in the audit log's refusals."""
        lines = self.journal.audit_lines()
        return [str(line.data["rule"]) for line in lines if line.action == "refuse"]


def plan_for(
    running: NetworkConfiguration,
    inventory: Inventory,
    actions: Sequence[Action],
    plan_id: str = "inc-1/plan-1",
) -> Plan:
    """A plan for a network that runs `running`, with every link up."""
    steps = plan_steps(actions, running, inventory.intended, inventory.topology)
    after = steps[-1].after if steps else running
    return Plan(
        id=plan_id,
        incident_id="inc-1",
        attempt=1,
        purpose="mitigate",
        cause=(),
        actions=tuple(actions),
        steps=tuple(planned_step(plan_id, i, s, FORECAST) for i, s in enumerate(steps)),
        way_back=(),
        temporary=True,
        forecast=FORECAST,
        do_nothing=FORECAST,
        blast_radius=blast_radius(inventory, running, after, ()),
        state_hash=state_hash(running, ()),
        created_s=START_S,
        reason="a test",
        finished_by="playbook",
    )


INCIDENT = Incident(
    id="inc-1",
    network="four",
    onset_s=START_S - 60,
    detected_s=START_S,
    severity=Severity.MAJOR,
    title="A-B is overloaded",
    symptoms=(),
)


def approval(
    plan: Plan, now_s: float, by: str = "erin", overrides: tuple[str, ...] = ()
) -> Approval:
    return Approval(
        plan_id=plan.id,
        plan_hash=plan.hash,
        decision="approve",
        by=Principal(name=by, provider=OS_USER),
        reason="looks right",
        decided_s=now_s,
        overrides=overrides,
    )


def lose_a_mind(bench: Bench, role: str) -> None:
    """As the role loop tells the journal when a mind is lost."""
    said = {"role": role, "mind": "acme:far", "to": "playbook", "cause": "down", "detail": "gone"}
    bench.journal.add_event("inc-1", bench.clock.now_s(), SWAP, role, "lost", {**said})


@contextmanager
def holding(journal: Journal, subject: str = "incident:inc-1") -> Iterator[None]:
    """As the process that holds `subject`."""
    since = Since(boot="this one", seconds=0.0)
    with journal.holding(journal.take_lease(subject, "here", since, ttl_s=3600.0)):
        yield


@cache
def _policy() -> ApprovalPolicy:
    """Two pairs are all the traffic here, so the shares of the default policy would be too small.

    Nobody can change it, and reading it takes as long as most of the tests.
    """
    policy = default_policy()
    blast = policy.blast.model_copy(update={"max_moved_share": 1.0})
    return policy.model_copy(update={"blast": blast})


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = ManualClock()
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        journal.open_incident(INCIDENT, START_S, "0" * 32)
        with holding(journal):
            yield Bench(InMemoryNetwork(clock), journal, clock, _policy())


@pytest.fixture
def drain(bench: Bench) -> Plan:
    """An approved plan that drains A-B: devices A, then B."""
    return bench.approve(bench.plan(DrainLink(link="A-B")))
