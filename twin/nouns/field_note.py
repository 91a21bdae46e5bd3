"""What the field says while it works."""

from typing import Literal

from pydantic import Field

from twin.nouns.base import IfGiven, Noun

Found = Literal["loose", "damage", "defect"]
"""`loose`: something is to be put back in place. `damage`: fibre or cable is to be joined.
`defect`: a part is to be replaced.
"""


_WHAT: dict[Found, str] = {
    "loose": "something to be put back in place",
    "damage": "damage to be joined",
    "defect": "a part to be replaced",
}


class FieldNote(Noun):
    """A word of a crew about its order, which came at `time_s` (Unix seconds).

    `found`: what is wrong, once somebody is there. `waits`: a part has to come first.
    `remaining_s`: how much longer it takes, as the crew says; people who say so are late, hopeful,
    and sometimes wrong.
    """

    time_s: float
    found: IfGiven[Found] = None
    waits: bool = False
    remaining_s: IfGiven[float] = Field(default=None, gt=0)

    def describe(self) -> str:
        """In words."""
        said = [f"found {_WHAT[self.found]}"] if self.found else []
        said += ["waits for a part"] if self.waits else []
        if self.remaining_s is not None:
            said.append(f"says that it takes {self.remaining_s / 3600.0:.1f} h more")
        return "; ".join(said)
