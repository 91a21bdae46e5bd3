"""Who answers for a decision, and how that is known."""

import unicodedata

from twin.nouns.base import Noun

OS_USER = "os-user"
"""The operating system says under which user the command ran."""

FLAG = "flag"
"""The one at the command line named somebody, and nothing has checked it."""

AUTOMATIC = "automatic"
"""No person looked."""

UNRECORDED = "unrecorded"
"""Written down before ways of signing in were."""


LONGEST_NAME = 128
"""Characters; a longer one is no name that somebody signs with."""

OURS = frozenset(
    {
        "noctua", "playbook", "watch", "gate", "actuator", "monitor", "diagnoser", "reader",
        "imaginer", "simulator", "supervisor", "remediator", "conversation", "recovery",
        "foresight",
    }
)  # fmt: skip
"""What acts under these names in journal and audit log is no person."""


def visible(text: str) -> str:
    """`text` as a reader takes it for the same: compatible forms made one, without blanks and
    characters that show nothing, in one case."""
    shown = unicodedata.normalize("NFKC", text)
    kept = "".join(c for c in shown if unicodedata.category(c)[0] not in "ZC")
    return unicodedata.normalize("NFKC", kept.casefold())


class Principal(Noun):
    """A person, or what acts in place of one.

    `name`: by which the provider knows it. `provider`: the way of signing in, one of the above or
    an identity provider's name.
    """

    name: str
    provider: str

    @property
    def person(self) -> str:
        """One person however the name is typed, and however they signed in."""
        return visible(self.name)

    @property
    def objection(self) -> str:
        """Why nobody can answer for a decision under this name; "" where somebody can."""
        if not self.person:
            return "the name is blank"
        if len(self.name) > LONGEST_NAME:
            return f"the name has {len(self.name)} characters, more than {LONGEST_NAME}"
        if self.provider != AUTOMATIC and self.person in OURS:
            return f'"{self.person}" acts for Noctua itself'
        return ""
