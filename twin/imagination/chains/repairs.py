"""Repairs do not hold, or hit something else."""

from collections.abc import Collection, Iterable
from typing import ClassVar

import numpy as np

from twin.events.faults.link_down import LinkDown
from twin.imagination.chains.mechanism import Moment
from twin.nouns.chain import Happening


class Repairs:
    """Where the field has something to repair: what has failed is down as long once more, or the
    crew takes down another link that ends where it works.
    """

    name: ClassVar[str] = "repair goes wrong"
    memoryless: ClassVar[bool] = False

    def follows(self, moment: Moment, numbers: np.random.Generator) -> Iterable[Happening]:
        """See Mechanism: decided when what is to be repaired begins."""
        for place in moment.began:
            happening = moment.happenings[place]
            fault, until_s = happening.fault, happening.until_s
            if fault is None or until_s is None or not self._needs_crew(moment, happening):
                continue
            fails, hits = numbers.random(2) < (moment.rates.repair_fails, moment.rates.wrong_link)
            if fails:
                again = Happening(
                    at_s=until_s,
                    until_s=2 * until_s - happening.at_s,
                    fault=fault,
                    mechanism=self.name,
                    why="the repair did not hold",
                )
                yield moment.follow(place, again)
            circuits = fault.complete(moment.now.state.topology).circuits()
            near = _beside(moment, circuits)
            if hits and near:
                hit = Happening(
                    at_s=max(happening.at_s, until_s - moment.rates.wrong_link_s),
                    until_s=until_s,
                    fault=LinkDown(link=near[int(numbers.integers(len(near)))]),
                    mechanism=self.name,
                    why="the crew took the wrong link",
                )
                yield moment.follow(place, hit)

    def _needs_crew(self, moment: Moment, happening: Happening) -> bool:
        """Whether the field has it to repair, at first or once more."""
        fault = happening.fault
        assert fault is not None  # nobody repairs an action
        again = happening.cause is not None and moment.happenings[happening.cause].fault == fault
        if happening.mechanism and not (happening.mechanism == self.name and again):
            return False
        return bool(fault.complete(moment.now.state.topology).circuits())


def _beside(moment: Moment, circuits: Collection[str]) -> list[str]:
    """Links that are up and end where one of `circuits` does."""
    state = moment.now.state
    ends = {end for x in circuits for end in (state.topology.link(x).a, state.topology.link(x).b)}
    return [
        link.id
        for link in state.topology.links
        if {link.a, link.b} & ends and link.id not in circuits and state.is_usable(link.id)
    ]
