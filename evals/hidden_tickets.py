"""Common causes that are taken out of a network or put into it, and the tickets that hint at them.

What two of them share was on record as groups of links, and is no more; the others are invented:
a feed of neighbouring sites, a version of software, a contractor's night. Nobody but the tickets
tells of any.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import yaml
from pydantic import Field

from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.common_cause import CauseKind
from twin.nouns.ticket import Ticket
from twin.nouns.topology import Link, SharedRiskGroup, Topology
from twin.nouns.untrusted import UntrustedText

DAY_S = 86_400.0
YEAR_S = 365.0 * DAY_S
FIRST_S = 1_767_225_600.0
"""2026-01-01."""

_MOST_MEMBERS = 5
_IN_PARTS = 0.4
"""The share of causes of which each ticket names one member."""

_TWICE = 0.5
"""The share of the others of which a second ticket tells."""


class Wordings(Noun):
    """`whole`: names all members. `part`: names one."""

    whole: tuple[str, ...]
    part: tuple[str, ...]


class Distractors(Noun):
    """Tickets of nothing shared, about links and about devices."""

    link: tuple[str, ...]
    node: tuple[str, ...]


class Language(Noun):
    """How tickets are worded, by kind of cause. `labels`: what people call causes."""

    labels: dict[CauseKind, tuple[str, ...]]
    causes: dict[CauseKind, Wordings]
    distractors: Distractors


class Spec(Noun):
    """What is measured. `distractors`: tickets beside those that hint at something."""

    networks: dict[str, tuple[str, ...]]
    seeds: tuple[int, ...] = Field(min_length=1)
    distractors: int
    tuning: Language
    held_out: Language
    hard: Language

    def language(self, wordings: str) -> Language:
        """One of the three."""
        return {"tuning": self.tuning, "held_out": self.held_out, "hard": self.hard}[wordings]


WORDINGS = ("tuning", "held_out", "hard")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A cause that is on no record. `members`: ids of links or devices."""

    kind: CauseKind
    label: str
    members: tuple[str, ...]


