"""Calls that a server left in the text, in the writing of whatever family the model is of.

Three shapes cover what the parsers of vLLM, SGLang, llama.cpp, Ollama and LM Studio know: a call as
JSON, a function's name in front of an object, and tags around single arguments; and Python's calls.
Only the marks around them differ, and marks are not looked at.

A call counts where the text ends with it, or where marks of a template stand in front: a call that
is merely talked about is none. Thoughts are no part of what is said.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.models.leniency.arguments import MARK, NotLiteral, literal_of
from tools.models.leniency.json_text import TooMuch, decoded_at
from tools.models.leniency.wire import ARGUMENTS, NAMES

IN_TEXT = "calls left in the text"
IN_THOUGHTS = "calls left in the thoughts"

Arguments = dict[str, Any] | str
"""An object, or a text that should be one."""

_THOUGHT_OPENS = re.compile(
    r"<(?P<tag>(?:\w+:)?(?:think|thinking|thought|thoughts|reasoning|scratch_pad))>"
    r"|\[THINK\]|<\|START_THINKING\|>|\N{WHITE MEDIUM DIAMOND}?◁think▷"
    r"|<\|channel\|>analysis<\|message\|>"
)
_THOUGHT_CLOSES = {
    "[": "[/THINK]",
    "<|S": "<|END_THINKING|>",
    "◁": "◁/think▷",
    "\N{WHITE MEDIUM DIAMOND}": "◁/think▷",
}
_CHANNEL_ENDS = re.compile(r"<\|(?:channel|call|end)\|>")
_THOUGHTS_END = re.compile(r"\A.*(?:</(?:\w+:)?think(?:ing)?>|\[/THINK\]|◁/think▷)", re.DOTALL)
_THOUGHTS_BEGIN = re.compile(r"<(?:\w+:)?think(?:ing)?>|\[THINK\]|◁think▷")

_TEMPLATE = re.compile(
    r"<[^<>\n]{0,40}(?:tool|function|invoke|action|plugin|channel|python|call)[^<>\n]{0,80}>"
    r"|\[/?(?:TOOL\w*|AVAILABLE_TOOLS|ARGS)\]|functools|>>>",
    re.IGNORECASE,
)
_CLOSING = re.compile(rf"(?:\s|{MARK}|```|[\])}}>\"'`.,;])*+\Z")
_QUOTED = re.compile(r'<\|"\|>(.*?)<\|"\|>|<escape>(.*?)<escape>', re.DOTALL)
"""Texts as the templates of Gemma 4 and FunctionGemma quote them."""

_GLUE = (
    rf"(?:\s|\[CALL_ID\]\w+|{MARK}|```\w*|:\d+|[:=\"'(>]"
    r"|json|code|with|arguments|args|parameters|Action Input)*+"
)
"""What may stand between a function's name and the object of its arguments."""

_OPENED = re.compile(
    r"<[^<>\n]{0,30}?(?:function=|(?:function|invoke|tool|call)\s+name=)"
    r"\s*[\"']?(?P<name>[\w.:/-]{1,80})[\"']?[^<>\n]{0,40}>"
)
_CLOSED = re.compile(r"</[^<>\n]{0,30}(?:function|invoke|tool_call|call)\s*>")
_PARAMETER = re.compile(
    r"<(?P<tag>[^<>\n=/]{0,30}?param(?:eter)?)(?:=|\s+name=)\s*[\"']?(?P<key>[\w.-]{1,80})[\"']?"
    r"[^<>\n]{0,40}>(?P<value>.*?)"
    r"(?:</[^<>\n]{0,30}param(?:eter)?\s*>|(?=<[^<>\n/]{0,30}param(?:eter)?[\s=])|\Z)",
    re.DOTALL,
)
_PAIR = re.compile(
    r"<arg_key>(?P<key>[^<>]*)</arg_key>\s*<arg_value>(?P<value>.*?)</arg_value>", re.DOTALL
)
_MOST_TRIES = 300
_LONGEST = 50_000
"""Characters of a text in which calls are looked for, thoughts apart: each opening may look for its
end through all of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A call in a text. `name`: "" where only an object stands there."""

    start: int
    end: int
    name: str
    arguments: Arguments


