"""Reading a server's refusal of one parameter, apart from every other reason to refuse a request.

Servers say it in many ways: OpenAI by `code` and `param`, vLLM by pydantic's errors, others in
prose. What is not surely the refusal of a parameter that can be spared is none.
"""

import re
from collections.abc import Collection, Mapping

SPARED = (
    "temperature",
    "seed",
    "parallel_tool_calls",
    "tool_choice",
    "stream_options",
    "max_completion_tokens",
    "max_tokens",
)
"""What a request can do without; `max_completion_tokens` has an older name that is tried first."""

_CODES = ("unsupported_parameter", "unsupported_value", "unknown_parameter")

_NAME = rf"['\"`]?(?P<name>{'|'.join(SPARED)})['\"`]?(?![\w.])"

_SAYINGS = tuple(
    re.compile(saying, re.IGNORECASE)
    for saying in (
        r"\b(?:unsupported|unknown|unrecognized|unexpected)\s+(?:request\s+)?"
        rf"(?:parameter|argument|field|property|value|key)s?(?:\s+supplied)?\s*:?\s*{_NAME}",
        rf"(?<![\w.]){_NAME}\s*(?:parameter|field|argument|option)?\s*"
        r"(?:is|are|was|does)?\s*(?:currently\s+)?"
        r"(?:not\s+(?:yet\s+)?(?:support(?:ed)?|permitted|allowed|recogni[sz]ed)|unsupported)\b",
        rf"\b(?:does not|doesn't|do not)\s+support\s+(?:the\s+)?(?:parameter\s+)?{_NAME}",
        rf"(?<![\w.]){_NAME}:?\s+extra (?:inputs|fields) (?:are )?not permitted",
        rf"'extra_forbidden',\s*'loc':\s*[\(\[]'body',\s*{_NAME}",
        rf"(?<![\w.]){_NAME} must (?:either )?be a named tool",
    )
)


def refused_parameter(body: object, sent: Collection[str]) -> str | None:
    """The parameter, one of those `sent`, that a reply 400 or 422 with this `body` refuses."""
    error = body if isinstance(body, Mapping) else {}
    inner = error.get("error")
    error = inner if isinstance(inner, Mapping) else error
    name, code = error.get("param"), error.get("code")
    if isinstance(name, str) and name:
        unsupported = code in _CODES or _named(str(error.get("message"))) == name
        return name if unsupported and name in SPARED and name in sent else None
    said = error.get("message") or error.get("detail") or (body if isinstance(body, str) else "")
    found = _named(str(said))
    return found if found in sent else None


def _named(text: str) -> str | None:
    # Some servers quote the whole request behind what they complain about.
    complaint = re.split(r"['\"]input['\"]\s*:", text, maxsplit=1)[0]
    for saying in _SAYINGS:
        if found := saying.search(complaint):
            return found["name"].lower()
    return None