def spec() -> Spec:
    """As shipped."""
    text = files(__package__).joinpath("hidden_causes.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    for part in WORDINGS:
        language = data[part]
        data[part] = {
            "labels": language.pop("labels"),
            "distractors": language.pop("distractors"),
            "causes": language,
        }
    return Spec.model_validate(data)


def hide(
    topology: Topology, language: Language, numbers: np.random.Generator
) -> tuple[Topology, tuple[Hidden, ...]]:
    """`topology` without two of its groups, and five causes that are on no record of it."""
    taken = _two_groups(topology, numbers)
    left = tuple(g for g in topology.shared_risk_groups if g.id not in {t.id for t in taken})
    nodes = [node.id for node in topology.nodes]
    links = [link.id for link in topology.links]
    members: dict[CauseKind, Sequence[str]] = {
        "duct": taken[0].links,
        "place": taken[1].links,
        "power feed": _neighbours(topology, numbers),
        "software": _drawn(nodes, int(numbers.integers(3, 6)), numbers),
        "contractor": _drawn(links, int(numbers.integers(2, 4)), numbers),
    }
    hidden = tuple(
        Hidden(kind, _one(language.labels[kind], numbers), tuple(of))
        for kind, of in members.items()
    )
    return topology.rebuilt(shared_risk_groups=left), hidden


def _two_groups(topology: Topology, numbers: np.random.Generator) -> list[SharedRiskGroup]:
    """Groups whose links no other group holds together. Raises BadInput: there are none."""
    groups = topology.shared_risk_groups
    alone = [
        group
        for group in groups
        if 2 <= len(group.links) <= _MOST_MEMBERS
        and not any(set(group.links) <= set(other.links) for other in groups if other is not group)
    ]
    if len(alone) < 2:
        raise BadInput(f"{topology.name} has less than two groups of links to hide")
    order = numbers.permutation(len(alone))
    return [alone[i] for i in order[:2]]


def _neighbours(topology: Topology, numbers: np.random.Generator) -> list[str]:
    """Two or three devices at sites that lie near each other."""
    sites = {site.id: site for site in topology.sites}
    start = topology.nodes[int(numbers.integers(len(topology.nodes)))]
    others = [node for node in topology.nodes if node.site != start.site]
    others.sort(key=lambda node: sites[start.site].km_to(sites[node.site]))
    return [start.id, *(node.id for node in others[: int(numbers.integers(1, 3))])]


def tickets_about(
    topology: Topology,
    hidden: Sequence[Hidden],
    language: Language,
    distractors: int,
    numbers: np.random.Generator,
) -> tuple[Ticket, ...]:
    """Tickets of a year that hint at `hidden`, and others of nothing shared; in order of time."""
    writer = _Writer(topology, language, numbers)
    texts = [one for cause in hidden for one in writer.about(cause)]
    texts += [writer.distractor(hidden) for _ in range(distractors)]
    # The same firm works elsewhere, months later.
    texts += [writer.echo(cause) for cause in hidden if cause.kind == "contractor"]
    texts.sort()
    return tuple(
        Ticket(f"TT-{number:04d}", at_s, UntrustedText(text))
        for number, (at_s, text) in enumerate(texts, start=1)
    )


_Text = tuple[float, str]


class _Writer:
    def __init__(
        self, topology: Topology, language: Language, numbers: np.random.Generator
    ) -> None:
        self._topology, self._language, self._numbers = topology, language, numbers

    def about(self, cause: Hidden) -> list[_Text]:
        wordings, at_s = self._language.causes[cause.kind], self._moment()
        if self._numbers.random() < _IN_PARTS:
            # One night for what happens once; a duct is cut, and a defect strikes, at any time.
            once = cause.kind in ("power feed", "contractor")
            return [
                (
                    at_s + 1800.0 * i if once else self._moment(),
                    self._filled(_one(wordings.part, self._numbers), cause, (member,)),
                )
                for i, member in enumerate(cause.members)
            ]
        count = 2 if self._numbers.random() < _TWICE else 1
        chosen = _drawn(wordings.whole, count, self._numbers)
        return [
            (at_s + 3600.0 * i, self._filled(text, cause, self._shuffled(cause.members)))
            for i, text in enumerate(chosen)
        ]

    def echo(self, cause: Hidden) -> _Text:
        others = [x.id for x in self._topology.links if x.id not in cause.members]
        text = _one(self._language.causes[cause.kind].part, self._numbers)
        return FIRST_S - 60.0 * DAY_S, self._filled(text, cause, (_one(others, self._numbers),))

    def distractor(self, hidden: Sequence[Hidden]) -> _Text:
        known = self._language.distractors
        of_links = self._numbers.random() < len(known.link) / (len(known.link) + len(known.node))
        text = _one(known.link if of_links else known.node, self._numbers)
        things = [x.id for x in (self._topology.links if of_links else self._topology.nodes)]
        other, another = (self._written(thing) for thing in _drawn(things, 2, self._numbers))
        filled = text.format(
            other=other,
            another=another,
            # What is called so has to do with something else.
            label=hidden[int(self._numbers.integers(len(hidden)))].label,
            time=self._clock(),
            time_later=self._clock(),
        )
        return self._moment(), filled

    def _filled(self, text: str, cause: Hidden, members: Sequence[str]) -> str:
        written = [self._written(member) for member in members]
        return text.format(
            members=self._list(written),
            member=written[0],
            first=written[0],
            rest=self._list(written[1:]),
            label=cause.label,
            count=len(members),
            time=self._clock(),
        )

    def _list(self, written: Sequence[str]) -> str:
        style = int(self._numbers.integers(4))
        if style == 0:
            return ", ".join(written)
        last = (" and ", " & ", ", and " if len(written) > 2 else " and ")[style - 1]
        return last.join(filter(None, (", ".join(written[:-1]), *written[-1:])))

    def _written(self, thing: str) -> str:
        if thing in self._topology.link_index:
            return self._link(self._topology.link(thing))
        style = int(self._numbers.integers(5))
        return (thing, thing, thing, thing.upper(), _bare(thing))[style]

    def _link(self, link: Link) -> str:
        a, b = link.a, link.b
        beside = sum(1 for x in self._topology.links if {x.a, x.b} == {a, b})
        if beside > 1:
            return link.id
        ends = (a, b) if self._numbers.random() < 0.7 else (b, a)
        style = int(self._numbers.integers(7))
        marks = (None, "-", "-", " - ", "–", "/", " to ")
        mark = marks[style]
        text = link.id if mark is None else mark.join(ends)
        return _bare(text) if self._numbers.random() < 0.2 else text

    def _shuffled(self, members: Sequence[str]) -> list[str]:
        return [members[i] for i in self._numbers.permutation(len(members))]

    def _moment(self) -> float:
        return FIRST_S + YEAR_S * float(self._numbers.random())

    def _clock(self) -> str:
        minutes = int(self._numbers.integers(24 * 60))
        return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _bare(text: str) -> str:
    """Without accents, as of somebody whose keyboard has none."""
    apart = unicodedata.normalize("NFD", text)
    return "".join(c for c in apart if not unicodedata.combining(c))


def _one(of: Sequence[str], numbers: np.random.Generator) -> str:
    return of[int(numbers.integers(len(of)))]


def _drawn(of: Sequence[str], count: int, numbers: np.random.Generator) -> list[str]:
    return [of[i] for i in numbers.choice(len(of), size=count, replace=False)]
