"""Who answers for a decision, and how that is known."""

import unicodedata
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from twin.nouns.base import Noun

OS_USER = "os-user"
"""The operating system says under which user the command ran."""

FLAG = "flag"
"""The one at the command line named somebody, and nothing has checked it."""

AUTOMATIC = "automatic"
"""No person looked."""

UNRECORDED = "unrecorded"
"""Written down before ways of signing in were."""

LOCAL = "local"
"""An account of the state directory's own, with a password."""

SINGLE_USER = "single user"
"""The role of whoever answers where nobody has an account."""

COMMAND_LINE = "command line"
HTTP = "http"
"""Channels through which somebody acts."""

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


IfAny = Annotated[str, Field(exclude_if=lambda value: not value)]
"""The type of a text that JSON leaves out while it is empty; its default is ""."""


class Principal(Noun):
    """A person, or what acts in place of one.

    `name`: by which the provider knows it. `provider`: the way of signing in, one of the above or
    the issuer of an identity. `subject`, `tenant`: what the provider calls it for good, whatever
    its name is. `account`: the person's account here, "" where nobody has one. `role`: in which it
    acted; `channel`: through which. `on_behalf_of`: the account of whoever has delegated it.
    """

    name: str
    provider: str
    subject: IfAny = ""
    tenant: IfAny = ""
    account: IfAny = ""
    role: IfAny = ""
    channel: IfAny = ""
    on_behalf_of: IfAny = ""

    @property
    def person(self) -> str:
        """One person however the name is typed, and however they signed in."""
        return visible(self.account or self.name)

    @property
    def people(self) -> frozenset[str]:
        """The person, and whoever it acts for: none of them answers once more."""
        return frozenset({self.person, visible(self.on_behalf_of)} - {""})

    @property
    def stated(self) -> dict[str, str]:
        """All but the name, as far as it is known: what a line of the audit log says besides."""
        return {key: value for key, value in self.model_dump().items() if value and key != "name"}

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


def different_people(principals: Iterable[Principal]) -> tuple[Principal, ...]:
    """Those of whom none is, or acts for, somebody who came before; in order."""
    seen, different = set[str](), list[Principal]()
    for principal in principals:
        if not seen & principal.people:
            different.append(principal)
        seen |= principal.people
    return tuple(different)
