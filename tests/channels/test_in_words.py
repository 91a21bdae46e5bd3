"""What is counted in words is in the singular where there is one."""

import re
from pathlib import Path

import pytest

from tests.channels.conftest import INCIDENT, PLAN, noctua
from twin.nouns.counted import counted

SHOWN = (
    ("incidents",),
    ("networks",),
    ("show", INCIDENT),
    ("handover",),
    ("report", INCIDENT, "--out", "-", "--format", "md"),
    ("report", INCIDENT, "--out", "-", "--format", "html"),
    ("report", INCIDENT, "--out", "-", "--format", "json"),
    ("doctor",),
    ("drift",),
    ("audit", "verify"),
    ("audit", "export"),
    ("prune", "--dry-run"),
    ("alerts",),
    ("work", "list"),
    ("graph", "stats"),
    ("graph", "similar", INCIDENT),
    ("risks", "list"),
    ("ask", "what waits for approval?"),
    ("ask", "which incidents are open?"),
    ("ask", f"why was {PLAN} proposed?"),
    ("ask", "what would happen if Fulda-Kassel fails?"),
    ("ask", "what was decided?"),
    ("what-if", "link Fulda-Kassel down", "--on", "live"),
    ("sweep", "live", "--top", "3"),
    ("approve", INCIDENT, "--by", "erin", "--reason", "looks right"),
    ("show", INCIDENT),
    ("handover",),
)
"""Commands, in order, of which the last approve the plan and look again."""

_ONE_OF_MANY = re.compile(r"(?<![\w.,:/+×x-])1 ([a-z]+s)\b")
_ENDS_SO = {"s", "ms", "is", "was", "has", "as", "its", "this"}


def _odd(text: str) -> list[str]:
    found = _ONE_OF_MANY.finditer(text)
    return [
        text[max(0, m.start() - 40) : m.end() + 20]
        for m in found
        if not (m[1] in _ENDS_SO or m[1].endswith("ss"))
    ]


def test_one_is_singular_and_thousands_have_their_comma() -> None:
    assert [counted(n, "link") for n in (0, 1, 2, 1234)] == [
        "0 links",
        "1 link",
        "2 links",
        "1,234 links",
    ]
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(2.5, "entry", "entries") == "2.5 entries"
    assert _odd("1 alarms in 11 symptoms; 0.1 services; 1 ms; 1 class") == [
        "1 alarms in 11 symptoms; 0.1"
    ]


@pytest.mark.slow
def test_nothing_that_is_shown_of_an_incident_says_one_of_many(state: Path) -> None:
    shown, odd = 0, dict[tuple[str, ...], list[str]]()
    for command in SHOWN:
        code, output, error = noctua(state, *command)
        assert code in (0, 1), (command, error)
        shown += bool(output)
        odd[command] = _odd(output + error)
    assert {command: found for command, found in odd.items() if found} == {}
    assert shown > 20