def calls_in(
    said: str,
    thoughts: str,
    functions: Mapping[str, Mapping[str, Any]],
    tell: Callable[[str], None],
) -> list[tuple[str, Arguments]]:
    """The calls that a message without calls makes in what is `said`, or at the end of `thoughts`.

    `functions`: what is offered, by name, with their schemas.
    """
    spoken, inner = _parted(said)
    # Whoever says something has not left the call behind in what was thought.
    places = (
        [(spoken, IN_TEXT)] if spoken.strip() else [(inner, IN_THOUGHTS), (thoughts, IN_THOUGHTS)]
    )
    for text, form in places:
        if not text.strip() or len(text) > _LONGEST:
            continue
        found = _Search(_with_json_quotes(text), functions).calls(may_go_on=form is IN_TEXT)
        if found:
            tell(form)
            return [(each.name, each.arguments) for each in found]
    return []


def _parted(said: str) -> tuple[str, str]:
    """What is said, and what is only thought."""
    spoken = _without_thoughts(said)
    # Templates that begin the thoughts themselves leave only their end in the text.
    spoken = _THOUGHTS_END.sub("", spoken)
    begun = _THOUGHTS_BEGIN.search(spoken)
    if begun is None:
        return spoken, said[: len(said) - len(spoken)] if said != spoken else ""
    return spoken[: begun.start()], spoken[begun.end() :]


def _without_thoughts(said: str) -> str:
    # By hand, since a pattern would look for the end of each of many openings anew.
    kept, at, start = list[str](), 0, 0
    unclosed = set[str]()
    while opening := _THOUGHT_OPENS.search(said, start):
        start = opening.end()
        if opening[0].startswith("<|channel"):
            ended = _CHANNEL_ENDS.search(said, start)
            end = ended.end() if ended is not None and ended[0] == "<|end|>" else -1
        else:
            closing = _closing_of(opening)
            found = -1 if closing in unclosed else said.find(closing, start)
            end = found + len(closing) if found >= 0 else -1
            if found < 0:
                unclosed.add(closing)
                if len(unclosed) > _MOST_TRIES:
                    break
        if end >= 0:
            kept.append(said[at : opening.start()])
            at = start = end
    return "".join([*kept, said[at:]])


def _closing_of(opening: re.Match[str]) -> str:
    if opening["tag"]:
        return f"</{opening['tag']}>"
    return next(c for begun, c in _THOUGHT_CLOSES.items() if opening[0].startswith(begun))


def _with_json_quotes(text: str) -> str:
    return _QUOTED.sub(lambda m: json.dumps(m[1] if m[1] is not None else m[2]), text)


@dataclass(frozen=True, slots=True)
class _Element:
    start: int
    end: int
    name: str
    inside: str


def _elements_of(text: str, names: str) -> Iterator[_Element]:
    """The elements in `text` that bear one of `names`, a pattern; none within another."""
    opens, at = re.compile(f"<(?P<name>{names})>"), 0
    unclosed = set[str]()
    while opening := opens.search(text, at):
        at, name = opening.end(), opening["name"]
        end = -1 if name in unclosed else text.find(f"</{name}>", at)
        if end < 0:
            unclosed.add(name)
            continue
        inside, at = text[at:end], end + len(name) + len("</>")
        yield _Element(opening.start(), at, name, inside)


