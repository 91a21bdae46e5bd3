"""What people wrote about trouble and work."""

from dataclasses import dataclass

from twin.nouns.untrusted import UntrustedText


@dataclass(frozen=True, slots=True)
class Ticket:
    """A trouble ticket or a work notice. `time_s`: when it was opened, or the work begins, Unix
    seconds.
    """

    id: str
    time_s: float
    text: UntrustedText
