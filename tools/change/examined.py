"""What the gate looks at: a plan, the network as it is now, and what the one makes of the other."""

from dataclasses import dataclass
from functools import cached_property

from tools.change.blast import larger
from tools.change.policy import ApprovalPolicy
from tools.change.rerouted import rerouted
from tools.journal.journal import Journal
from twin.nouns.condition import Condition
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.nouns.plan import BlastRadius, Plan
from twin.remedies.blast import blast_radius
from twin.remedies.steps import DeviceStep, plan_steps


@dataclass(frozen=True, slots=True)
class Situation:
    """The network as it is now: what every device runs, and which links are down though no end is
    shut.

    `clock_doubt`: why `now_s` may be wrong, "" if nothing speaks against it. `conditions`: what is
    wrong with the watch itself.
    """

    running: NetworkConfiguration
    down_links: frozenset[str]
    now_s: float
    clock_doubt: str = ""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Examined:
    """A plan before the rules. What is computed is computed once."""

    plan: Plan
    situation: Situation
    journal: Journal
    policy: ApprovalPolicy
    inventory: Inventory
    network: str

    @cached_property
    def steps(self) -> tuple[DeviceStep, ...]:
        """What the plan's actions make of the configuration that is running now."""
        return plan_steps(
            self.plan.actions,
            self.situation.running,
            self.inventory.intended,
            self.inventory.topology,
        )

    @property
    def after(self) -> NetworkConfiguration:
        """The running configuration with every action applied."""
        return self.steps[-1].after if self.steps else self.situation.running

    @property
    def steady_down(self) -> frozenset[str]:
        """Links that are down, without those that come and go by the plan's cause."""
        return self.situation.down_links - self.plan.unsteady_links

    @cached_property
    def blast(self) -> BlastRadius:
        """What the plan touches, counted two ways; not what it says itself.

        Raises:
            BlastDisagrees: the two ways contradict each other.
        """
        before, down = self.situation.running, self.steady_down
        bound = blast_radius(self.inventory, before, self.after, down)
        return larger(self.plan.id, bound, rerouted(self.inventory, before, self.after, down))

    @property
    def peak_bps(self) -> float:
        """All traffic at peak."""
        return float(self.inventory.peak_traffic.rates_bps.sum())
