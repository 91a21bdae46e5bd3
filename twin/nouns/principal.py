"""Who answers for a decision, and how that is known."""

from twin.nouns.base import Noun

OS_USER = "os-user"
"""The operating system says under which user the command ran."""

FLAG = "flag"
"""The one at the command line named somebody, and nothing has checked it."""

AUTOMATIC = "automatic"
"""No person looked."""

UNRECORDED = "unrecorded"
"""Written down before ways of signing in were."""


class Principal(Noun):
    """A person, or what acts in place of one.

    `name`: by which the provider knows it. `provider`: the way of signing in, one of the above or
    an identity provider's name.
    """

    name: str
    provider: str
