"""Work on links that was announced."""

from pydantic import Field

from twin.nouns.base import Noun


class PlannedWork(Noun):
    """Announced work: `links` may go down, be drained or be reconfigured between the two times.

    Times are Unix seconds, UTC. `contractor`: whose crew does it, "" where nobody says.
    """

    id: str
    links: tuple[str, ...]
    starts_s: float
    ends_s: float
    contractor: str = Field(default="", exclude_if=lambda name: not name)

    def covers_time(self, at_s: float) -> bool:
        """Whether the work is announced for that time."""
        return self.starts_s <= at_s <= self.ends_s

    def covers(self, link: str, at_s: float, early_s: float = 0.0, late_s: float = 0.0) -> bool:
        """Whether `link` is announced at that time, or so much before or after."""
        return link in self.links and self.starts_s - early_s <= at_s <= self.ends_s + late_s
