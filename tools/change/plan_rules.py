"""The gate's rules about the plan itself: what it may do, and what it would do to the network."""

from collections.abc import Callable

import networkx as nx
from pydantic import ValidationError

from tools.change.blast import require_stated
from tools.change.examined import Examined
from tools.change.refusals import (
    ActionNotAllowed,
    InQuarantine,
    ManagementPathLost,
    NotAPlan,
    NotInInventory,
    StaleState,
    StepsDiffer,
)
from twin.errors import BadInput
from twin.events.kinds import Limit
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.plan import Plan
from twin.nouns.state import is_usable, state_hash

Rule = Callable[[Examined], None]
"""Returns, or raises Refused."""


def schema(case: Examined) -> None:
    """The plan validates, and does not contradict itself."""
    plan = case.plan
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


def capability(case: Examined) -> None:
    """The policy allows every action for the plan's purpose."""
    plan, rules = case.plan, case.policy.actions
    for action in plan.actions:
        if action.kind not in rules.allowed(plan.purpose):
            raise ActionNotAllowed(
                f'plan "{plan.id}": the policy does not allow {action.kind} in a plan to '
                f"{plan.purpose} (actions.{plan.purpose} in the policy file)"
            )
        limit = action.limit()
        if limit is not None and limit.traffic_class in rules.protected_classes:
            raise ActionNotAllowed(
                f'plan "{plan.id}": the policy protects {limit.traffic_class} from '
                "rate limits (actions.protected_classes)"
            )


def inventory(case: Examined) -> None:
    """Everything that the plan names exists, and no limit takes too much of a link."""
    for action in case.plan.actions:
        try:
            action.check(case.inventory.topology)
        except BadInput as error:
            raise NotInInventory(f'plan "{case.plan.id}": {error}') from error
        limit = action.limit()
        if limit is not None:
            _require_bounded(case, limit)


def _require_bounded(case: Examined, limit: Limit) -> None:
    fraction = case.policy.actions.max_rate_limit_fraction
    least_bps = (1 - fraction) * case.inventory.topology.link(limit.link).capacity_bps
    if limit.rate_bps < least_bps:
        raise ActionNotAllowed(
            f'plan "{case.plan.id}": a limit of {limit.rate_bps / 1e9:.2f} Gbit/s on '
            f'"{limit.link}" takes more than {fraction:.0%} of the link away; at least '
            f"{least_bps / 1e9:.2f} Gbit/s must be left (actions.max_rate_limit_fraction)"
        )


def quarantine(case: Examined) -> None:
    """No device of the plan waits for a person."""
    held = {entry.node: entry for entry in case.journal.quarantined(case.network)}
    for step in case.plan.steps:
        if step.node in held:
            raise InQuarantine(
                f'plan "{case.plan.id}": "{step.node}" is in quarantine '
                f"({held[step.node].reason}); a person has to look at it and lift the quarantine"
            )


def fresh_state(case: Examined) -> None:
    """The network is in the state that the plan was made for."""
    now = state_hash(case.situation.running, case.steady_down)
    if case.plan.state_hash != now:
        raise StaleState(
            f'plan "{case.plan.id}" was made for another state of the network: a configuration or '
            "a link has changed since; a new plan has to be made"
        )


def steps(case: Examined) -> None:
    """The plan's commits are what its actions make of the running configuration."""
    meant = [(s.node, s.actions, s.diff) for s in case.steps]
    stated = [(s.node, s.actions, s.diff) for s in case.plan.steps]
    if meant != stated:
        raise StepsDiffer(
            f'plan "{case.plan.id}": its steps on {", ".join(s[0] for s in stated)} are not what '
            "its actions make of the running configuration; build them with `plan_steps`"
        )


def blast(case: Examined) -> None:
    """The plan touches no more than it says."""
    require_stated(case.plan, case.blast)


def management_path(case: Examined) -> None:
    """No step cuts nodes off from each other.

    What a fault has cut off already does not count: only what a step would cut off does.
    """
    before = _component_of(case, case.situation.running)
    for step in case.steps:
        after = _component_of(case, step.after)
        lost = sorted(n for n in before if after[n] != after[before[n]])
        if lost:
            raise ManagementPathLost(
                f'plan "{case.plan.id}": once "{step.node}" is committed, {", ".join(lost)} could '
                f'no longer be reached from "{before[lost[0]]}"; propose a change that leaves '
                "another path"
            )


def _component_of(case: Examined, running: NetworkConfiguration) -> dict[str, str]:
    """For each node, a fixed node of the connected part that it is in."""
    topology = case.inventory.topology
    # A link that comes and goes is no way that can be counted on.
    down = case.situation.down_links | case.plan.unsteady_links
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(topology.node_index)
    graph.add_edges_from(
        (link.a, link.b) for link in topology.links if is_usable(topology, running, down, link.id)
    )
    return {node: min(part) for part in nx.connected_components(graph) for node in part}
