"""Ways to write a name, and what a reader makes of them. Nothing here is shared with what hides."""

import html
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

_ESCAPES = re.compile(r"[%=&\\]")
_LATIN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l"}


@dataclass(frozen=True, slots=True)
class Spelt:
    """A text that holds a name in one spelling. `core`: what of it says the name."""

    text: str
    core: str


@lru_cache(maxsize=256)
def letters(text: str) -> str:
    """What a patient reader sees in `text`: escapes undone, letters and digits, small, plain."""
    text = re.sub(r"</?b>|(?:\x1b|\\+u001b)\[\d+m", " ", text)
    for _ in range(4):
        before = text
        if _ESCAPES.search(text):
            text = html.unescape(unquote(re.sub(r"=(?=[0-9A-F]{2})", "%", text)))
            text = re.sub(r"\\([0-3][0-7]{2})", lambda m: chr(int(m[1], 8)), text)
            text = re.sub(r"\\+x([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), text)
            text = re.sub(r"(?:\\+u[0-9a-fA-F]{4})+", _of_units, text)
        if text == before:
            break
    if not text.isascii():
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        text = "".join(_LATIN.get(c, c) for c in text)
    return "".join(filter(str.isalnum, text.lower()))


def reads(core: str, text: str) -> bool:
    """Whether a reader of `text` reads what `core` says. In JSON text, \\n is a line end."""
    wanted = letters(core)
    ways = [text, re.sub(r"\\+[nrtbf]", " ", text)] if "\\" in text else [text]
    return any(wanted in letters(way) for way in ways)


def _of_units(escapes: re.Match[str]) -> str:
    units = b"".join(bytes.fromhex(code) for code in re.findall("u([0-9a-fA-F]{4})", escapes[0]))
    return units.decode("utf-16-be", "replace")


def _words(name: str) -> list[str]:
    return re.findall(r"\w+", name)


def _glued(name: str) -> str:
    return "".join(_words(name))


def _camel(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in _words(name))


def _between(middle: str) -> Callable[[str], str]:
    return lambda name: middle.join(_words(name))


def _each(middle: str) -> Callable[[str], str]:
    return lambda name: middle.join(name)


def _mapped(base: int, small: int) -> Callable[[str], str]:
    """In another alphabet that NFKC folds; `base`, `small`: where its A and a stand in Unicode."""

    def spell(name: str) -> str:
        return "".join(
            chr(base + ord(c) - ord("A"))
            if "A" <= c <= "Z"
            else chr(small + ord(c) - ord("a"))
            if "a" <= c <= "z"
            else c
            for c in name
        )

    return spell


def _escaped(form: str) -> Callable[[str], str]:
    return lambda name: "".join(form.format(ord(c)) if ord(c) < 256 else c for c in name)


def _units(name: str) -> str:
    raw = name.encode("utf-16-be")
    return "".join(f"\\u{raw[i]:02x}{raw[i + 1]:02x}" for i in range(0, len(raw), 2))


def _in_middle(mark: str) -> Callable[[str], str]:
    return lambda name: name[: len(name) // 2] + mark + name[len(name) // 2 :]


def _two_letters(name: str) -> str:
    ways = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
    return "".join(ways.get(c, c) for c in name)


def _plain(name: str) -> str:
    apart = unicodedata.normalize("NFD", name)
    return "".join(c for c in apart if not unicodedata.combining(c))


def _accented(name: str) -> str:
    return re.sub(r"([aeiou])", "\\1\u0301", name, count=2)


def _head(name: str) -> str:
    return name[: max(5, len(name) * 2 // 3)]


def _turned(name: str) -> str:
    return " ".join(reversed(_words(name)))


def _last_first(name: str) -> str:
    *others, last = _words(name)
    return f"{last}, {' '.join(others)}" if others else last


def _around(before: str, spell: Callable[[str], str], behind: str) -> Callable[[str], Spelt]:
    return lambda name: Spelt(before + spell(name) + behind, spell(name))


def _same(name: str) -> str:
    return name


ALONE: Mapping[str, Callable[[str], str]] = {
    "as it is": _same,
    "capitals": str.upper,
    "small": str.lower,
    "every word's first letter": str.title,
    "cases turned": str.swapcase,
    "words glued": _glued,
    "words glued, small": lambda n: _glued(n).lower(),
    "words glued, capitals": lambda n: _glued(n).upper(),
    "camel case": _camel,
    "hyphens": _between("-"),
    "underscores": _between("_"),
    "dots": _between("."),
    "slashes": _between("/"),
    "two blanks": _between("  "),
    "tab": _between("\t"),
    "line end": _between("\n"),
    "line end and indentation": _between("\n        "),
    "no-break space": _between("\u00a0"),
    "thin space": _between("\u2009"),
    "semicolon": _between(";"),
    "plus signs": _between("+"),
    "%20": _between("%20"),
    "%2520": _between("%2520"),
    "=20": _between("=20"),
    "\\040": _between("\\040"),
    "percent, whole": lambda n: quote(n, safe=""),
    "percent, every byte": lambda n: "".join(f"%{b:02X}" for b in n.encode()),
    "&nbsp;": _between("&nbsp;"),
    "&amp;nbsp;": _between("&amp;nbsp;"),
    "&#32;": _between("&#32;"),
    "HTML, decimal": lambda n: "".join(f"&#{ord(c)};" for c in n),
    "HTML, hexadecimal": lambda n: "".join(f"&#x{ord(c):X};" for c in n),
    "HTML, named": lambda n: html.escape(n).replace("ö", "&ouml;").replace("ü", "&uuml;"),
    "JSON escapes": _units,
    "JSON escapes, twice": lambda n: _units(n).replace("\\", "\\\\"),
    "JSON text in JSON text": lambda n: json.dumps(json.dumps({n: n})),
    "\\x escapes": _escaped("\\x{:02x}"),
    "zero-width spaces": _each("\u200b"),
    "zero-width joiners": _each("\u200d"),
    "soft hyphen": _in_middle("\u00ad"),
    "word joiner": _in_middle("\u2060"),
    "byte order mark": _in_middle("\ufeff"),
    "left-to-right marks": _each("\u200e"),
    "first word's genitive": lambda n: n.replace(" ", "s ", 1),
    "first word's genitive, apostrophe": lambda n: n.replace(" ", "'s ", 1),
    "full width": _mapped(0xFF21, 0xFF41),
    "mathematical bold": _mapped(0x1D400, 0x1D41A),
    "mathematical sans": _mapped(0x1D5A0, 0x1D5BA),
    "monospace": _mapped(0x1D670, 0x1D68A),
    "circled": _mapped(0x24B6, 0x24D0),
    "fi as one character": lambda n: n.replace("fi", "ﬁ").replace("fl", "ﬂ").replace("st", "ﬆ"),
    "dots between letters": _each("."),
    "blanks between letters": _each(" "),
    "hyphen at the line end": _in_middle("-\n"),
    "in two letters": _two_letters,
    "without accents": _plain,
    "decomposed": lambda n: unicodedata.normalize("NFD", n),
    "with accents": _accented,
    "words turned": _turned,
    "last word first": _last_first,
    "without the last letter": lambda n: n[:-1],
    "without the last two letters": lambda n: n[:-2],
}
"""The name alone, stood between other words."""

GLUED: Mapping[str, Callable[[str], Spelt]] = {
    "plural": _around("", _same, "s"),
    "German plural": _around("", _same, "en"),
    "possessive": _around("", _same, "'s"),
    "possessive, typographic": _around("", _same, "\N{RIGHT SINGLE QUOTATION MARK}s"),
    "interface to-…-10G": _around("to-", _camel, "-10G"),
    "interface to…10G": _around("to", _camel, "10G"),
    "interface, small": _around("to", lambda n: _glued(n).lower(), "10g"),
    "description": _around(
        "interface et-0/0/1 description CUST:", lambda n: _between("-")(n).upper(), ";10G"
    ),
    "host": _around("", lambda n: _between("-")(n).lower(), "-gw1.example.net"),
    "host, numbered": _around("ce", lambda n: _glued(n).lower(), "01"),
    "letters around": _around("x", _glued, "x"),
    "underscores around": _around("vrf_", _between("_"), "_blue"),
    "quotes": _around('"', _same, '"'),
    "brackets": _around("[", _same, "]"),
    "markdown": _around("**", _same, "**"),
    "markdown, each word": _around("*", _between("* *"), "*"),
    "code": _around("`", _same, "`"),
    "URL": _around("https://portal.example/c/", lambda n: quote(n, safe=""), "/x?id=7"),
    "URL of another scheme": _around("ftp://files.example/", _between("_"), ".txt"),
    "URL without scheme": _around("//cdn.example/", lambda n: _between("-")(n).lower(), ".png"),
    "e-mail": _around("noc@", lambda n: _between("-")(_plain(n)).lower(), ".example"),
    "path": _around("/srv/", lambda n: _between("_")(n).lower(), "/cfg"),
    "variable": _around("", lambda n: _between("_")(n).upper(), "=1"),
    "domain and user": _around("CORP\\", _glued, ""),
    "behind \\n": _around("\\n", _same, "\\n"),
    "behind %2F": _around("x%2F", _between("%20"), "%2Fy"),
    "row of a table": _around("| 7 |", _between("  "), "| up |"),
    "tags": _around("<b>", _between("</b> <b>"), "</b>"),
    "colours": _around("\x1b[31m", _between("\x1b[0m\x1b[31m"), "\x1b[0m"),
    "XML": _around("<customer>", html.escape, "</customer>"),
    "trade mark": _around("", _same, "™"),
    "legal form": _around("", _same, " GmbH"),
    "cut, marked": lambda n: Spelt(_head(n) + "…", _head(n)),
    "cut, dots": lambda n: Spelt(_head(n) + "...", _head(n)),
    "cut in front, marked": lambda n: Spelt("…" + n[2:], n[2:]),
}
"""The name with what stands around it."""

_CUTS = ("cut", "without the last")


def spellings(name: str, *, is_id: bool = False) -> dict[str, Spelt]:
    """Every way to write `name`, by what it is called.

    Nothing is cut off an id, or where the last word is too short for it: what would be left is
    another name, or a word that says nothing.
    """
    ways = {label: Spelt(spell(name), spell(name)) for label, spell in ALONE.items()}
    ways |= {label: spell(name) for label, spell in GLUED.items()}
    is_whole = is_id or len(_words(name)[-1]) < 4
    return {k: v for k, v in ways.items() if not (is_whole and k.startswith(_CUTS))}
