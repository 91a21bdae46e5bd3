"""One network, one journal, one plan that waits: where approvals are forged and journals rewritten.

The network is emulated, and keeps its own commit log, by which every attack is judged. Whoever
attacks has every file of the state directory in hand but the signing key, and knows our code.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.stage import Case, stage
from graphs.state_directory import StateDirectory
from tools.alerts.reading import Mapped, Received
from tools.change.actuator import Actuator
from tools.change.controls import EVERY_CONTROL, Controls
from tools.change.examined import Examined, Situation
from tools.change.plan_rules import Rule
from tools.change.policy import ApprovalPolicy, SecondApprover, default_policy
from tools.change.soundness import Check
from tools.journal import audit
from tools.journal.anchors import Anchors
from tools.journal.journal import Journal
from tools.journal.lease_rows import Since, incident_subject
from tools.journal.mark import mark_file
from tools.journal.records import (
    ChangeState,
    Charges,
    ChatPost,
    Claim,
    Quarantine,
    RefreshRecord,
    RoleRunRecord,
    WatchRecord,
)
from tools.network.emulated import SimulatedClock
from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.network_file import NetworkFile
from tools.network.protocol import CommitState
from twin.errors import NoctuaError
from twin.events.action import Action
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.account import Account, Delegation, Identity, Token
from twin.nouns.common_cause import CommonCause, Hint
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.foretold import Foretold
from twin.nouns.incident import Incident, Severity
from twin.nouns.plan import Approval, Dispatch, Plan
from twin.nouns.planned_work import PlannedWork
from twin.nouns.principal import LOCAL, OS_USER, Principal
from twin.nouns.rates import Rates
from twin.nouns.risk import Reckoned, Risk
from twin.nouns.state import state_hash
from twin.nouns.untrusted import UntrustedText
from twin.remedies.blast import blast_radius
from twin.remedies.steps import plan_steps, planned_step

NETWORK = "live"
INCIDENT = "live-0001"
DONE = f"{INCIDENT}.mitigate1"
"""Approved by two people, committed and confirmed."""

ASKED = f"{INCIDENT}.mitigate2"
"""What people are asked about; nobody has answered."""

ASKED_FOR_S = 1800.0

_QUIET = CaseWorld(
    id="plain-stone", topology="sndlib/abilene", starts_s=1_772_560_800.0, duration_s=86_400.0
)
_NOTHING = Interval(p05=0.0, median=0.0, p95=0.0)
_FORECAST = Forecast(
    utilisation={},
    max_utilisation=_NOTHING,
    breached_services=_NOTHING,
    lost_bps=_NOTHING,
    service_breach_probability={},
    rollouts=1,
    seed=1,
)
_FIRST = SetIgpWeight(node="ATLAng", link="ATLAng--HSTNng", weight=11)
_SECOND = SetIgpWeight(node="DNVRng", link="DNVRng--KSCYng", weight=12)


def two_people() -> ApprovalPolicy:
    """The shipped policy, and every change needs two people."""
    policy = default_policy()
    second = SecondApprover(above_devices=0, above_services=0, above_moved_share=0.0)
    blast = policy.blast.model_copy(update={"max_services": 10_000, "max_moved_share": 1.0})
    asking = policy.approval.model_copy(update={"second_approver": second})
    return policy.model_copy(update={"approval": asking, "blast": blast})


@dataclass(frozen=True)
class Scene:
    """A state directory, with what can be done in it by people, by us, and by whoever attacks."""

    folder: Path

    @property
    def state(self) -> StateDirectory:
        """Its layout."""
        return StateDirectory(self.folder)

    @property
    def anchor_file(self) -> Path:
        """Beside the state directory, where whoever attacks cannot write."""
        return self.folder.with_name(f"{self.folder.name}.anchors.jsonl")

    def copy(self, folder: Path) -> "Scene":
        """Another one in the same state."""
        shutil.copytree(self.folder, folder)
        other = Scene(folder)
        if self.state.signing_key_file.exists():
            owner = self.state.signing_key_file.stat()
            os.chown(other.state.signing_key_file, owner.st_uid, owner.st_gid)
        if self.anchor_file.exists():
            shutil.copy(self.anchor_file, other.anchor_file)
        return other

    # What people and we do

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """The journal as a process of ours opens it."""
        with self.state.made_journal() as opened:
            yield opened

    def now_s(self) -> float:
        """The network's time."""
        with self._network() as network:
            return network.now_s()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        with self._network() as network:
            SimulatedClock(network).wait_until(network.now_s() + seconds)

    def plan(self, plan_id: str = ASKED) -> Plan:
        """A plan as the journal has it."""
        with self.state.read_only_journal() as journal:
            return journal.plan(plan_id)

    def approval(self, name: str, plan_id: str = ASKED, **other: Any) -> Approval:
        """What a person would answer, but for what is `other`."""
        plan = self.plan(plan_id)
        return Approval(
            plan_id=plan.id,
            plan_hash=plan.hash,
            decision="approve",
            by=Principal(name=name, provider=OS_USER),
            reason="looked at it",
            decided_s=self.now_s(),
        ).model_copy(update=other)

    def answer(self, *names: str, plan_id: str = ASKED, **other: Any) -> None:
        """People answer, as through any channel; who is refused has not answered."""
        for name in names:
            approval = self.approval(name, plan_id, **other)
            with self.journal() as journal:
                try:
                    journal.answer(approval)
                except NoctuaError:
                    continue
                Anchors(journal, self.anchor_file).note(approval.decided_s)

    def attempt(
        self, plan: Plan | None = None, controls: Controls = EVERY_CONTROL, *, anchored: bool = True
    ) -> str:
        """Have the actuator commit `plan` (what was asked about); what was said, "" if nothing."""
        try:
            wanted = plan or self.plan()
            with self._actuator(controls, anchored=anchored) as actuator:
                actuator.commit(wanted, ())
        except (NoctuaError, sqlite3.Error) as refusal:
            return str(refusal)
        return ""

    def commits(self) -> int:
        """How many commits the devices' own logs have."""
        file = NetworkFile(self.state.network_file(NETWORK), create=False)
        try:
            nodes = [node.id for node in file.identity().designed.topology.nodes]
            log = [record for node in nodes for record in file.commit_log(node)]
        finally:
            file.close()
        return sum(record.state is CommitState.COMMITTED for record in log)

    def refusing(self, plan: Plan | None = None) -> tuple[str, ...]:
        """Which controls would stop the commit, each asked by itself; ("open",) if none can be."""
        try:
            wanted = plan or self.plan()
            with self._network() as network, self.journal() as journal, _holding(journal, wanted):
                situation = Situation(_running(network), frozenset(), network.now_s())
                anchors, inventory = Anchors(journal, self.anchor_file), network.inventory()
                case = Examined(wanted, situation, journal, two_people(), inventory, NETWORK)
                checks = [c for c in EVERY_CONTROL.checks if _finds(c, journal, anchors)]
                rules = [rule for rule in EVERY_CONTROL.rules if _refuses(rule, case)]
                return tuple(control.__name__ for control in (*checks, *rules))
        except (NoctuaError, sqlite3.Error):
            return ("open",)

    @contextmanager
    def _network(self) -> Iterator[EmulatedNetwork]:
        with closing(EmulatedNetwork.open(self.state.network_file(NETWORK))) as network:
            yield network

    @contextmanager
    def _actuator(self, controls: Controls, *, anchored: bool = True) -> Iterator[Actuator]:
        with self._network() as network, self.journal() as journal:
            anchors = Anchors(journal, self.anchor_file if anchored else None)
            clock = SimulatedClock(network)
            with _holding(journal, None):
                yield Actuator(
                    network, journal, two_people(), clock, anchors=anchors, controls=controls
                )

    # What whoever attacks does

    def sql(self, *statements: str) -> None:
        """Write into the journal's file with another program, past its guards."""
        with closing(self.hands()) as file:
            for statement in statements:
                file.execute(statement)

    def hands(self) -> sqlite3.Connection:
        """A connection of another program; whoever asks for it closes it."""
        file = sqlite3.connect(self.state.journal_file, isolation_level=None)
        for guard in ("audit_is_not_altered", "audit_is_not_deleted"):
            file.execute(f"DROP TRIGGER IF EXISTS {guard}")
        return file

    def forge_answer(
        self, approval: Approval, signature: str = "", *, audited: bool = True
    ) -> None:
        """Put an answer beside the question, and where `audited` in the audit log, well chained."""
        text = approval.model_dump_json()
        with closing(self.hands()) as file:
            [[position]] = file.execute("SELECT count(*) + 1 FROM answers").fetchall()
            row = (approval.plan_id, position, approval.by.person, text, signature)
            file.execute("INSERT INTO answers VALUES (?, ?, ?, ?, ?)", row)
            if audited:
                data = approval.model_dump(mode="json")
                who = approval.by.name
                audit.append(file, approval.decided_s, who, "answer", approval.plan_id, data)

    def put_guards_back(self) -> None:
        """Make the schema what it was."""
        with closing(sqlite3.connect(self.state.journal_file, isolation_level=None)) as file:
            for name, when in (("altered", "UPDATE"), ("deleted", "DELETE")):
                file.execute(
                    f"CREATE TRIGGER audit_is_not_{name} BEFORE {when} ON audit\n"
                    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
                )

    def rechain(self) -> None:
        """Compute the audit log's hashes anew, as anybody can."""
        with closing(self.hands()) as file:
            previous = audit.GENESIS
            rows = file.execute(
                "SELECT time_s, actor, action, subject, data FROM audit ORDER BY seq"
            ).fetchall()
            file.execute("DELETE FROM audit")
            for time_s, actor, action, subject, data in rows:
                line = audit.append(file, time_s, actor, action, subject, json.loads(data))
                previous = line.hash
            assert previous != audit.GENESIS

    def reseal_with_another_key(self) -> None:
        """Seal all of it anew as we would, with a key of one's own, and leave our key in place."""
        elsewhere = self.folder / "another.key"
        with closing(self.hands()):
            pass
        self.put_guards_back()
        Journal.vouch(
            self.state.journal_file,
            Principal(name="mallory", provider=OS_USER),
            "it looks right",
            elsewhere,
        )


