"""What-ifs as a person writes them: "link A-B down; weight C-D 20".

    link LINK down            both directions fail
    link LINK up              a link that was down comes back; "node NODE up" and "group GROUP up"
                              are all of its links
    node NODE down            every link at the node fails
    power at NODE down        every device at the site of NODE fails
    group GROUP down          every link of the shared-risk group fails; also "group LINK down"
    weight LINK N             the end that LINK names first is configured with weight N
    weight LINK from NODE N   the same for the end at NODE
    weight LINK N both ways   both ends
    drain LINK                both ends advertise the highest weight; "undrain LINK" takes it back
    drain node NODE           the same for every link at the node; "undrain node NODE" as well
    link LINK add 100G        another capacity; also "to 200G", "members 2", "at 50 %"
    add link A-B 100G         a link is built; "weight N" may follow
    node NAME at A, B         a node is built, with links to A and B; "with 100G" may follow

Every kind of event says its forms (`PhrasedKind.forms`), and `_WORDS` what else people write for a
word of them. Phrases are separated by ";" or by lines, and by "," or "and" where that does not
stand in a name; names are listed likewise, as in "links A-B and C-D down". What is built may be
named by the phrases after it. `twin.events.names` says how things are named.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import Generic, TypeVar

from twin.errors import BadInput, SeveralMeant, UnknownLink, UnknownNode, UnknownSharedRiskGroup
from twin.events.kinds import BuildKind, PhrasedKind
from twin.events.names import find_all, find_ends, find_group, find_link, find_node, parts_of
from twin.events.what_if import EVENT_KINDS, Event, WhatIf
from twin.nouns.topology import Topology

K = TypeVar("K", bound=PhrasedKind)

Kinds = tuple[type[K], ...]
"""The kinds whose forms are read."""

_SLOTS: Mapping[str, str] = {
    "LINK": r".+?",
    "NODE": r".+?",
    "NODES": r".+?",
    "GROUP": r".+?",
    "ENDS": r".+?",
    "NEW": r".+?",
    "NUMBER": r"\S+",
    "RATE": r"\d\S*(?: [A-Za-z/]+)?",
    "SHARE": r"\d\S*(?: ?%| per ?cent)?",
    "TIME": r"\d\S*(?: (?:\d+ )?[A-Za-z]+)*?",
    "TIMES": r"(?:(?:by )?[x×] ?\d\S*|\d\S* ?times)",
    "COUNT": r"\d\S*(?: [A-Za-z/]+)*?",
    "BYTES": r"\d\S*(?: (?:k?B|bytes?))?",
    "CLASS": r"(?:voice|business|best[ _-]effort)",
    "LINKS": r".+?",
    "CHANGE": r".+?",
}
"""What can be named in a form, as regular expressions."""

_LISTED = {"LINK": "NODE", "NODE": "LINK", "GROUP": "LINK"}
"""Slots that may hold several names, of which each is an event of its own."""

_EXAMPLES = {
    "LINK": "A-B", "NODE": "A", "NODES": "A, B", "GROUP": "G", "ENDS": "A-B", "NEW": "NEW",
    "NUMBER": "20", "RATE": "100G", "SHARE": "50 %", "TIME": "60 s", "TIMES": "x1.5",
    "COUNT": "2M/s", "BYTES": "1500 B", "CLASS": "voice", "LINKS": "A-B, C-D",
    "CHANGE": "drain A-B at A",
}  # fmt: skip

_IS = (
    r"(?:is |are |was |were |be |being |been |has |have |had |gets? |got |goes |go |going |went "
    r"|would |will |should |to |both |all |also |completely |fully |suddenly |really |ever |maybe "
    r"|simultaneously |at the same time |at once |taken |in |for |under )*"
)

_WORDS: Mapping[str, str] = {
    "link": (
        r"(?:the |both |a |new |direct )*(?:links?|circuits?|lines?|trunks?|bundles?|adjacency)"
        r"(?: from)?"
    ),
    "node": r"(?:the |both |a |new )*(?:nodes?|routers?|devices?|switch(?:es)?|sites?|pops?)",
    "group": (
        r"(?:the |both )*(?:groups?|srlgs?|shared[- ]risk[- ]groups?|ducts?|conduits?|trench(?:es)?"
        r"|cables?|fib(?:re|er)s?)(?: (?:of|under|below|beneath|along|with))?(?: the)?(?: link)?"
    ),
    "power": r"(?:the |all )*(?:power(?: (?:feeds?|supply))?|electricity|mains)",
    "down": (
        rf"{_IS}(?:down|fail(?:s|ed|ing|ures?)?|breaks?|broken|die(?:s|d)?|dying|dead|lost|loss|cut"
        r"|drop(?:s|ped)?(?: out)?|gone|away|dark|dug up|outage|out(?: of (?:service|order))?"
        r"|off(?:line)?|shut(?: down| off)?|(?:switched|powered|turned) off|unavailable|isolated"
        r"|crash(?:es|ed)?|re(?:boot|load|start)(?:s|ed|ing)?|disappears?|burns?|maintenance|work"
        r"|splice|swap)(?: (?:completely|entirely))?"
    ),
    "loses": rf"{_IS}(?:loses?|losing|lost|without|out of|no)(?: its)?",
    "lose": (
        r"(?:(?:we |i )?(?:lose|loses|losing|lost)|combin(?:e|ing)|loss of|fail|failing"
        r"|failures? of|failure|cut|cutting|cut of|break|kill|drop|dropping|without|do without"
        r"|unplug|isolate|disable"
        r"|(?:switch|power|turn) off|pull(?:ing)?(?: out)?|remove|removing|decommission(?:ing)?"
        r"|(?:take|taking|bring|bringing) (?:down|out|off)|shut(?:ting)?(?: down| off)?"
        r"|(?:reboot|reload|restart)(?:ing)?(?: of)?|outage (?:of|on|at)"
        r"|(?:(?:do |doing )?(?:maintenance|works?|splic(?:e|ing)|swap|exchange)|working|upgrade)"
        r" (?:on|of|at))"
    ),
    "take": r"(?:take|taking|took|put|bring|have|having|with|switch|turn|shut|leave|get)",
    "up": rf"(?:{_IS}(?:(?:back )?up|back|repaired|restored)|comes? (?:back|up)(?: up)?)",
    "weight": (
        r"(?:(?:set|setting|change|changing|raise|raising|lower|lowering|increase|reduce|put) )?"
        r"(?:the )?(?:(?:igp|ospf|is-?is) )?"
        r"(?:weight|cost|metric)s?(?: (?:of|on|for))?(?: the)?(?: link)?"
    ),
    "to": r"(?:(?:up |down )?to|=|:|is|of|becomes?)",
    "from": r"(?:from|at|of)",
    "gets": r"(?:gets?|got|has|have|is given|with)(?: an?)?",
    "both ways": r"(?:in )?(?:both|either) (?:ways?|directions?|ends?)",
    "drain": r"(?:drain|draining|cost out|costing out|drain off|empty|evacuate)",
    "drained": rf"{_IS}(?:drained|costed out)",
    "undrain": r"(?:undrain|un-drain|cost in)",
    "undrained": rf"{_IS}(?:undrained|no longer drained)",
    "add": (
        r"(?:add|adds|adding|added|gets?|plus|\+|with another|and another|new|build"
        r"|(?:grows|gains) by)(?: an?)?"
    ),
    "upgrade": r"(?:upgrade|upgrading|expand|enlarge|increase|raise|bring|reduce|downgrade|shrink)",
    "restore": r"(?:restore|restoring|return of|bring back|repaired|switch on|turn on)",
    "capacity": (
        r"(?:set |change |raise |upgrade |reduce )?(?:the )?(?:capacity|bandwidth|speed)"
        r"(?: (?:of|on|for))?(?: the)?(?: link)?"
    ),
    "members": r"(?:in |has |with )?members?(?: =)?",
    "at": r"(?:at|with links to|linked to|connected to|between)",
    "with": r"(?:with|of|over)",
    "more": r"(?:more|extra|in addition)",
    "between": r"(?:between|from)",
    "on": r"(?:on|at|for|of|over)(?: the)?(?: link)?",
    "interface": r"(?:the )?interfaces?(?: (?:of|on|over))?",
    "shut": rf"{_IS}shut(?: down)?",
    "flaps": rf"{_IS}flap(?:s|ping)?",
    "late": rf"{_IS}late",
    "overloaded": rf"{_IS}(?:overloaded|overload)",
    "discards": r"(?:discards?|drops?|blackholes?)(?: (?:what goes|traffic|all))?(?: (?:to|for))?",
    "police": r"(?:police|polices|policing|rate-limit|limit)",
    "traffic": r"(?:the |all )*(?:traffic|demand)",
    "everywhere": r"(?:everywhere|from everywhere)",
    "crowd": r"(?:a )?(?:flash )?crowd",
    "syn": r"(?:an? )?(?:tcp[- ])?syn",
    "web": r"(?:an? )?(?:web|http)",
    "flood": r"(?:flood|attack)",
    "breach": r"(?:an? )?(?:breach|intruder|break-in)",
}
"""What people write for a word of a form."""

_BEGINNINGS = re.compile(
    r"^(?:(?:what (?:if|happens (?:if|when))|suppose(?: that)?|if|when|and|then|please|we|i) )+",
    re.IGNORECASE,
)


def read_what_if(text: str, topology: Topology) -> WhatIf:
    """The events that `text` names, in its order.

    Raises:
        BadInput: nothing is named, a phrase is not one of the above, a name is not in the topology
            or could mean several things there, a number is out of range, or two phrases contradict
            each other (a link down and up, two weights for one end). The text says what cannot be
            read, and the nearest that can be asked of what was named.
    """
    events = read_events(text, topology, EVENT_KINDS)
    _refuse_contradictions(events)
    return events


def read_events(text: str, topology: Topology, kinds: Kinds[K]) -> tuple[K, ...]:
    """The events of `kinds` that `text` names, in its order.

    Raises:
        BadInput: as `read_what_if`, but that they may contradict each other.
    """
    events: tuple[K, ...] = ()
    for line in re.split(r"[;\n]", text):
        phrase = _tidy(line)
        if phrase:
            read = _read_sentence(phrase, topology, kinds)
            events += read
            topology = _with_built(topology, read)
    if not events:
        raise BadInput(f"the what-if names no event; expected {_expected(kinds)}")
    return events


@dataclass(frozen=True, slots=True)
class FoundPhrase:
    """A form of `kind` in a text, from `begin` to before `end`. `said`: its words, as they stand.

    Words of names are as `_SLOTS` calls them; others are there only where they are written.
    """

    kind: type[Event]
    begin: int
    end: int
    said: Mapping[str, str]


def find_phrases(text: str, marks: Mapping[str, str]) -> tuple[FoundPhrase, ...]:
    """The forms that stand anywhere in `text`, in its order, the longest of those that overlap.

    `marks`: for words in capitals, a regular expression of what stands for them in `text`; forms
    with other such words are not sought. A form of names alone is no phrase here.
    """
    found: list[FoundPhrase] = []
    for form, pattern in _sought(tuple(sorted(marks.items()))):
        for match in pattern.finditer(f" {text}"):
            said = {word: part for word, part in match.groupdict().items() if part}
            fixed = {word: word for word, optional in form.words if not optional}
            # The blank that the pattern begins with stands one before.
            one = FoundPhrase(form.kind, match.start(), match.end() - 1, fixed | said)
            if form.words_in(one.said):
                found.append(one)
    chosen: list[FoundPhrase] = []
    for one in sorted(found, key=lambda f: (f.begin - f.end, f.begin)):
        if all(one.end <= other.begin or other.end <= one.begin for other in chosen):
            chosen.append(one)
    return tuple(sorted(chosen, key=lambda f: f.begin))


@cache
def _sought(
    marks: tuple[tuple[str, str], ...],
) -> tuple[tuple["_Form[Event]", re.Pattern[str]], ...]:
    slots = dict(marks)
    found = []
    for form in _forms(EVENT_KINDS):
        if all(word in slots for word, _ in form.words if word in _SLOTS):
            # Where a name is marked it can be as long as its mark is, and no longer.
            pattern = _pattern(form.words, slots)
            found.append((form, re.compile(rf"{pattern}(?![\w-])", re.IGNORECASE)))
    return tuple(found)


def what_if_text(what_if: Sequence[PhrasedKind]) -> str:
    """`what_if` in words that `read_what_if` takes back."""
    return "; ".join(event.phrase() for event in what_if) or "nothing"


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,?!")


def _with_built(topology: Topology, events: Iterable[PhrasedKind]) -> Topology:
    for event in events:
        if isinstance(event, BuildKind):
            topology = event.built(topology)
    return topology


def _refuse_contradictions(events: WhatIf) -> None:
    said: dict[tuple[str, ...], Event] = {}
    for event in events:
        before = said.setdefault(event.subject(), event)
        if before != event:
            raise BadInput(
                f'the what-if contradicts itself: "{before.phrase()}" and "{event.phrase()}"'
            )


def _read_sentence(text: str, topology: Topology, kinds: Kinds[K]) -> tuple[K, ...]:
    """Phrases with "," or "and" between them: the longest that can be read first."""
    parts = parts_of(text)
    if len(parts) > _MOST_PARTS:
        raise BadInput(f'{len(parts)} names and phrases in one sentence; part them by ";"')
    events: tuple[K, ...] = ()
    begin = 0
    refused: list[_Refused] = []
    while begin < len(parts):
        before, refused = refused, []
        for end in range(len(parts), begin, -1):
            phrase = text[parts[begin][0] : parts[end - 1][1]]
            try:
                read = _read_phrase(phrase, topology, kinds)
            except _Refused as error:
                refused.append(error)
                continue
            events += read
            topology = _with_built(topology, read)
            begin = end
            break
        else:
            # What follows may be no phrase, but the end of a longer one that could not be read.
            refused.sort(key=lambda error: -error.words)
            raise BadInput(
                (refused if refused[0].words else before + refused)[0].told(topology, kinds)
            )
    return events


_MOST_PARTS = 40
"""Parts of a sentence: what cannot be read is tried from each of them to each other one."""


class _Refused(Exception):
    """`phrase` cannot be read. `words`: how many words of a form it had all the same.

    `said_exactly`: the phrase with one of the names that it could mean.
    """

    def __init__(self, phrase: str, words: int, why: str = "", said_exactly: str = "") -> None:
        super().__init__(phrase)
        self.phrase, self.words, self.why = phrase, words, why
        self.said_exactly = said_exactly

    def told(self, topology: Topology, kinds: Kinds[PhrasedKind]) -> str:
        """Why, and the nearest that can be asked."""
        said = f'"{self.phrase}"{f": {self.why}" if self.why else " cannot be read"}'
        if self.said_exactly:
            return f"{said}; {_HINT} {self.said_exactly}?"
        near = _nearest(self.phrase, topology, kinds)
        if not near and _HINT not in self.why:
            near = f"expected {_expected(kinds)}"
        return f"{said}; {near}" if near else said


_HINT = "did you mean"
"""In an error that names what comes near."""


def _read_phrase(phrase: str, topology: Topology, kinds: Kinds[K]) -> tuple[K, ...]:
    """What the forms that fit best make of `phrase`. Raises _Refused."""
    readings: dict[tuple[K, ...], int] = {}
    errors: list[tuple[int, BadInput]] = []
    for text in dict.fromkeys((phrase, _BEGINNINGS.sub("", phrase, count=1))):
        for form in _forms(kinds):
            for said in form.said_in(text):
                words = form.words_in(said)
                try:
                    events = _events(form, said, topology, kinds)
                except BadInput as error:
                    errors.append((words, error))
                else:
                    readings[events] = max(words, readings.get(events, 0))
        if readings:
            break
    most = max(readings.values(), default=0)
    found = [events for events, words in readings.items() if words == most]
    if len(found) == 1:
        return found[0]
    if found:
        listed = " or ".join(f'"{what_if_text(events)}"' for events in found)
        raise _Refused(phrase, most, f"could mean {listed}")
    if not errors:
        raise _Refused(phrase, 0)
    most = max(words for words, _ in errors)
    said_so = [error for words, error in errors if words == most]
    several = next((found for found in said_so if isinstance(found, SeveralMeant)), None)
    if several is not None:
        exact = f'"{phrase.replace(several.text.strip(), several.names[0])}"'
        raise _Refused(phrase, most, str(several), exact)
    hinting = [error for error in said_so if _HINT in str(error)]
    # That something is in no such list says least of what is wrong.
    telling = [error for error in said_so if not isinstance(error, _UNKNOWN)]
    raise _Refused(phrase, most, str((hinting or telling or said_so)[0]))


_UNKNOWN = (UnknownNode, UnknownLink, UnknownSharedRiskGroup)


def _events(
    form: "_Form[K]", said: Mapping[str, str], topology: Topology, kinds: Kinds[K]
) -> tuple[K, ...]:
    try:
        return form.kind.read(said, topology)
    except BadInput:
        slot = next((slot for slot in _LISTED if slot in said), None)
        if slot is None or len(parts_of(said[slot])) < 2:
            raise

        def read(name: str) -> tuple[K, ...]:
            errors: list[BadInput] = []
            for other, of in _alike(form, kinds):
                noun = _word_pattern(of.casefold())
                plain = re.sub(rf"^(?:both|either|{noun}) ", "", name, flags=re.IGNORECASE)
                if of != slot and plain == name:
                    # What does not say that it is of another kind is of the form's own.
                    continue
                try:
                    return other.kind.read({**said, of: plain}, topology)
                except BadInput as error:
                    errors.append(error)
            raise errors[-1]

        return tuple(event for events in find_all(said[slot], read) for event in events)


def _alike(form: "_Form[K]", kinds: Kinds[K]) -> list[tuple["_Form[K]", str]]:
    """Forms that say the same of a link, a node or a group, `form` first; and which each names."""
    slots = [(form, slot) for slot in _LISTED if (slot, False) in form.words]
    for other in _forms(kinds):
        for slot in _LISTED:
            same = form.said_of(slots[0][1]) == other.said_of(slot) is not None
            if same and slot not in [known for _, known in slots]:
                slots.append((other, slot))
    return slots


@dataclass(frozen=True, slots=True)
class _Form(Generic[K]):
    """One form of one kind. `words`: in order, each with whether it may be left out.

    `patterns`: with the names as short and as long as can be, since "Essen to Go down" may be about
    "Essen to" and about "Essen to Go".
    """

    kind: type[K]
    words: tuple[tuple[str, bool], ...]
    patterns: tuple[re.Pattern[str], ...]

    def said_in(self, text: str) -> list[dict[str, str]]:
        """What may stand in `text` for each word; nothing where it is not of this form."""
        fixed = {word: word for word, optional in self.words if not optional}
        readings: list[dict[str, str]] = []
        for pattern in self.patterns:
            found = pattern.fullmatch(f" {text}")
            if found is not None:
                said = fixed | {name: part for name, part in found.groupdict().items() if part}
                if said not in readings:
                    readings.append(said)
        return readings

    def said_of(self, slot: str) -> tuple[str, ...] | None:
        """Its words with "" for what it names, where that is `slot` and nothing else."""
        words = [word for word, _ in self.words if word != slot.casefold()]
        if words.count(slot) != 1 or sum(word in _SLOTS for word in words) > 1:
            return None
        return tuple("" if word == slot else word for word in words)

    @property
    def names_something(self) -> bool:
        """Whether it is about a thing, and not everything."""
        return any(word in _SLOTS and word not in _AMOUNTS for word, _ in self.words)

    def words_in(self, said: Mapping[str, str]) -> int:
        """How many words that are no names stand there."""
        return sum(
            word not in _SLOTS and (word in said or f"_{word}" in said) for word, _ in self.words
        )

    def filled(self, names: Mapping[str, str]) -> str | None:
        """The form with `names` for its capital words; None where one of them has none.

        Words that may be left out are left out, but for the first.
        """
        shown = [word for i, (word, optional) in enumerate(self.words) if i == 0 or not optional]
        if any(word in _SLOTS and word not in names for word in shown):
            return None
        return " ".join(names[word] if word in _SLOTS else word for word in shown)


@cache
def _forms(kinds: Kinds[K]) -> tuple[_Form[K], ...]:
    return tuple(_form(kind, text) for kind in kinds for text in kind.forms)


def _form(kind: type[K], text: str) -> _Form[K]:
    tokens = text.replace("both ways", "both_ways").split()
    words = tuple((token.strip("()").replace("_", " "), token.startswith("(")) for token in tokens)
    pattern = _pattern(words, _SLOTS)
    patterns = (pattern, pattern.replace(".+?", ".+"))
    compiled = (re.compile(text, re.IGNORECASE) for text in dict.fromkeys(patterns))
    return _Form(kind, words, tuple(compiled))


def _pattern(words: Iterable[tuple[str, bool]], slots: Mapping[str, str]) -> str:
    """A blank before each word, so that one that is left out takes its blank along."""
    pattern = ""
    for word, optional in words:
        if word in _SLOTS:
            pattern += f" (?P<{word}>{slots[word]})"
        elif optional:
            pattern += f"(?P<_{word}> (?:{_word_pattern(word)}))?"
        else:
            pattern += f" (?:{_word_pattern(word)})"
    return pattern


def _word_pattern(word: str) -> str:
    return _WORDS.get(word, re.escape(word))


def _expected(kinds: Kinds[PhrasedKind]) -> str:
    first = {form.kind: form for form in reversed(_forms(kinds))}
    *others, last = (f'"{first[kind].filled(_EXAMPLES)}"' for kind in kinds)
    return f'{", ".join(others)} or {last}, several of them separated by ";"'


_OFFERED = 2

_AMOUNTS = ("NUMBER", "RATE", "SHARE", "TIME", "TIMES", "COUNT", "BYTES", "CLASS")
"""Slots for which what is likely is offered, whatever was typed."""


def _nearest(phrase: str, topology: Topology, kinds: Kinds[PhrasedKind]) -> str:
    """The nearest phrases that can be asked of what `phrase` names, "" where it names nothing."""
    names = _names_in(phrase, topology)
    if not names:
        return ""
    bare = phrase
    for name in sorted(names.values(), key=len, reverse=True):
        bare = bare.replace(name, "")
    names |= {slot: _EXAMPLES[slot] for slot in _AMOUNTS}
    texts: dict[type[PhrasedKind], str] = {}
    for form in sorted(_forms(kinds), key=lambda form: -_likeness(form, bare)):
        text = form.filled(names) if form.names_something else None
        if text and form.kind not in texts and _is_one(_read_form(form, kinds), text, topology):
            texts[form.kind] = f'"{text}"'
        if len(texts) == _OFFERED:
            break
    return f"what can be asked: {' or '.join(texts.values())}" if texts else ""


def _read_form(form: "_Form[K]", kinds: Kinds[K]) -> Callable[[Topology, str], object]:
    def read(topology: Topology, text: str) -> object:
        # It is filled with names that were found, and read as it stands or not at all.
        for said in form.said_in(text):
            return _events(form, said, topology, kinds)
        raise BadInput(text)

    return read


def _likeness(form: _Form[PhrasedKind], bare: str) -> float:
    """How like the words of `form` the words of a phrase are, without names."""
    own = " ".join(word for word, _ in form.words if word not in _SLOTS)
    return SequenceMatcher(None, own, " ".join(bare.casefold().split()), autojunk=False).ratio()


def _names_in(phrase: str, topology: Topology) -> dict[str, str]:
    """What `phrase` names of the topology, as it was typed, by the slots that it fits."""
    words = phrase.split()
    spans = [
        " ".join(words[begin:end])
        for length in range(len(words), 0, -1)
        for begin, end in ((i, i + length) for i in range(len(words) - length + 1))
    ]
    names: dict[str, str] = {}
    nodes: list[str] = []
    for span in spans:
        text = span.strip(",.:")
        if "LINK" not in names and _is_one(find_link, text, topology):
            names["LINK"] = text
        if "ENDS" not in names and _is_one(find_ends, text, topology):
            names["ENDS"] = text
        if "GROUP" not in names and _is_one(find_group, text, topology):
            names["GROUP"] = text
        if _is_one(find_node, text, topology):
            nodes.append(text)
    if len(dict.fromkeys(nodes)) == 2:
        pair = "-".join(dict.fromkeys(nodes))
        for slot, find in (("LINK", find_link), ("ENDS", find_ends)):
            if slot not in names and _is_one(find, pair, topology):
                names[slot] = pair
    if nodes:
        names["NODE"] = nodes[0]
        names["NODES"] = ", ".join(dict.fromkeys(nodes))
        if re.search(r"\b(?:new|add|build)\b", phrase, re.IGNORECASE):
            names["NEW"] = _EXAMPLES["NEW"]
    return names


def _is_one(find: Callable[[Topology, str], object], text: str, topology: Topology) -> bool:
    try:
        find(topology, text)
    except BadInput:
        return False
    return True
