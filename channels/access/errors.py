"""Why somebody is not let in, or not let do something.

Refused
├── NotSignedIn   not_signed_in  nobody here is proved to be who asks
└── NotPermitted  not_permitted  who asks is known, and may not do that
"""

from twin.errors import Refused


class NotSignedIn(Refused):
    """Nobody here is proved to be who asks."""

    rule = "not_signed_in"


class NotPermitted(Refused):
    """Who asks is known, and may not do that."""

    rule = "not_permitted"