def build(folder: Path) -> Scene:
    """A network, and a journal in which one plan was carried out and another waits."""
    scene = Scene(folder)
    network = stage(Case(_QUIET, CaseTruth()), 1, scene.state.network_file(NETWORK), NETWORK)
    with closing(network), scene.journal() as journal:
        network_s = network.now_s()
        incident = Incident(
            id=INCIDENT,
            network=NETWORK,
            onset_s=network_s - 60,
            detected_s=network_s,
            severity=Severity.MAJOR,
            title="ATLAng--HSTNng is overloaded",
            symptoms=(),
        )
        journal.notifies_of = {"": frozenset({"opened", "escalated"})}
        journal.open_incident(incident, network_s, "0" * 32)
        other = incident.model_copy(update={"id": "lab-0001", "network": "lab"})
        journal.open_incident(other, network_s, "1" * 32)
        journal.append_audit(network_s, "monitor", "open", INCIDENT, {"title": incident.title})
        journal.add_event(INCIDENT, network_s, "detected", "monitor", incident.title)
        _ask(journal, network, DONE, _FIRST)
    scene.answer("erin", "omar", plan_id=DONE)
    with scene._actuator(EVERY_CONTROL) as actuator:
        actuator.commit(scene.plan(DONE), ())
        actuator.confirm(scene.plan(DONE), ())
    with scene._network() as network, scene.journal() as journal:
        _ask(journal, network, ASKED, _SECOND)
        _tell_the_rest(journal, network.now_s())
        Anchors(journal, scene.anchor_file).note(network.now_s())
    return scene


