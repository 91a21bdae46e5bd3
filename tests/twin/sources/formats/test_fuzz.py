"""Files that are damaged in every way: read, or refused as BadTopology, and nothing else.

Each format of the registry is fuzzed, a new one by itself: its example, the published files that it
recognises, and what it writes are the texts that are damaged. `make fuzz` does it thousands of
times (NOCTUA_FUZZ). A failure names the seed; `NOCTUA_FUZZ_SEED` plays it again.
"""

import os
import random
import re
from collections import Counter
from collections.abc import Callable

import pytest

from tests.twin.sources.formats.published_files import PUBLISHED
from twin.errors import BadTopology
from twin.sources.formats.format import Format
from twin.sources.formats.registry import FORMATS, read_network
from twin.sources.parsed import ParsedNetwork

TIMES = int(os.environ.get("NOCTUA_FUZZ", "200"))
FIRST_SEED = int(os.environ.get("NOCTUA_FUZZ_SEED", "0"))

ODD_VALUES = (
    "", "0", "-1", "1e400", "nan", "inf", "-0.0", "9" * 400, "0x1p3", "1_000", "null", "true",
    "[]", "{}", '""', "'", '"', "\\", "\x00", "\ufeff", "\u2028", "\ud800", "é", "|", "\t", "<<",
    "&a", "*a", "!!int x", "!!python/object:os.system x", "<!ENTITY a 'b'>", "<![CDATA[", "]]>",
    "# ", "? ", "- " * 70, "[" * 70, "(" * 3, ")" * 3, "1:30", "2001-99-99", "100G", "1e9 bit/s",
)  # fmt: skip
"""What is put in the place of a word."""

ODD_CHARACTERS = "{}[]()<>\"':,;#&*!|=/\n\r\t \x00\x85\u00e9\ud800"


def published_texts() -> list[str]:
    return [path.read_text(encoding="utf-8-sig") for path in sorted(PUBLISHED.glob("*/*"))]


TEXTS = published_texts()


def corpus(known: Format) -> list[str]:
    texts = [known.example, *(text for text in TEXTS if known.recognises(text))]
    if known.write is not None:
        written = [other.read(other.example, "example") for other in FORMATS]
        texts += [known.write(network) for network in written]
    return texts


def damaged(text: str, others: list[str], chance: random.Random) -> str:
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        text = chance.choice(DAMAGES)(text, others, chance)
    return text


def _slice(text: str, chance: random.Random) -> slice:
    begin = chance.randrange(len(text) + 1)
    return slice(begin, min(len(text), begin + chance.choice((1, 2, 5, 20, 100))))


def _cut(text: str, others: list[str], chance: random.Random) -> str:
    part = _slice(text, chance)
    return text[: part.start] + text[part.stop :]


def _cut_off(text: str, others: list[str], chance: random.Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _repeat(text: str, others: list[str], chance: random.Random) -> str:
    part = _slice(text, chance)
    return text[: part.stop] + text[part] * chance.choice((1, 1, 2, 50)) + text[part.stop :]


def _odd_word(text: str, others: list[str], chance: random.Random) -> str:
    words = list(re.finditer(r"[\w.+-]+", text))
    if not words:
        return text
    word = chance.choice(words)
    new = chance.choice((*ODD_VALUES, chance.choice(words)[0]))
    return text[: word.start()] + new + text[word.end() :]


def _odd_character(text: str, others: list[str], chance: random.Random) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(ODD_CHARACTERS) + text[place:]


def _lines_moved(text: str, others: list[str], chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    if len(lines) < 2:
        return text
    line = lines.pop(chance.randrange(len(lines)))
    for _ in range(chance.choice((0, 1, 1, 2))):
        lines.insert(chance.randrange(len(lines) + 1), line)
    return "".join(lines)


def _spliced(text: str, others: list[str], chance: random.Random) -> str:
    other = chance.choice(others)
    return text[: chance.randrange(len(text) + 1)] + other[chance.randrange(len(other) + 1) :]


DAMAGES: tuple[Callable[[str, list[str], random.Random], str], ...] = (
    _cut, _cut_off, _repeat, _odd_word, _odd_word, _odd_character, _lines_moved, _spliced,
)  # fmt: skip


def doubled(network: ParsedNetwork) -> int:
    """Links that have another one, listed the opposite way, between the same nodes."""
    counts = Counter((link.a, link.b) for link in network.links)
    return sum(min(count, counts[b, a]) for (a, b), count in counts.items())


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_damaged_file_is_read_or_refused_by_name(known: Format) -> None:
    texts = corpus(known)
    assert texts
    others = [*TEXTS, *texts]
    outcomes: Counter[str] = Counter()
    for seed in range(FIRST_SEED, FIRST_SEED + TIMES):
        chance = random.Random(f"{known.name} {seed}")
        text = damaged(chance.choice(texts), others, chance)
        # By its own reader, and as a person brings it.
        for read in (known.read, read_network):
            try:
                network = read(text, "damaged")
            except BadTopology as refusal:
                outcomes["refused" if str(refusal).startswith("damaged") else "unnamed"] += 1
                continue
            except Exception as failure:
                failure.add_note(f"{known.name}, NOCTUA_FUZZ_SEED={seed} NOCTUA_FUZZ=1")
                raise
            outcomes["read"] += 1
            silent = doubled(network) * 2 > len(network.links) and not network.remarks
            assert not silent, f"{known.name}, seed {seed}: links are doubled without a word"
    print(f"{known.name}: {dict(outcomes)}")
    assert outcomes.keys() == {"read", "refused"}
