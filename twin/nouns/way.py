"""What helps somebody who was refused, before any channel has put it into its own words."""

import shlex
from collections.abc import Mapping

Given = str | bool | tuple[str, ...]


class Way:
    """A verb, what it is done to, and what is given with it: `Way("reopen", "live-0001",
    reason="WHY")`.

    `verb`: as a command of the command line; "" is the one that was refused, which wants what is
    given. `given`: a text, several, or True for what is only said.
    """

    __slots__ = ("given", "to", "verb")

    def __init__(self, verb: str = "", /, *to: str, **given: Given) -> None:
        self.verb, self.to = verb, to
        self.given: Mapping[str, Given] = given

    def on_the_command_line(self) -> str:
        """As somebody types it there: `noctua reopen live-0001 --reason WHY`."""
        words = ["noctua", self.verb, *map(shlex.quote, self.to)] if self.verb else []
        for name, value in self.given.items():
            option = f"--{name.replace('_', '-')}"
            if value is True:
                words.append(option)
                continue
            for one in value if isinstance(value, tuple) else (value,):
                words += [option, shlex.quote(str(one))]
        return " ".join(words)