def older_copy(scene: Scene) -> None:
    """The journal is copied, goes on, and is put back; nothing else is."""
    kept = scene.folder / "kept.sqlite"
    shutil.copy(scene.state.journal_file, kept)
    scene.answer("ann", decision="reject")
    kept.replace(scene.state.journal_file)
    scene.answer("erin", "omar")


def older_copy_and_mark(scene: Scene) -> None:
    """As before, and the mark beside the key is put back too: the anchors lie elsewhere."""
    mark = mark_file(scene.state.signing_key_file)
    kept = scene.folder / "kept.mark"
    shutil.copy(mark, kept)
    older_copy(scene)
    kept.replace(mark)


def older_copy_without_mark(scene: Scene) -> None:
    older_copy(scene)
    mark_file(scene.state.signing_key_file).unlink()


def _ask(journal: Journal, network: EmulatedNetwork, plan_id: str, action: Action) -> None:
    now_s = network.now_s()
    plan = _plan(network, plan_id, (action,))
    journal.request_approval(plan, now_s, now_s + ASKED_FOR_S, approvers_needed=2)
    journal.add_event(INCIDENT, now_s, "asked", "gate", f"{plan_id} waits", {"plan": plan_id})


def _plan(network: EmulatedNetwork, plan_id: str, actions: Sequence[Action]) -> Plan:
    running, inventory = _running(network), network.inventory()
    steps = plan_steps(actions, running, inventory.intended, inventory.topology)
    return Plan(
        id=plan_id,
        incident_id=INCIDENT,
        attempt=1,
        purpose="mitigate",
        cause=(),
        actions=tuple(actions),
        steps=tuple(planned_step(plan_id, i, s, _FORECAST) for i, s in enumerate(steps)),
        way_back=(),
        temporary=False,
        forecast=_FORECAST,
        do_nothing=_FORECAST,
        blast_radius=blast_radius(inventory, running, steps[-1].after, ()),
        state_hash=state_hash(running, ()),
        created_s=network.now_s(),
        reason="it relieves the link",
        finished_by="playbook",
    )


