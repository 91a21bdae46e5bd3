"""What a format is: how it is recognised and read."""

from collections.abc import Callable
from dataclasses import dataclass

from twin.sources.parsed import ParsedNetwork


@dataclass(frozen=True, slots=True)
class Format:
    """One format of networks.

    `name`: as its users call it. `example`: a few lines that it reads, shown to whoever brought
    something else. `recognises`: whether a text is meant to be of this format, by its content; it
    never raises, and says no to what another format claims. `read`: the network in a text; the
    second argument is how errors call the source. It raises BadTopology for a text that breaks a
    rule of the format. `write`: the same network as a text of this format; None where it is only
    read.

    Texts come without a byte-order mark.
    """

    name: str
    example: str
    recognises: Callable[[str], bool]
    read: Callable[[str, str], ParsedNetwork]
    write: Callable[[ParsedNetwork], str] | None = None

    @property
    def short_name(self) -> str:
        """The first word of `name` in small letters, as people type it."""
        return self.name.split()[0].lower()