class _Search:
    def __init__(self, text: str, functions: Mapping[str, Mapping[str, Any]]) -> None:
        self._text = text
        self._functions = functions
        names = sorted(map(re.escape, functions), key=len, reverse=True)
        self._names = "|".join(names) or r"(?!)"

    def calls(self, *, may_go_on: bool) -> list[Found]:
        """The calls of the first shape that is found; text may follow if `may_go_on`."""
        for shape in (self._tagged, self._paired, self._objects, self._called, self._elements):
            found = shape()
            if found and self._counts(found, may_go_on):
                return found
        return []

    def _counts(self, found: Sequence[Found], may_go_on: bool) -> bool:
        if _CLOSING.match(self._text, found[-1].end):
            return True
        return may_go_on and bool(_TEMPLATE.search(self._text, 0, found[0].end))

    # Tags around arguments: Qwen3 Coder, MiniMax M2, DeepSeek V3.2, Seed, Step 3, GLM
    # ----------------------------------------------------------------------------------------

    def _tagged(self) -> list[Found]:
        text, found = self._text, []
        openings = list(_OPENED.finditer(text))
        ends = [each.start() for each in openings[1:]] + [len(text)]
        for opening, end in zip(openings, ends, strict=False):
            closing = _CLOSED.search(text, opening.end(), end)
            stop = closing.start() if closing else end
            arguments: dict[str, Any] = {}
            last = opening.end()
            for each in _PARAMETER.finditer(text, opening.end(), stop):
                if each["key"] in arguments:
                    return []  # Two values for one argument.
                arguments[each["key"]] = _tag_text(each["value"])
                last = each.end()
            if not arguments and "{" in text[opening.end() : stop]:
                return []  # An object stands there; another shape.
            found.append(
                Found(
                    opening.start(), closing.end() if closing else last, opening["name"], arguments
                )
            )
        return found

    def _paired(self) -> list[Found]:
        named = re.compile(
            rf"(?<![\w-])(?P<name>{self._names})\s*(?:{MARK})?\s*(?P<pairs>(?:{_PAIR_TEXT}\s*)+)"
            rf"|<[^<>\n/]{{0,30}}tool_call[^<>\n]{{0,30}}>\s*(?P<bare>{self._names})\s*</",
            re.DOTALL,
        )
        found = []
        for each in named.finditer(self._text):
            pairs = [
                (p["key"].strip(), _tag_text(p["value"]))
                for p in _PAIR.finditer(each["pairs"] or "")
            ]
            if len(dict(pairs)) < len(pairs):
                return []
            name = each["name"] or each["bare"]
            found.append(Found(each.start(), each.end(), name, dict(pairs)))
        return found

    def _elements(self) -> list[Found]:
        """A function as an element with an element for each argument, as Cline and Roo ask for."""
        found = []
        for each in _elements_of(self._text, self._names):
            properties = self._functions[each.name].get("properties") or {}
            keys = "|".join(map(re.escape, properties)) or r"(?!)"
            inside = list(_elements_of(each.inside, keys))
            arguments = {part.name: _tag_text(part.inside) for part in inside}
            if len(arguments) < len(inside) or (properties and not arguments):
                return []
            found.append(Found(each.start, each.end, each.name, arguments))
        return found

    # JSON: Hermes, Qwen, Llama, Mistral, Granite, Cohere, Kimi, DeepSeek, Harmony and others
    # ----------------------------------------------------------------------------------------

    def _objects(self) -> list[Found]:
        """Calls as JSON and objects behind names; a lone object is a call without a name."""
        found, bare = list[Found](), list[Found]()
        for each in self._each_object():
            (found if each.name else bare).append(each)
        return found or bare

    def _each_object(self) -> Iterator[Found]:
        text, at = self._text, 0
        named = {m.end(): m for m in self._named()}
        is_broken = False
        for _ in range(_MOST_TRIES):
            opening = re.compile(r"\{|\[(?=\s*\{)").search(text, at)
            if opening is None:
                return
            start, mention = opening.start(), named.get(opening.start())
            try:
                value, end = decoded_at(text, start)
            except TooMuch:
                # Nor is a part of it read.
                if mention:
                    yield Found(mention.start(), len(text), mention["name"], text[start:])
                return
            except ValueError:
                end = _balanced(text, start) if mention else start
                at = end if end > start else start + 1
                is_broken = is_broken or end == start
                if mention and end > start:
                    yield Found(mention.start(), end, mention["name"], text[start:end])
                continue
            at = end
            calls = self._calls_of(value)
            if calls:
                yield from (Found(start, end, name, arguments) for name, arguments in calls)
            elif mention and isinstance(value, dict):
                yield Found(mention.start(), end, mention["name"], value)
            elif isinstance(value, dict) and not is_broken:
                # Behind a bracket that is not closed it would be a part of something.
                yield Found(start, end, "", value)

    def _named(self) -> Iterator[re.Match[str]]:
        # With nothing but glue up to an opening bracket. Where glue leads to none, no name in it is
        # tried: that would take as long again for each.
        for each in re.finditer(rf"(?<![\w-])(?P<name>{self._names}){_GLUE}", self._text):
            if self._text.startswith("{", each.end()):
                yield each

    def _calls_of(self, value: Any) -> list[tuple[str, Arguments]]:
        """The calls that a JSON value is, none if any part of it is no call."""
        if isinstance(value, list):
            each = [self._calls_of(item) for item in value]
            return [call for calls in each for call in calls] if all(each) else []
        if not isinstance(value, dict):
            return []
        for key in ("tool_calls", "tool_call", "function_call", "calls", "function"):
            if isinstance(inside := value.get(key), dict | list) and (
                calls := self._calls_of(inside)
            ):
                return calls
        name = next((value[k] for k in NAMES if isinstance(value.get(k), str)), "")
        given = [value[k] for k in ARGUMENTS if isinstance(value.get(k), dict | str)]
        if name and (given or name.rpartition(".")[2] in self._functions):
            rest = {k: v for k, v in value.items() if k not in (*NAMES, *ARGUMENTS, "type", "id")}
            return [(name, given[0] if given else rest)]
        if len(value) == 1 and (key := next(iter(value))) in self._functions:
            arguments = value[key]
            return [(key, arguments)] if isinstance(arguments, dict | str) else []
        return []

    # Python's calls: Llama 4, LFM2, Olmo 3, Gemma's tool_code
    # ----------------------------------------------------------------------------------------

    def _called(self) -> list[Found]:
        found, at = list[Found](), 0
        for each in re.finditer(rf"(?<![\w-])(?P<name>{self._names})\(", self._text):
            end = _balanced(self._text, each.end() - 1)
            if each.start() < at or end < each.end():
                continue
            arguments = _call_arguments(self._text[each.end() - 1 : end])
            if arguments is not None:
                found.append(Found(each.start(), end, each["name"], arguments))
                at = end
        return found


