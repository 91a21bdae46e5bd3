"""What people found to be the cause of an incident."""

from twin.nouns.base import Noun
from twin.nouns.principal import Principal


class Finding(Noun):
    """What `by` found to be the cause, beside what had been diagnosed.

    `said`: in the person's words. `faults`: ids (kind@resource) where it is a fault of the
    catalogue, none where it is another one or unknown. `resources`: what is named of the topology.
    `verdict`, `diagnosed`: of the diagnosis, "" and none where none was made; ids of its faults.
    """

    by: Principal
    found_s: float
    said: str
    faults: tuple[str, ...]
    resources: tuple[str, ...]
    verdict: str
    diagnosed: tuple[str, ...]

    @property
    def agrees(self) -> bool | None:
        """Whether the diagnosis had named it; None where what was found cannot be compared."""
        if not self.faults or not self.verdict:
            return None
        return set(self.faults) == set(self.diagnosed)

    @property
    def cause(self) -> str:
        """Kinds and resources where they are known, as of a diagnosis; else the person's words."""
        return " & ".join(self.faults) or self.said
