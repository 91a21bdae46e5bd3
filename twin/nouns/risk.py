"""A line of the risk register."""

from pydantic import NonNegativeInt, PositiveInt

from twin.events.action import Action
from twin.nouns.base import Noun
from twin.nouns.forecast import Interval


class InRegime(Noun):
    """What a line does at one level of demand. `hit`: services that are in breach then and would
    not be without it, in order of id.
    """

    regime: str
    hit: tuple[str, ...]


class Mitigation(Noun):
    """The best remedy that was found, none where nothing helps. `effectiveness`: the share of the
    service-hours in breach, of all that the line hits, that it saves: 1 - mitigated / not.
    """

    actions: tuple[Action, ...]
    effectiveness: float


class Risk(Noun):
    """Things that are down together, how often that is to be expected, and what it costs.

    `what_if`: in the words of what-ifs. `elements`: what fails. `per_year`: how often it begins.
    `hours`: how long all of it is down, in the mean. `slo_minutes`: service-minutes in breach that
    it is expected to cost a year, beyond what its elements cost each by itself; of which `in_work`
    while one of them is down for planned work. `slo_minutes_range`: as rates may be. `regimes`: the
    least demand first. `customers`: of the services that are ever hit. `remedy`: None where none
    was tried.
    """

    rank: PositiveInt
    what_if: str
    elements: tuple[str, ...]
    per_year: Interval
    hours: float
    slo_minutes: float
    slo_minutes_range: Interval
    in_work: float
    regimes: tuple[InRegime, ...]
    customers: tuple[str, ...]
    remedy: Mitigation | None = None


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
