"""A line of the risk register."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from twin.events.action import Action
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.base import Noun, content_hash
from twin.nouns.common_cause import CommonCause
from twin.nouns.forecast import Interval
from twin.nouns.principal import Principal
from twin.nouns.rates import History, Rates


class InRegime(Noun):
    """What a line does at one level of demand. `hit`: services that are in breach then, and that no
    part of it hits by itself, in order of id.
    """

    regime: str
    hit: tuple[str, ...]


class Mitigation(Noun):
    """The best remedy that was found, none where nothing helps. `effectiveness`: the share of the
    service-hours in breach, of all that the line hits, that it saves: 1 - mitigated / not.
    """

    actions: tuple[Action, ...]
    effectiveness: float


class Hardened(Noun):
    """With `what`, one change of what is built or configured, `effectiveness` is the share of the
    service-minutes a year, of all that the line hits, that it saves: 1 - hardened / not.
    """

    what: str
    effectiveness: float


LONGEST_SAID = 240
"""Characters of a what-if that people read in a table: a version of software is on many devices."""


class Risk(Noun):
    """Things that are down together, how often that is to be expected, and what it costs.

    `what_if`: in the words of what-ifs. `elements`: what fails. `per_year`: how often it begins, in
    the mean. `hours`: how long all of it is down then, likewise. `slo_minutes`: service-minutes in
    breach that it is expected to cost a year, beyond what its elements cost each by itself; of
    which `in_work` while one of them is down for planned work. `slo_minutes_range`: as rates may
    be. `regimes`: the least demand first. `customers`: of the services that are ever hit.
    `remedy`: None where none was tried. `hardened`: by each of the changes that save most, None
    where none was tried.
    """

    rank: PositiveInt
    what_if: str
    elements: tuple[str, ...]
    per_year: float
    per_year_range: Interval
    hours: float
    slo_minutes: float
    slo_minutes_range: Interval
    in_work: float
    regimes: tuple[InRegime, ...]
    customers: tuple[str, ...]
    remedy: Mitigation | None = None
    # A line that was kept before it existed keeps its bytes.
    hardened: tuple[Hardened, ...] | None = Field(
        default=None, exclude_if=lambda changes: changes is None
    )

    @property
    def id(self) -> str:
        """The same for the same elements, whatever they cost."""
        return f"R-{content_hash({'elements': sorted(self.elements)})[:8]}"

    @property
    def best_change(self) -> Hardened | None:
        """Of what is built or configured, that which saves most, None where nothing does."""
        return self.hardened[0] if self.hardened else None

    @property
    def fails(self) -> str:
        """`what_if`, or what fails by its names, where `what_if` is too long to be read."""
        if len(self.what_if) <= LONGEST_SAID:
            return self.what_if
        return "; ".join(f"{element} down" for element in self.elements)


class Stress(Noun):
    """Things that fail at once because somebody wants them to, so that it has no rate.

    `in_breach`: services, over all hours, while all of it is down, beyond what is otherwise. The
    rest is as in `Risk`, but that `regimes` have all services that are hit.
    """

    rank: PositiveInt
    what_if: str
    elements: tuple[str, ...]
    in_breach: float
    regimes: tuple[InRegime, ...]
    remedy: Mitigation


class Searched(Noun):
    """A day that `generator` found beside what is enumerated. `scenario`: in the words of
    scenarios. `slo_minutes`: service-minutes in breach that day, and `slo_minutes_left` with
    `actions`, the best remedy that was found. `hit`: services, in order of id. `per_year`: how
    often it begins, None where that is not known.
    """

    rank: PositiveInt
    scenario: str
    generator: str
    slo_minutes: float
    slo_minutes_left: float
    actions: tuple[Action, ...]
    hit: tuple[str, ...]
    per_year: float | None


class ServiceAvailability(Noun):
    """Of all hours, those in which `service` is outside its objective: `usual`ly, and because of
    failures of one, of two and of more elements at once. `by_more_error`: the standard error of the
    last, which is drawn. `promised`: of all hours, those in which it may not be.
    """

    service: str
    customer: str
    promised: float
    usual: float
    by_one: float
    by_two: float
    by_more: float
    by_more_error: float

    @property
    def in_breach(self) -> float:
        """All of it."""
        return self.usual + self.by_one + self.by_two + self.by_more

    @property
    def expected(self) -> float:
        """Of all hours, those in which it keeps its objective."""
        return 1.0 - self.in_breach


class Prevention(Noun):
    """Changes to be made before a line strikes, none where none helps: what it costs a year before
    and after them, and what everything does that was looked at.
    """

    actions: tuple[SetIgpWeight, ...]
    slo_minutes: float
    slo_minutes_left: float
    everything: float
    everything_left: float


class HardeningCosts(Noun):
    """What changes cost, in units of the user's: one more member of a link, a way of its own for a
    link that shares a group, a second feed for what one feed takes down, and a weight, None where
    weights are not sought.
    """

    member: float = Field(default=1.0, gt=0, le=1e6)
    way: float = Field(default=5.0, gt=0, le=1e6)
    # As shipped it is left out, so that what was kept before it existed keeps its bytes.
    feed: float = Field(default=10.0, gt=0, le=1e6, exclude_if=lambda cost: bool(cost == 10.0))
    weight: float | None = Field(
        default=0.5, gt=0, le=1e6, exclude_if=lambda cost: bool(cost == 0.5)
    )


class Hardening(Noun):
    """One change of what is built. `spent`: with all before it. `slo_minutes_left`: a year, of all
    that was looked at, and the share of what it was before the first.
    """

    what: str
    cost: float
    spent: float
    slo_minutes_left: float
    share_left: float


RiskState = Literal["open", "accepted", "wanted", "mitigated", "closed"]
"""`wanted`: people want it mitigated, and nothing has come of that yet."""


class Reckoned(Noun):
    """How a register was reckoned: with it, a line can be reckoned again. `at_s`: of the network's
    clock. `code`: its version. `causes`: that were counted as shared by several links or devices.
    `refresh`: that reckoned it, "" for one that an earlier version made.
    """

    rates: Rates
    history: History = History()
    seed: int
    at_s: float
    code: str
    causes: tuple[CommonCause, ...] = Field(default=(), exclude_if=lambda causes: not causes)
    refresh: str = Field(default="", exclude_if=lambda name: not name)


class RiskRecord(Noun):
    """A line of a network's register, as it was last reckoned, and what people say of it.

    `first_s`: when it first was a line. `gone_s`: since when it is none any more, None while it
    is. `decided_by`, `reason`: of `state`, and `decided_slo_minutes` what it cost a year then.
    `review_s`: when that is to be looked at again. `work_order`: what is to be built against it,
    "" where nobody asked.
    """

    network: str
    id: str
    risk: Risk
    reckoned: Reckoned
    first_s: float
    gone_s: float | None = None
    state: RiskState = "open"
    decided_by: Principal | None = None
    decided_slo_minutes: float = 0.0
    reason: str = ""
    review_s: float | None = None
    owner: str = ""
    work_order: str = ""


class RiskChanges(Noun):
    """What a refresh of the register changed, by id. `reopened`: costs far more than was accepted,
    or is a line again after it was closed. `since_s`: of the register before, None where there was
    none.
    """

    since_s: float | None
    new: tuple[str, ...]
    gone: tuple[str, ...]
    reopened: tuple[str, ...]


class Covered(Noun):
    """What was looked at. `looked_at`: sets of elements. `slo_minutes`: expected a year, of all of
    them. `lines_share`: of that, what the lines of the register hold. `left_slo_minutes`: of what
    was not looked at, at most. `never`: services that no set looked at hits.
    """

    looked_at: NonNegativeInt
    slo_minutes: float
    lines_share: float
    left_slo_minutes: float
    never: tuple[str, ...]
