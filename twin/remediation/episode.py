"""An evening that is played: one choice a quarter of an hour, and what the quarter has cost."""

from twin.nouns.configuration import NetworkConfiguration
from twin.remediation.differing import Differing
from twin.remediation.evening import Evening
from twin.remediation.situation import Situation
from twin.remedies.objective import (
    DEVICE_WEIGHT,
    STEP_S,
    Outlook,
    devices_touched,
    expected_cost,
)
from twin.remedies.search import RemedySearch

QUARTER = Outlook.at(1.0, STEP_S / 3600.0)
"""The hours that one quarter's cost is of."""


class Episode:
    """An evening in play. `situation`: before the choice of the quarter. `quarter`: counted from 0;
    `ended`: all is repaired, or no more quarter counts. `stake`: what waiting is expected to cost
    at the beginning, in service-hours.
    """

    def __init__(self, evening: Evening) -> None:
        self.evening = evening
        self.quarter = 0
        self.situation = evening.situation(0, evening.twin.inventory.intended)
        self.stake = self.situation.waiting

    @property
    def ended(self) -> bool:
        """See Episode."""
        return self.quarter >= self.evening.quarters

    def take(self, number: int) -> float:
        """Make the choice, and go on to the next quarter; what this one has cost, in service-hours.

        With the last quarter all that was changed is taken back, and each device is paid for again.

        Raises:
            Refused: the choice is not allowed here.
        """
        before = self.situation
        running = before.running_after(number)
        touched = len(devices_touched(before.action(number), before.state.topology))
        self.quarter += 1
        if self.ended:
            meant = self.evening.twin.inventory.intended
            touched += Differing.between(before.twin.compiled, running, meant).devices
        else:
            self.situation = self.evening.situation(self.quarter, running)
        return quarter_cost(before, running, touched)


def quarter_cost(situation: Situation, running: NetworkConfiguration, devices: int) -> float:
    """What one quarter with the demand of `situation` costs where devices run `running`."""
    state = situation.state.configured(running)
    if situation.priced == "services":
        return expected_cost(situation.twin, state, QUARTER, devices=devices).total
    return RemedySearch(situation.twin, state, QUARTER).nothing.cost + DEVICE_WEIGHT * devices
