"""Whether a question is in another language than the one that is read."""

import re

_GERMAN = frozenset(
    re.findall(
        r"\w+",
        """
        aber alles auf aus bei bis bitte dann das dem den der des doch ein eine einen einer euch
        fuer für gibt hab habe haben hat ich ihr im ist kann kannst kein keine können mal mich mir
        mit muss nach nicht nix noch nur ob oder schon seit sich sie sind soll sollen über und uns
        viel vom von wann warum weg welche welchen welcher wenn wer werden wie wieder wieso wieviel
        wir wird wo zu zum zur zwischen
        """,
    )
)
"""Words of German that are none of English."""

_FEWEST = 2
_SHARE = 0.2


def is_german(text: str) -> bool:
    """Whether at least two words, and one in five, are such as only German has."""
    words = re.findall(r"[^\W\d_]+", text.casefold())
    known = [word for word in words if word in _GERMAN]
    return len(known) >= _FEWEST and len(known) >= _SHARE * len(words)