_PAIR_TEXT = r"<arg_key>[^<>]*</arg_key>\s*<arg_value>.*?</arg_value>"


def _tag_text(value: str) -> str:
    # Templates put each value on lines of its own.
    return value.removeprefix("\n").removesuffix("\n")


def _call_arguments(bracket: str) -> dict[str, Any] | None:
    """The arguments by name in `(...)`, None if that is no call with literals."""
    try:
        tree = ast.parse(f"f{bracket}", mode="eval").body
        if not isinstance(tree, ast.Call) or any(k.arg is None for k in tree.keywords):
            return None
        if tree.args:
            only = literal_of(tree.args[0])
            return only if isinstance(only, dict) and len(tree.args + tree.keywords) == 1 else None
        return {str(k.arg): literal_of(k.value) for k in tree.keywords}
    except (SyntaxError, NotLiteral, ValueError, MemoryError, RecursionError):
        return None


_PARENS = {"(": ")", "[": "]", "{": "}"}


def _balanced(text: str, start: int) -> int:
    """Where the bracket that opens at `start` is closed, `start` if it is not."""
    expected = list[str]()
    quote, is_escaped = "", False
    for at in range(start, len(text)):
        character = text[at]
        if quote:
            quote = "" if character == quote and not is_escaped else quote
            is_escaped = character == "\\" and not is_escaped
        elif character in "\"'":
            quote = character
        elif character in _PARENS:
            expected.append(_PARENS[character])
        elif character in _PARENS.values():
            if character != expected.pop():
                return start
            if not expected:
                return at + 1
    return start