def _running(network: EmulatedNetwork) -> NetworkConfiguration:
    nodes = network.inventory().topology.nodes
    return NetworkConfiguration(devices=tuple(network.running(node.id) for node in nodes))


_MAPPED = Mapped(rule="down", claims="adjacency_down", resource="ATLAng--HSTNng")

_CREW = Principal(name="a crew", provider=OS_USER)

_FORETOLD = Foretold(
    work=PlannedWork(id="CHG-0", links=(), starts_s=0.0, ends_s=1.0),
    busiest_s=0.0,
    beside=(),
    max_utilisation=0.5,
    egress="ATLAng|ATLAng--HSTNng",
    overloaded=(),
    in_breach=(),
)


_CAUSE = CommonCause(
    kind="place",
    links=("ATLAng--HSTNng", "ATLAng--IPLSng"),
    hints=(Hint(ticket="TT-1", quote="both were cut at the bridge"),),
)

_RISK = Risk(
    rank=1,
    what_if="link ATLAng-HSTNng down",
    elements=("link ATLAng--HSTNng",),
    per_year=0.1,
    per_year_range=Interval(p05=0.05, median=0.1, p95=0.2),
    hours=4.0,
    slo_minutes=10.0,
    slo_minutes_range=Interval(p05=5.0, median=10.0, p95=20.0),
    in_work=0.0,
    regimes=(),
    customers=(),
)


