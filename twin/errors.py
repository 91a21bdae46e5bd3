"""The errors that Noctua raises, as one tree.

NoctuaError                 anything a person should read instead of a traceback
├── BadInput                a file, name or argument is wrong (command line: exit code 2)
│   ├── BadTopology         a topology source breaks a rule of the reader
│   ├── UnknownNode / UnknownLink / UnknownSharedRiskGroup / UnknownService
│   ├── SeveralMeant        a name that several things have
│   ├── Ungrounded          an answer names what was not found, or what cannot be
│   └── BadCase             a scripted incident does not validate
├── NetworkError            the live network refused or did not answer
│   └── NetworkHeld         another process has it to itself
├── Refused                 a written rule of the gate forbids it
├── DeadlineExceeded        a computation was not finished in the time it was given
├── TrialFailed             a remedy could not be simulated
└── MindFailed              no mind could finish a role
"""

from collections.abc import Callable, Iterable
from difflib import get_close_matches

from twin.nouns.way import Way


class NoctuaError(Exception):
    """Base of every error that is meant for a person; its text names the thing and the remedy.

    `way`: what helps, where each channel calls it otherwise; as text, it is said as the command
    line does.
    """

    def __init__(self, message: str = "", *, way: Way | None = None) -> None:
        super().__init__(message)
        self.message, self.way = message, way

    def __str__(self) -> str:
        return self.said(Way.on_the_command_line)

    def said(self, words: Callable[[Way], str]) -> str:
        """The text with the way in the `words` of a channel, which leave out what they return ""
        for.
        """
        told = words(self.way) if self.way else ""
        return f"{self.message} ({told})" if told else self.message


def installing(*extras: str) -> str:
    """How what is missing is installed: pip takes it from the distribution that is here, whether
    that came from a clone or from a wheel, and asks no index for the distribution itself.
    """
    return f"pip install 'noctua-netops[{','.join(extras)}]'"


class BadInput(NoctuaError):
    """What was given cannot be used; nothing was changed."""


class BadTopology(BadInput):
    """A topology source breaks a rule; the text names the source, the element and the rule."""


class BadCase(BadInput):
    """A scripted incident file does not validate."""


class SeveralMeant(BadInput):
    """`text` is a name of several things, and `names` tell them apart."""

    def __init__(self, message: str, text: str, names: Iterable[str]) -> None:
        super().__init__(message)
        self.text, self.names = text, tuple(names)


class _Unknown(BadInput):
    noun = "thing"

    def __init__(self, name: str, known: Iterable[str] = (), where: str = "the topology") -> None:
        folded = {each.casefold(): each for each in known}
        near = [folded[each] for each in get_close_matches(name.casefold(), folded, n=1)]
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        super().__init__(f'{self.noun} "{name}" is not in {where}{hint}')
        self.name = name


class UnknownNode(_Unknown):
    """A node is named that the topology does not have."""

    noun = "node"


class UnknownLink(_Unknown):
    """A link is named that the topology does not have."""

    noun = "link"


class UnknownSharedRiskGroup(_Unknown):
    """A shared-risk group is named that the topology does not have."""

    noun = "shared-risk group"


class UnknownService(_Unknown):
    """A service is named that the inventory does not have."""

    noun = "service"


class Ungrounded(BadInput):
    """An answer names something that does not exist, was not tested, or cannot be."""


class NetworkError(NoctuaError):
    """The live network refused a request or did not answer in time."""


class NetworkHeld(NetworkError):
    """Another process has the network to itself."""


class Refused(NoctuaError):
    """A written rule forbids the request.

    `rule` is the rule's stable name, which also stands in the audit line.
    """

    rule = "refused"

    def __init__(self, message: str, *, rule: str | None = None, way: Way | None = None) -> None:
        super().__init__(message, way=way)
        if rule is not None:
            self.rule = rule


class DeadlineExceeded(NoctuaError):
    """A computation was not finished in the time it was given; what it had so far is not used."""


class TrialFailed(NoctuaError):
    """A remedy could not be simulated; the text says which and why."""


class MindFailed(NoctuaError):
    """No configured mind could finish a role within its budget."""
