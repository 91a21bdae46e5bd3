"""A line of the register once more, of a network as it is now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from twin.errors import BadInput
from twin.imagination.counterfactuals import mitigation_of
from twin.imagination.elements import Element, elements_of
from twin.imagination.enumeration import Enumerated, Members, one_set
from twin.imagination.hardening import hardened
from twin.imagination.hardening_effects import HardeningTask, Known, effects, options_named
from twin.imagination.prevention import LEVELS, prevention_of
from twin.imagination.regimes import Regime, regimes_of
from twin.imagination.register import line_of
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import History, Rates
from twin.nouns.risk import Hardened, Hardening, HardeningCosts, Prevention, Risk
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin


@dataclass(frozen=True)
class Reckoning:
    """`state`: as the network is, with the demand of its peak. The rest is as the lines were
    reckoned.
    """

    twin: Twin
    state: NetworkState
    rates: Rates
    history: History
    seed: int
    causes: tuple[CommonCause, ...] = ()

    def again(self, line: Risk) -> Risk:
        """`line` as it is now; its rank stays.

        Raises:
            BadInput: an element of it is not built any more.
        """
        found = self._found(line)
        remedy = mitigation_of(self.twin, self.state, found, found.sets[0], self.seed)
        tried = {"remedy": remedy, "hardened": self._hardened(line)}
        return self._line(found, line.rank).model_copy(update=tried)

    def cost(self, line: Risk) -> Risk:
        """As `again`, without a remedy."""
        return self._line(self._found(line), line.rank)

    def _hardened(self, line: Risk) -> tuple[Hardened, ...] | None:
        """What the changes that were told of `line` save now."""
        if line.hardened is None:
            return None
        known = Known(self.rates, self.history, self.causes, tuple(self._regimes))
        options = options_named(self.state, known, [one.what for one in line.hardened])
        tasks = [HardeningTask(self.state, one, known, (line.elements,)) for one in options]
        return effects(options, [task.play(self.twin, lambda: None) for task in tasks])[0]

    def _found(self, line: Risk) -> Enumerated:
        members = self._members(line)
        return one_set(self.twin, self.state, self._elements, self._regimes, members)

    def _line(self, found: Enumerated, rank: int) -> Risk:
        services = self.twin.services.services
        return line_of(found, found.sets[0], rank, services, self.seed)

    def prevention(
        self,
        line: Risk,
        lines: Sequence[Risk],
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Prevention:
        """What can be changed now so that `line` costs less, and `lines` together do not cost more.

        Raises:
            BadInput: an element of it is not built any more.
        """
        place = self._place
        others = [self._members(x) for x in lines if place.keys() >= set(x.elements)]
        return prevention_of(
            self.twin,
            self.state,
            self._elements,
            regimes_of(self.twin.inventory.profile, LEVELS),
            self._members(line),
            others,
            progress,
        )

    def to_build(self, line: Risk, costs: HardeningCosts) -> Hardening | None:
        """The one change of what is built that takes most of `line` away for its cost, if any.

        Raises:
            BadInput: an element of it is not built any more.
        """
        found = self._found(line)
        picked = hardened(
            self.twin,
            self.state,
            found,
            self.rates,
            1,
            costs.model_copy(update={"weight": None}),
            self.history,
            causes=self.causes,
        )
        return picked[0] if picked else None

    def _members(self, line: Risk) -> Members:
        missing = [name for name in line.elements if name not in self._place]
        if missing:
            named = ", ".join(missing)
            raise BadInput(f"{named}: not in {self.state.topology.name} any more")
        return tuple(sorted(self._place[name] for name in line.elements))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {element.name: i for i, element in enumerate(self._elements)}

    @cached_property
    def _elements(self) -> tuple[Element, ...]:
        return elements_of(self.state.topology, self.rates, self.history, self.causes)

    @cached_property
    def _regimes(self) -> tuple[Regime, ...]:
        return regimes_of(self.twin.inventory.profile)
