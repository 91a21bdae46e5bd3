"""The network as it is now, as faults and nodes ask about it."""

import math

from graphs.desk import Desk
from twin.nouns.topology import Interface


class Live:
    """See LiveNetwork."""

    def __init__(self, desk: Desk) -> None:
        self._tracker = desk.situation.tracker
        self.running = desk.situation.network.running

    @property
    def down_links(self) -> frozenset[str]:
        """See LiveNetwork."""
        return self._tracker.down_links

    def is_active(self, symptom_id: str) -> bool:
        """See LiveNetwork."""
        return self._tracker.book.is_active(symptom_id)

    def is_late(self, link: str) -> bool:
        """See LiveNetwork."""
        return link in self._tracker.links.late

    def up_for_s(self, link: str) -> float:
        """See LiveNetwork."""
        back = self._tracker.adjacencies.returns(link)
        return self._tracker.now_s - back[-1].time_s if back else math.inf

    def is_short(self, link: str) -> bool:
        """See LiveNetwork."""
        known = self._tracker.topology.link(link)
        ends = (Interface(node=node, link=link) for node in (known.a, known.b))
        drops = any(self.is_active(f"queue_drops:{end}") for end in ends)
        return drops or link in self._tracker.links.short

    def drawn(self, node: str) -> float | None:
        """See LiveNetwork."""
        return self._tracker.demand.latest_ratio(node)

    def is_idle(self, egress: str) -> bool:
        """Whether "node|link" carries nothing, so that it cannot show whether it still loses."""
        return self._tracker.is_idle(egress)

    def is_relieved(self, egress: str) -> bool:
        """Whether it is idle, or drained, so that it soon will be."""
        named = Interface.parse(egress)
        known = self._tracker.inventory.topology.link(named.link)
        ends = (self.running(node).interface(named.link) for node in (known.a, known.b))
        return self.is_idle(egress) or any(end.drained for end in ends)