def _tell_the_rest(journal: Journal, now_s: float) -> None:
    """A row or two in every other table, so that each can be altered."""
    for number in (1, 2):
        journal.quarantine(
            Quarantine(network="lab", node=f"R{number}", since_s=now_s, reason="half a change")
        )
        journal.claim_devices(
            [
                Claim(
                    network="lab",
                    node=f"R{number}",
                    incident_id=INCIDENT,
                    plan_id=DONE,
                    since_s=now_s,
                )
            ]
        )
        order = Dispatch(
            id=f"order-{number}",
            incident_id=INCIDENT,
            place="Atlanta",
            links=("ATLAng--HSTNng",),
            text="look at the line card",
            requested_s=now_s,
        )
        journal.record_dispatch(order, "requested", now_s)
        journal.record_role_run(
            RoleRunRecord(
                incident_id=INCIDENT,
                role="diagnoser",
                started_s=now_s,
                ended_s=now_s,
                finished_by=f"mind {number}",
                data={"swaps": []},
            )
        )
        journal.take_lease(f"network:lab{number}", "a process", Since("this one", 0.0), 60.0)
        journal.charge(INCIDENT, f"role {number}", Charges(calls=number, cost=0.5))
        journal.put_artefact(INCIDENT, f"note {number}", {"minutes": number})
        journal.block(f"network:lab{number}", "no collector answers", now_s)
        journal.report_watch(
            WatchRecord(
                network=f"lab{number}",
                holder="a process",
                started_s=now_s,
                stepped_s=now_s,
                stepped_wall_s=now_s,
                steps=number,
                alarms=0,
                failures=0,
                trouble="",
            )
        )
    works = tuple(
        PlannedWork(id=f"CHG-{n}", links=("ATLAng--HSTNng",), starts_s=now_s, ends_s=now_s + 60.0)
        for n in (1, 2)
    )
    for work in works:
        journal.announce_work("lab", work, _CREW, "a new line card", now_s)
    journal.cancel_work("lab", works[1], _CREW, "not today", now_s)
    journal.put_foretold("lab", [_FORETOLD.model_copy(update={"work": work}) for work in works])
    reckoned = Reckoned(rates=Rates(), seed=1, at_s=now_s, code="abc")
    journal.put_risks("lab", [_RISK], reckoned, _CREW)
    journal.put_risks("annex", [_RISK], reckoned, _CREW)
    for network in ("lab", "annex"):
        journal.propose_causes(network, [_CAUSE], "playbook", _CREW, now_s)
        refresh = f"{network}-register-0001"
        journal.begin_refresh(
            RefreshRecord(
                id=refresh, network=network, asked="0", by=_CREW, trace_id="0", begun_s=now_s
            )
        )
    for name in ("erin", "omar"):
        journal.acknowledge(ASKED, Principal(name=name, provider=OS_USER), now_s)
        post = ChatPost(service="slack", key=name, incident_id=INCIDENT, place="C0", begun_wall_s=0)
        journal.begin_post(post)
        journal.receive_chat_event("slack", name, "{}", 0.0)
        labels = {"alertname": UntrustedText("down")}
        alert = Received(fingerprint=name, content=name, labels=labels)
        journal.take_alerts("lab", name, [(alert, _MAPPED)], 1.0, now_s)
    journal.add_event(INCIDENT, now_s, "escalated", "supervisor", "a person takes over")
    [change] = [c for c in journal.changes() if c.state is ChangeState.CONFIRMED][:1]
    journal.intend_changes(
        [
            change.model_copy(
                update={"action_id": "other", "change_id": "other", "state": ChangeState.INTENT}
            )
        ]
    )


def with_accounts(scene: Scene, folder: Path) -> Scene:
    """A copy of `scene` in which people have accounts, tokens and somebody who stands in."""
    peopled, root = scene.copy(folder), Principal(name="root", provider=OS_USER)
    with peopled.journal() as journal:
        for name in ("erin", "omar"):
            identity = Identity(provider=LOCAL, subject=name)
            account = Account(id=name, name=name, role="approver", identities=(identity,))
            journal.put_account(account, root, "account_added")
            journal.put_token(
                Token(
                    digest=name,
                    account=name,
                    identity=identity,
                    kind="api",
                    label="a script",
                    scopes=frozenset({"read"}),
                    made_wall_s=0.0,
                    expires_wall_s=1.0,
                ),
                root,
            )
        for giver, taker in (("erin", "omar"), ("omar", "erin")):
            journal.put_delegation(
                Delegation(
                    id=giver,
                    giver=giver,
                    to=taker,
                    begins_wall_s=0.0,
                    ends_wall_s=1.0,
                    reason="away",
                ),
                root,
            )
    return peopled


@contextmanager
def _holding(journal: Journal, plan: Plan | None) -> Iterator[None]:
    subject = incident_subject(plan.incident_id if plan else INCIDENT)
    since = Since(boot="this one", seconds=0.0)
    with journal.holding(journal.take_lease(subject, "here", since, ttl_s=3600.0)):
        yield


def _finds(check: Check, journal: Journal, anchors: Anchors) -> bool:
    try:
        return bool(check(journal, anchors))
    except (NoctuaError, sqlite3.Error):
        return True


def _refuses(rule: Rule, case: Examined) -> bool:
    try:
        rule(case)
    except NoctuaError:
        return True
    return False
