"""How often a scenario is to be expected, where its parts have rates.

The first event comes by its own rate; each further one by its rate and the time in which all that
is still down when it strikes is down together: independent parts by rate and unavailability. What
several things have in common is one event with a rate of its own, and never the product of its
members. Conditions count by their share of the year. What somebody wants, and kinds that no rate is
known of, have none.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from twin.events.kinds import FaultKind, PhrasedKind
from twin.forecasting import DEFAULT_UNCERTAINTY, Uncertainty
from twin.imagination.elements import Element
from twin.nouns.rates import HOURS_A_YEAR
from twin.nouns.risk_scenario import DAY_S, Conditions, RiskScenario

PLAUSIBLE_PER_YEAR = 1e-3
"""Once in a thousand years; what is rarer is no plausible scenario (assumed, for users to set)."""

_HOURS_A_DAY = 24.0


class Likelihood:
    """Asked of many scenarios of one network. `uncertainty`: of all demand together."""

    def __init__(
        self, elements: Sequence[Element], uncertainty: Uncertainty = DEFAULT_UNCERTAINTY
    ) -> None:
        self._of: Mapping[FaultKind, Element] = {
            fault.bare(): one for one in elements for fault in one.faults
        }
        self._of_several: Mapping[frozenset[PhrasedKind], Element] = {
            frozenset(event.bare() for event in one.event): one
            for one in elements
            if len(one.event) > 1
        }
        self._sigma = uncertainty.common_sigma

    def element(self, fault: FaultKind) -> Element | None:
        """What fails by it, None where no rate is known."""
        return self._of.get(fault.bare())

    def per_year(self, scenario: RiskScenario) -> float | None:
        """How often a year it begins, None where that is not known."""
        share = self._share(scenario.conditions)
        if scenario.adversary is not None or share is None:
            return None
        often = share
        for i, after_s, element in self._strikes(scenario):
            if element is None:
                return None
            often *= element.per_year
            if i:
                often *= _together_h(scenario, i, after_s) / HOURS_A_YEAR
        return often

    def _strikes(self, scenario: RiskScenario) -> Iterator[tuple[int, int, Element | None]]:
        """How many events there are before, when it strikes, and what: what several things share is
        one.
        """
        i = 0
        for after_s, together in groupby(scenario.events, key=lambda event: event.after_s):
            faults = [event.fault for event in together]
            shared = self._of_several.get(frozenset(fault.bare() for fault in faults))
            if shared is not None:
                yield i, after_s, shared
            else:
                yield from ((i + k, after_s, self.element(f)) for k, f in enumerate(faults))
            i += len(faults)

    def _share(self, conditions: Conditions) -> float | None:
        """Of all hours, those in which the conditions hold."""
        if conditions.surge is not None:
            return None
        share = self._share_of_demand(conditions.demand) / _HOURS_A_DAY
        for work in conditions.in_work:
            element = self.element(work.fault)
            if element is None or element.work is None:
                return None
            share *= element.share_in_work
        return share

    def _share_of_demand(self, factor: float) -> float:
        """Of all days, those on which demand is as far from what is expected, or farther."""
        if factor == 1.0:
            return 1.0
        if self._sigma == 0.0:
            return 0.0
        return 0.5 * math.erfc(abs(math.log(factor)) / (self._sigma * math.sqrt(2.0)))


def _together_h(scenario: RiskScenario, events: int, now_s: int) -> float:
    """For how many hours what is in force at `now_s`, of the first `events` and of what was under
    way, is in force together, a day if nothing is.
    """
    until = [(0, one.until_s) for one in scenario.conditions.under_way]
    until += [(event.after_s, event.until_s) for event in scenario.events[:events]]
    held = [(b, DAY_S if end is None else end) for b, end in until if end is None or end > now_s]
    if not held:
        return _HOURS_A_DAY
    return (min(end for _, end in held) - max(begin for begin, _ in held)) / 3600.0
