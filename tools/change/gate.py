"""The gate: written rules in a fixed order. It chooses nothing; the first broken rule ends it.

The order: schema, capability, inventory, quarantine, fresh state, steps, blast bound, management
path, approval. Every refusal is a class of its own and leaves a line in the audit log; so does
passing. A further rule (change window, lease, fencing) is one more method in `Gate._rules`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import networkx as nx
from pydantic import ValidationError

from tools.change.blast import blast_radius, is_usable
from tools.change.policy import ApprovalPolicy
from tools.change.refusals import (
    ActionNotAllowed,
    ApprovalExpired,
    ApprovalUsed,
    BlastTooLarge,
    EditedAfterApproval,
    InQuarantine,
    ManagementPathLost,
    NotAPlan,
    NotApproved,
    NotInInventory,
    RejectedByPerson,
    StaleState,
    StepsDiffer,
)
from tools.change.steps import DeviceStep, plan_steps
from tools.journal.errors import UnknownPlan
from tools.journal.journal import Journal
from twin.errors import BadInput, Refused
from twin.nouns.action import Action, RateLimit, RestoreDevice, devices_of
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.nouns.plan import Plan
from twin.nouns.state import state_hash

ACTOR = "gate"

Rule = Callable[[Plan, "Situation"], None]


@dataclass(frozen=True, slots=True)
class Situation:
    """The network as it is now: what every device runs, and which links are down."""

    running: NetworkConfiguration
    down_links: frozenset[str]
    now_s: float


@dataclass(frozen=True, slots=True)
class Gate:
    """The rules of one network's policy, over its inventory and the journal's approvals."""

    journal: Journal
    policy: ApprovalPolicy
    inventory: Inventory
    network: str

    def check(self, plan: Plan, situation: Situation) -> tuple[DeviceStep, ...]:
        """The commits that `plan` stands for, if no rule forbids it; either way an audit line.

        Raises:
            Refused: one of `tools.change.refusals`, by the first rule that is broken.
        """
        try:
            for rule in self._rules():
                rule(plan, situation)
        except Refused as refusal:
            self._audit(plan, situation.now_s, "refuse", rule=refusal.rule, message=str(refusal))
            raise
        self._audit(plan, situation.now_s, "pass")
        return self.steps(plan, situation)

    def rehearse(self, plan: Plan, situation: Situation) -> None:
        """Every rule but the approval, so that nobody is asked about what would be refused anyway.

        Raises:
            Refused: as `check`; nothing is audited, since nothing was attempted.
        """
        for rule in self._rules():
            if rule != self._approval:
                rule(plan, situation)

    def steps(self, plan: Plan, situation: Situation) -> tuple[DeviceStep, ...]:
        """What the plan's actions make of the configuration that is running now."""
        return plan_steps(
            plan.actions, situation.running, self.inventory.intended, self.inventory.topology
        )

    def _audit(self, plan: Plan, time_s: float, action: str, **data: str) -> None:
        subject = str(plan.id)
        self.journal.append_audit(time_s, ACTOR, action, subject, dict(data))

    def _rules(self) -> tuple[Rule, ...]:
        return (
            self._schema,
            self._capability,
            self._inventory,
            self._quarantine,
            self._fresh_state,
            self._steps,
            self._blast,
            self._management_path,
            self._approval,
        )

    def _schema(self, plan: Plan, situation: Situation) -> None:
        try:
            again = Plan.model_validate(plan.model_dump(mode="json", warnings=False))
        except (ValidationError, ValueError) as error:
            raise NotAPlan(f'plan "{plan.id}" does not validate: {error}') from error
        if again != plan:
            raise NotAPlan(f'plan "{plan.id}" reads back with other content; it was built by hand')
        if not plan.steps:
            raise NotAPlan(f'plan "{plan.id}" has no steps; doing nothing needs no commit')
        for what, names in (
            ("commits a device", [step.node for step in plan.steps]),
            ("uses an action id", [step.action_id for step in plan.steps]),
        ):
            if len(set(names)) < len(names):
                raise NotAPlan(f'plan "{plan.id}" {what} twice; fold its actions with `plan_steps`')

    def _capability(self, plan: Plan, situation: Situation) -> None:
        rules = self.policy.actions
        for action in plan.actions:
            if action.kind not in rules.allowed(plan.purpose):
                raise ActionNotAllowed(
                    f'plan "{plan.id}": the policy does not allow {action.kind} in a plan to '
                    f"{plan.purpose} (actions.{plan.purpose} in the policy file)"
                )
            if isinstance(action, RateLimit) and action.traffic_class in rules.protected_classes:
                raise ActionNotAllowed(
                    f'plan "{plan.id}": the policy protects {action.traffic_class} from '
                    "rate limits (actions.protected_classes)"
                )

    def _inventory(self, plan: Plan, situation: Situation) -> None:
        for action in plan.actions:
            try:
                _require_names(self.inventory, action)
            except BadInput as error:
                raise NotInInventory(f'plan "{plan.id}": {error}') from error
            if isinstance(action, RateLimit):
                self._require_bounded_limit(plan, action)

    def _require_bounded_limit(self, plan: Plan, action: RateLimit) -> None:
        fraction = self.policy.actions.max_rate_limit_fraction
        least_bps = (1 - fraction) * self.inventory.topology.link(action.link).capacity_bps
        if action.rate_bps < least_bps:
            raise ActionNotAllowed(
                f'plan "{plan.id}": a limit of {action.rate_bps / 1e9:.2f} Gbit/s on '
                f'"{action.link}" takes more than {fraction:.0%} of the link away; at least '
                f"{least_bps / 1e9:.2f} Gbit/s must be left (actions.max_rate_limit_fraction)"
            )

    def _quarantine(self, plan: Plan, situation: Situation) -> None:
        held = {entry.node: entry for entry in self.journal.quarantined(self.network)}
        for step in plan.steps:
            if step.node in held:
                raise InQuarantine(
                    f'plan "{plan.id}": "{step.node}" is in quarantine ({held[step.node].reason}); '
                    "a person has to look at it and lift the quarantine"
                )

    def _fresh_state(self, plan: Plan, situation: Situation) -> None:
        if plan.state_hash != state_hash(situation.running, situation.down_links):
            raise StaleState(
                f'plan "{plan.id}" was made for another state of the network: a configuration or a '
                "link has changed since; a new plan has to be made"
            )

    def _steps(self, plan: Plan, situation: Situation) -> None:
        meant = [(s.node, s.actions, s.diff) for s in self.steps(plan, situation)]
        stated = [(s.node, s.actions, s.diff) for s in plan.steps]
        if meant != stated:
            raise StepsDiffer(
                f'plan "{plan.id}": its steps on {", ".join(s[0] for s in stated)} are not what '
                "its actions make of the running configuration; build them with `plan_steps`"
            )

    def _blast(self, plan: Plan, situation: Situation) -> None:
        after = self.steps(plan, situation)[-1].after
        found = blast_radius(self.inventory, situation.running, after, situation.down_links)
        rules, total_bps = self.policy.blast, float(self.inventory.peak_traffic.rates_bps.sum())
        share = found.moved_bps / total_bps if total_bps else 0.0
        for key, value, bound in (
            ("max_devices", len(found.devices), rules.max_devices),
            ("max_services", len(found.services), rules.max_services),
            ("max_moved_share", share, rules.max_moved_share),
        ):
            if value > bound:
                raise BlastTooLarge(
                    f'plan "{plan.id}" touches too much: {key} is {bound:g} in the policy and '
                    f"{value:.3g} here (blast.{key}); propose a smaller change"
                )

    def _management_path(self, plan: Plan, situation: Situation) -> None:
        """What a fault has cut off already does not count: only what a step would cut off does."""
        before = self._component_of(situation.running, situation.down_links)
        for step in self.steps(plan, situation):
            after = self._component_of(step.after, situation.down_links)
            lost = sorted(n for n in before if after[n] != after[before[n]])
            if lost:
                raise ManagementPathLost(
                    f'plan "{plan.id}": once "{step.node}" is committed, {", ".join(lost)} could '
                    f'no longer be reached from "{before[lost[0]]}"'
                )

    def _component_of(self, running: NetworkConfiguration, down: frozenset[str]) -> dict[str, str]:
        """For each node, a fixed node of the connected part that it is in."""
        topology = self.inventory.topology
        graph: nx.Graph[str] = nx.Graph()
        graph.add_nodes_from(topology.node_index)
        graph.add_edges_from(
            (link.a, link.b)
            for link in topology.links
            if is_usable(topology, running, down, link.id)
        )
        return {node: min(part) for part in nx.connected_components(graph) for node in part}

    def _approval(self, plan: Plan, situation: Situation) -> None:
        """Reads the row in the journal: never the value with which somebody resumed a graph."""
        try:
            request = self.journal.approval_request(plan.id, situation.now_s)
        except UnknownPlan as error:
            raise NotApproved(f'plan "{plan.id}": nobody was asked about it') from error
        approval = request.approval
        if approval is None:
            raise NotApproved(f'plan "{plan.id}": nobody has answered yet ({request.state})')
        if approval.decision != "approve":
            raise RejectedByPerson(
                f'plan "{plan.id}" was rejected by {approval.by}: {approval.reason}'
            )
        if approval.plan_hash != plan.hash:
            raise EditedAfterApproval(
                f'plan "{plan.id}" was edited after {approval.by} had approved it (approved '
                f"{approval.plan_hash[:12]}, now {plan.hash[:12]}); ask again under a new id"
            )
        if situation.now_s > request.expires_s:
            raise ApprovalExpired(
                f'plan "{plan.id}": the approval expired '
                f"{situation.now_s - request.expires_s:.0f} s ago; a new plan has to be made for "
                "the state as it is now"
            )
        if request.used_s is not None:
            raise used_twice(plan)


def _require_names(inventory: Inventory, action: Action) -> None:
    topology = inventory.topology
    for node in devices_of(action, topology):
        links = [link.id for link in topology.links_at(node)]
        if isinstance(action, RestoreDevice):
            found = [interface.link for interface in action.configuration.interfaces]
            if found != links:
                raise BadInput(f'the recorded configuration of "{node}" has interfaces {found}')
        elif hasattr(action, "link"):
            inventory.intended.device(node).interface(action.link)


def used_twice(plan: Plan) -> ApprovalUsed:
    """The refusal of an approval that has carried an attempt already."""
    return ApprovalUsed(
        f'plan "{plan.id}": its approval was used before; a new attempt is a new plan with a new '
        "approval"
    )
