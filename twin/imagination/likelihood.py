"""How often a scenario is to be expected, where its parts have rates.

The first event comes by its own rate; each further one by its rate and the time in which all that
is still down when it strikes is down together: independent parts by rate and unavailability. What
several things have in common is one event with a rate of its own, and never the product of its
members: links that go down together have the rate of what takes down just these. Conditions count
by their share of the year. What somebody wants, and kinds that no rate is known of, have none.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from twin.events.fault import AnyFault
from twin.events.faults.fiber_cut import FiberCut
from twin.events.kinds import FaultKind, PhrasedKind
from twin.forecasting import DEFAULT_UNCERTAINTY, Uncertainty
from twin.imagination.drawn_rates import DRAWS, drawn_factors, interval_of
from twin.imagination.elements import Element
from twin.nouns.how_often import Factor, HowOften
from twin.nouns.rates import HOURS_A_YEAR
from twin.nouns.risk_scenario import DAY_S, Conditions, RiskScenario

PLAUSIBLE_PER_YEAR = 1e-3
"""Once in a thousand years; what is rarer is no plausible scenario (assumed, for users to set)."""

_HOURS_A_DAY = 24.0


@dataclass(frozen=True, slots=True)
class _Counted:
    """A factor of how often; `element`: whose rate it is, None for a share of all hours."""

    what: str
    value: float
    element: Element | None = None

    @property
    def told(self) -> Factor:
        unit = "of all hours" if self.element is None else "a year"
        return Factor.model_validate({"what": self.what, "value": self.value, "unit": unit})


class _NoRate(Exception):
    """No rate is known, for this reason."""


class Likelihood:
    """Asked of many scenarios of one network. `uncertainty`: of all demand together."""

    def __init__(
        self, elements: Sequence[Element], uncertainty: Uncertainty = DEFAULT_UNCERTAINTY
    ) -> None:
        self._elements = elements
        self._of: Mapping[FaultKind, Element] = {
            fault.bare(): one for one in elements for fault in one.faults
        }
        self._of_several: Mapping[frozenset[PhrasedKind], Element] = {
            frozenset(event.bare() for event in one.event): one
            for one in elements
            if len(one.event) > 1
        }
        # What work takes down on purpose is a link or a device, and shared by nothing.
        self._of_links: Mapping[frozenset[str], Element] = {
            one.links: one for one in reversed(elements) if one.work is None
        }
        self._sigma = uncertainty.common_sigma

    def element(self, fault: FaultKind) -> Element | None:
        """What fails by it, None where no rate is known."""
        found = self._of.get(fault.bare())
        if found is None and isinstance(fault, FiberCut) and not fault.duct:
            return self._of_links.get(frozenset(fault.links))
        return found

    def per_year(self, scenario: RiskScenario) -> float | None:
        """How often a year it begins, None where that is not known."""
        try:
            return math.prod(one.value for one in self._counted(scenario))
        except _NoRate:
            return None

    def how_often(self, scenario: RiskScenario, seed: int = 1) -> HowOften:
        """The same with all that goes into it, and how surely it is known: of the rates, of which
        each kind is drawn once from its gamma distribution, with `seed`; what is a share is taken
        as known.
        """
        try:
            counted = list(self._counted(scenario))
        except _NoRate as why:
            return HowOften(why_not=str(why))
        factors, drawn = drawn_factors(self._elements, seed), np.ones(DRAWS)
        for one in counted:
            parts = one.element.parts if one.element else ()
            rates = (part.per_year * factors[part.kind] for part in parts)
            drawn = drawn * (sum(rates) if parts else one.value)
        return HowOften(
            factors=tuple(one.told for one in counted),
            per_year=math.prod(one.value for one in counted),
            likely=interval_of(drawn),
        )

    def _counted(self, scenario: RiskScenario) -> Iterator[_Counted]:
        """All factors. Raises _NoRate."""
        if scenario.adversary is not None:
            raise _NoRate("somebody wants it")
        yield from self._shares(scenario.conditions)
        for i, after_s, fault, element in self._strikes(scenario):
            if element is None:
                raise _NoRate(_why_none(fault))
            kinds = " + ".join(f"{part.kind} {part.per_year:.3g}" for part in element.parts)
            yield _Counted(f"{element.name} fails ({kinds})", element.per_year, element)
            if i:
                together_h = _together_h(scenario, i, after_s)
                yield _Counted(
                    f"while what is down has been, {together_h:.3g} h of {HOURS_A_YEAR:,.0f}",
                    together_h / HOURS_A_YEAR,
                )

    def _strikes(
        self, scenario: RiskScenario
    ) -> Iterator[tuple[int, int, AnyFault, Element | None]]:
        """How many events there are before, when it strikes, and what; what several things share is
        one, of which the first is named.
        """
        i = 0
        for after_s, together in groupby(scenario.events, key=lambda event: event.after_s):
            faults = [event.fault for event in together]
            shared = self._of_several.get(frozenset(fault.bare() for fault in faults))
            if shared is not None:
                yield i, after_s, faults[0], shared
            else:
                yield from ((i + k, after_s, f, self.element(f)) for k, f in enumerate(faults))
            i += len(faults)

    def _shares(self, conditions: Conditions) -> Iterator[_Counted]:
        """Of all hours, those in which each of the conditions holds. Raises _NoRate."""
        if conditions.surge is not None:
            raise _NoRate(_why_none(conditions.surge.fault))
        yield _Counted(
            f"at {conditions.minute // 60:02d}:{conditions.minute % 60:02d}, one hour of the day",
            1.0 / _HOURS_A_DAY,
        )
        if conditions.demand != 1.0:
            share = self._share_of_demand(conditions.demand)
            yield _Counted(
                f"demand x{conditions.demand:g}, or farther from what is expected", share
            )
        for work in conditions.in_work:
            element = self.element(work.fault)
            if element is None or element.work is None:
                raise _NoRate(f'no work is planned on "{work.fault.phrase()}"')
            yield _Counted(
                f"{element.name} in work, {element.work.per_year:g} times a year for "
                f"{element.work.hours:g} h",
                element.share_in_work,
            )

    def _share_of_demand(self, factor: float) -> float:
        """Of all days, those on which demand is as far from what is expected, or farther."""
        if factor == 1.0:
            return 1.0
        if self._sigma == 0.0:
            return 0.0
        return 0.5 * math.erfc(abs(math.log(factor)) / (self._sigma * math.sqrt(2.0)))


def _why_none(fault: AnyFault) -> str:
    if isinstance(fault, FiberCut) and not fault.duct:
        return f'nothing on record takes down just these: "{fault.phrase()}"'
    return f'none is known of "{fault.phrase()}"'


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
