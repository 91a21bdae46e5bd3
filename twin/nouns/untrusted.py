"""Text that the network, a customer or a chat sent: data, never an instruction."""

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UntrustedText:
    """A string from outside. It is not a `str`, so that it cannot slip into a prompt or a command.

    Use `quoted()` where a person reads it, and `raw` only to parse it.
    """

    raw: str

    def quoted(self, limit: int = 200) -> str:
        """The text on one line, control characters removed, cut at `limit`, inside «»."""
        printable = "".join(
            " " if c.isspace() else c for c in self.raw if c.isspace() or _is_printable(c)
        )
        cut = printable if len(printable) <= limit else printable[: limit - 1] + "…"
        return f"«{cut.replace('«', '<').replace('»', '>')}»"


def _is_printable(character: str) -> bool:
    return unicodedata.category(character)[0] != "C"
