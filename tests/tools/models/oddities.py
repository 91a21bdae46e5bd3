"""How servers are known to write a good reply otherwise: one entry, one oddity.

An entry changes a whole chat completion, as OpenAI's API has it, into what is sent. Where a
server, a parser or an issue is known for it, the name says so; the writings of model families are
those of the tool parsers of vLLM (vllm/tool_parsers), SGLang (srt/function_call) and llama.cpp
(common/chat).
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evals.model_server.delivery import Wire

Completion = dict[str, Any]
Oddity = Callable[[Completion], Wire]
Made = tuple[str, dict[str, Any]]
"""A function's name and its arguments."""


def sent(value: Any, content_type: str = "application/json") -> Wire:
    """`value` as a JSON body."""
    return Wire(json.dumps(value).encode(), content_type)


def body(change: Callable[[Completion], Any]) -> Oddity:
    """The whole body is what `change` makes of it; None: it was changed in place."""

    def oddity(completion: Completion) -> Wire:
        whole = copy.deepcopy(completion)
        changed = change(whole)
        return changed if isinstance(changed, Wire) else sent(whole if changed is None else changed)

    return oddity


def choice(change: Callable[[dict[str, Any]], Any]) -> Oddity:
    """The choice is changed in place."""

    def in_place(whole: Completion) -> None:
        change(whole["choices"][0])

    return body(in_place)


def message(change: Callable[[dict[str, Any]], Any]) -> Oddity:
    """The message is changed in place."""
    return choice(lambda each: change(each["message"]))


def calls(change: Callable[[list[dict[str, Any]]], Any]) -> Oddity:
    """The calls are what `change` makes of them."""
    return message(lambda told: told.update(tool_calls=change(told["tool_calls"])))


def each_call(change: Callable[[dict[str, Any]], Any]) -> Oddity:
    """Each call is what `change` makes of it."""
    return calls(lambda all_: [change(call) for call in all_])


def name(change: Callable[[str], Any]) -> Oddity:
    """The functions are named otherwise."""
    return each_call(
        lambda call: call | {"function": call["function"] | {"name": change(called(call))}}
    )


def text_of_arguments(change: Callable[[str], Any]) -> Oddity:
    """The text of the arguments is written otherwise."""
    return each_call(
        lambda call: (
            call
            | {"function": call["function"] | {"arguments": change(call["function"]["arguments"])}}
        )
    )


def arguments(change: Callable[[dict[str, Any]], Any]) -> Oddity:
    """The object of the arguments is another one."""
    return text_of_arguments(lambda text: json.dumps(change(json.loads(text))))


def in_text(write: Callable[[Made], str], *, join: str = "\n", around: str = "{}") -> Oddity:
    """The calls stand in the text, each as `write` has it."""

    def change(each: dict[str, Any]) -> None:
        told = each["message"]
        made = [(called(c), json.loads(c["function"]["arguments"])) for c in told["tool_calls"]]
        text = around.replace("{}", join.join(map(write, made)))
        each.update(
            message={"role": "assistant", "content": text, "tool_calls": []}, finish_reason="stop"
        )

    return choice(change)


def called(call: Mapping[str, Any]) -> str:
    """The name of the function."""
    return str(call["function"]["name"])


# Writing
# --------------------------------------------------------------------------------------------


def as_json(key: str = "arguments", named: str = "name") -> Callable[[Made], str]:
    """A call as one JSON object."""
    return lambda made: json.dumps({named: made[0], key: made[1]})


def tags(opening: str, each: str, closing: str) -> Callable[[Made], str]:
    """A call as tags around its arguments; texts as they are, everything else as JSON."""

    def write(made: Made) -> str:
        values = {k: v if isinstance(v, str) else json.dumps(v) for k, v in made[1].items()}
        inside = "".join(each.replace("KEY", k).replace("VALUE", v) for k, v in values.items())
        return opening.replace("NAME", made[0]) + inside + closing.replace("NAME", made[0])

    return write


def python_call(made: Made) -> str:
    """A call as Python writes it."""
    return f"{made[0]}({', '.join(f'{k}={v!r}' for k, v in made[1].items())})"


def gemma(value: Any, quote: str = '<|"|>') -> str:
    """A value as Gemma 4 writes it."""
    if isinstance(value, str):
        return f"{quote}{value}{quote}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}:{gemma(v, quote)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(gemma(v, quote) for v in value) + "]"
    return json.dumps(value)


def in_strings(value: Any) -> Any:
    """An object whose lists, objects, numbers and truth values are JSON texts."""
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in value.items()}


def in_strings_twice(value: Any) -> Any:
    """An object whose lists are JSON texts of JSON texts."""
    return {
        k: json.dumps(json.dumps(v)) if isinstance(v, list | dict) else v for k, v in value.items()
    }


def camel(key: str) -> str:
    """A key as JavaScript writes it."""
    first, *others = key.split("_")
    return first + "".join(map(str.title, others))


def capitalised(value: Any, key: str = "") -> Any:
    """Choices with a capital letter."""
    if isinstance(value, dict):
        return {k: capitalised(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [capitalised(item, key) for item in value]
    choices = ("verdict", "severity", "kind", "next", "confidence", "choice")
    return value.title() if isinstance(value, str) and key in choices else value


def events(
    completion: Completion,
    *,
    size: int = 24,
    index: Callable[[int], dict[str, Any]] = lambda i: {"index": i},
    repeats: tuple[str, ...] = (),
    end: str = "data: [DONE]\n\n",
    finish: bool = True,
    apart: str = "\n\n",
) -> Wire:
    """The completion as a stream; `repeats`: the fields that every piece of a call has again."""
    pieces = list(deltas(completion, size, index, repeats))
    told = [{"index": 0, "delta": piece, "finish_reason": None} for piece in pieces]
    if finish:
        reason = completion["choices"][0]["finish_reason"]
        told.append({"index": 0, "delta": {}, "finish_reason": reason})
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    lines = [json.dumps({**head, "choices": [each]}) for each in told]
    text = "".join(f"data: {line}{apart}" for line in lines) + end
    return Wire(text.encode(), "text/event-stream")


def deltas(
    completion: Completion,
    size: int,
    index: Callable[[int], dict[str, Any]],
    repeats: tuple[str, ...],
) -> Iterator[dict[str, Any]]:
    """What each piece of a stream adds."""
    yield {"role": "assistant", "content": None}
    for place, call in enumerate(completion["choices"][0]["message"]["tool_calls"]):
        whole = {"id": f"id{place}", "type": "function"}
        text = call["function"]["arguments"]
        function = {"name": called(call), "arguments": text[:size]}
        yield {"tool_calls": [{**index(place), **whole, "function": function}]}
        for at in range(size, len(text), size):
            again = {k: v for k, v in whole.items() if k in repeats}
            named = {"name": called(call)} if "name" in repeats else {}
            function = {**named, "arguments": text[at : at + size]}
            yield {"tool_calls": [{**index(place), **again, "function": function}]}


def native(completion: Completion) -> Completion:
    """As Ollama's own API has it."""
    told = completion["choices"][0]["message"]
    made = [
        {"function": {"name": called(c), "arguments": json.loads(c["function"]["arguments"])}}
        for c in told["tool_calls"]
    ]
    message = {"role": "assistant", "content": "", "tool_calls": made}
    return {"model": "m", "message": message, "done": True, "done_reason": "stop", "eval_count": 9}


def parts(kind: str, key: str) -> Oddity:
    """The calls are parts of the content."""

    def change(told: dict[str, Any]) -> None:
        made = [
            {
                "type": kind,
                "id": "x",
                "name": called(c),
                key: json.loads(c["function"]["arguments"]),
            }
            for c in told.pop("tool_calls")
        ]
        told["content"] = [{"type": "text", "text": "I have looked at it."}, *made]

    return message(change)


def responses(completion: Completion) -> Completion:
    """As OpenAI's Responses API has it."""
    made = [
        {"type": "function_call", "call_id": "x", **call["function"]}
        for call in completion["choices"][0]["message"]["tool_calls"]
    ]
    return {"id": "r", "object": "response", "output": [{"type": "reasoning"}, *made]}


def legacy(told: dict[str, Any]) -> None:
    """The call as it was before there were several."""
    told["function_call"] = told.pop("tool_calls")[0]["function"]


THINKING = '<think>I could call answer({}) or {"name": "commit", "arguments": {}}.</think>'
FENCE = "```json\n{}\n```"
BAR = "\N{FULLWIDTH VERTICAL LINE}"
LOW = "\N{LOWER ONE EIGHTH BLOCK}"

ARGUMENTS: Mapping[str, Oddity] = {
    "arguments are an object (llama.cpp 20198)": text_of_arguments(json.loads),
    "arguments are fenced": text_of_arguments(lambda text: f"```json\n{text}\n```"),
    "arguments are in a bare fence": text_of_arguments(lambda text: f"```\n{text}\n```"),
    "arguments are encoded twice": text_of_arguments(json.dumps),
    "arguments are encoded three times": text_of_arguments(lambda t: json.dumps(json.dumps(t))),
    "arguments are a list of one object": text_of_arguments(lambda text: [json.loads(text)]),
    "arguments are a list of one object in a text": text_of_arguments(lambda text: f"[{text}]"),
    "arguments come twice (vLLM's last chunk)": text_of_arguments(lambda text: text + text),
    "arguments close a brace too many": text_of_arguments(lambda text: text + "}"),
    "arguments end in the template's token": text_of_arguments(lambda text: text + "<|im_end|>"),
    "arguments end in a tag": text_of_arguments(lambda text: text + "\n</tool_call>"),
    "arguments begin with the template's token": text_of_arguments(lambda t: "<|message|>" + t),
    "arguments have blanks around": text_of_arguments(lambda text: f"\n  {text}\n\n"),
    "arguments are Python's": text_of_arguments(lambda text: repr(json.loads(text))),
    "arguments have a comma at the end": text_of_arguments(
        lambda t: t[:-1] + ("" if t == "{}" else ",") + "}"
    ),
    "arguments are wrapped in parameters": arguments(lambda a: {"parameters": a}),
    "arguments are wrapped in arguments": arguments(lambda a: {"arguments": a}),
    "arguments are wrapped in input": arguments(lambda a: {"input": a}),
    "arguments are wrapped as a text": arguments(lambda a: {"arguments": json.dumps(a)}),
    "arguments are wrapped twice": arguments(lambda a: {"arguments": {"parameters": a}}),
    "arguments are wrapped in properties": arguments(lambda a: {"type": "object", "properties": a}),
    "lists and numbers are texts (qwen3_coder)": arguments(in_strings),
    "lists and objects are texts encoded twice": arguments(in_strings_twice),
    "choices are capitalised": arguments(capitalised),
    "keys are capitalised": arguments(lambda a: {k.title(): v for k, v in a.items()}),
    "keys are in camel case": arguments(lambda a: {camel(k): v for k, v in a.items()}),
    "arguments are called parameters (Llama)": each_call(
        lambda c: c | {"function": {"name": called(c), "parameters": c["function"]["arguments"]}}
    ),
    "arguments are called input": each_call(
        lambda c: {"name": called(c), "input": json.loads(c["function"]["arguments"])}
    ),
}

CALLS: Mapping[str, Oddity] = {
    "named functions.answer (gpt-oss, Kimi)": name(lambda n: f"functions.{n}"),
    "named functions.answer:0 (Kimi K2)": name(lambda n: f"functions.{n}:0"),
    "named default_api.answer (Gemini)": name(lambda n: f"default_api.{n}"),
    "named tools/answer": name(lambda n: f"tools/{n}"),
    "named mcp__noctua__answer": name(lambda n: f"mcp__noctua__{n}"),
    "named answer<|channel|>commentary (gpt-oss)": name(lambda n: f"{n}<|channel|>commentary"),
    "named answer() ": name(lambda n: f" {n}() "),
    "named Answer": name(str.title),
    "named in camel case": name(camel),
    "named in quotes": name(lambda n: f'"{n}"'),
    "named twice over (names in every chunk)": name(lambda n: n + n),
    "name is null": name(lambda _: None),
    "every call twice": calls(lambda all_: [*all_, *all_]),
    "every call twice, under two names": calls(
        lambda all_: [
            *all_,
            *(c | {"function": c["function"] | {"name": f"functions.{called(c)}"}} for c in all_),
        ]
    ),
    "an empty call behind": calls(
        lambda all_: [
            *all_,
            {"id": "", "type": "function", "function": {"name": "", "arguments": ""}},
        ]
    ),
    "an empty call in front, of nulls": calls(
        lambda all_: [{"function": {"name": None, "arguments": None}}, *all_]
    ),
    "ids are repeated": each_call(lambda c: c | {"id": "call_0"}),
    "ids are null": each_call(lambda c: c | {"id": None}),
    "ids are numbers": each_call(lambda c: c | {"id": 0}),
    "ids are absent": each_call(lambda c: {k: v for k, v in c.items() if k != "id"}),
    "types are null": each_call(lambda c: c | {"type": None}),
    "types are absent (older TGI)": each_call(
        lambda c: {k: v for k, v in c.items() if k != "type"}
    ),
    "types are of another word": each_call(lambda c: c | {"type": "tool"}),
    "calls are flat": each_call(lambda c: {"id": "x", **c["function"]}),
    "calls have fields of their own (Gemini)": each_call(
        lambda c: c | {"extra_content": {"google": {"thought_signature": "x"}}, "index": 0}
    ),
    "calls are one object": calls(lambda all_: all_[0]),
    "calls are a JSON text": calls(json.dumps),
    "calls are called toolCalls": message(lambda m: m.update(toolCalls=m.pop("tool_calls"))),
    "one function_call (before tools)": message(legacy),
    "calls are parts of the content (tool_use)": parts("tool_use", "input"),
    "calls are parts of the content (tool_call)": parts("tool_call", "arguments"),
    "arguments of nothing are an empty text": text_of_arguments(lambda t: "" if t == "{}" else t),
    "arguments of nothing are null": text_of_arguments(lambda t: None if t == "{}" else t),
    "arguments of nothing are the text null": text_of_arguments(
        lambda t: "null" if t == "{}" else t
    ),
    "arguments of nothing are an empty list (PHP)": text_of_arguments(
        lambda t: "[]" if t == "{}" else t
    ),
}

MESSAGES: Mapping[str, Oddity] = {
    "thoughts beside (reasoning_content)": message(lambda m: m.update(reasoning_content=THINKING)),
    "thoughts beside (reasoning)": message(
        lambda m: m.update(
            reasoning="Hm.", reasoning_details=[{"type": "reasoning.text", "text": "Hm."}]
        )
    ),
    "thoughts in the content": message(lambda m: m.update(content=THINKING)),
    "prose in the content": message(lambda m: m.update(content="Let me answer that.")),
    "content is a list of parts": message(
        lambda m: m.update(content=[{"type": "text", "text": "Well."}])
    ),
    "content is a list of thoughts and text (Magistral)": message(
        lambda m: m.update(
            content=[
                {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
                {"type": "text", "text": ""},
            ]
        )
    ),
    "content is absent": message(lambda m: m.pop("content")),
    "content is an empty list": message(lambda m: m.update(content=[])),
    "role is absent": message(lambda m: m.pop("role")),
    "role is model": message(lambda m: m.update(role="model")),
    "fields that nobody knows": message(
        lambda m: m.update(
            refusal=None, annotations=[], audio=None, provider_specific_fields={"x": 1}
        )
    ),
    "the message is called delta": choice(lambda c: c.update(delta=c.pop("message"))),
    "finish_reason is stop": choice(lambda c: c.update(finish_reason="stop")),
    "finish_reason is null": choice(lambda c: c.update(finish_reason=None)),
    "finish_reason is absent": choice(lambda c: c.pop("finish_reason")),
    "finish_reason is function_call": choice(lambda c: c.update(finish_reason="function_call")),
    "finish_reason is another word": choice(lambda c: c.update(finish_reason="eos_token")),
    "choices without an index": choice(lambda c: c.pop("index")),
    "choices are one object": body(lambda w: w.update(choices=w["choices"][0])),
    "content and calls in two choices (Copilot)": body(
        lambda w: w["choices"].insert(
            0,
            {
                "index": 0,
                "message": {"role": "assistant", "content": "I look."},
                "finish_reason": "stop",
            },
        )
    ),
    "usage is absent": body(lambda w: {k: v for k, v in w.items() if k != "usage"}),
    "usage is null": body(lambda w: w.update(usage=None)),
    "usage is of nulls": body(
        lambda w: w.update(usage={"prompt_tokens": None, "completion_tokens": None})
    ),
    "usage is of texts": body(
        lambda w: w.update(usage={"prompt_tokens": "9", "prompt_tokens_details": "x"})
    ),
    "id, object, created and model are absent": body(lambda w: {"choices": w["choices"]}),
    "created is a text": body(lambda w: w.update(created="2026-03-03T18:00:00Z", id=7)),
    "an error that is null": body(lambda w: w.update(error=None)),
}

BODIES: Mapping[str, Oddity] = {
    "Ollama's own form": body(native),
    "OpenAI's responses": body(responses),
    "in an envelope (Cloudflare)": body(lambda w: {"result": w, "success": True, "errors": []}),
    "in a list of one": body(lambda w: [w]),
    "a text type": body(lambda w: Wire(json.dumps(w).encode(), "text/plain; charset=utf-8")),
    "no type": body(lambda w: Wire(json.dumps(w).encode(), "")),
    "a byte order mark": body(lambda w: Wire(b"\xef\xbb\xbf" + json.dumps(w).encode())),
    "pretty-printed with blanks in front": body(
        lambda w: Wire(b"\n\n  " + json.dumps(w, indent=2).encode())
    ),
    "raw characters of control in texts": body(
        lambda w: Wire(json.dumps(w).replace('"index"', '"x": "a\tb", "index"').encode())
    ),
    "the end of a stream behind (9router 3492)": body(
        lambda w: Wire(json.dumps(w).encode() + b"\n\ndata: [DONE]\n\n")
    ),
    "one event that holds it all": body(
        lambda w: Wire(f"data: {json.dumps(w)}\n\ndata: [DONE]\n\n".encode(), "text/event-stream")
    ),
    "a stream (LiteLLM 25766)": body(events),
    "a stream called JSON": body(lambda w: Wire(events(w).data)),
    "a stream with lines of CR LF": body(
        lambda w: Wire(events(w).data.replace(b"\n", b"\r\n"), "text/event-stream")
    ),
    "a stream with single line ends": body(lambda w: events(w, apart="\n", end="data: [DONE]\n")),
    "a stream with comments and names of events": body(
        lambda w: Wire(
            b': hello\n\nevent: ping\ndata: {"type": "ping"}\n\nid: 1\n' + events(w).data,
            "text/event-stream",
        )
    ),
    "a stream without blanks behind data:": body(
        lambda w: Wire(events(w).data.replace(b"data: ", b"data:"), "text/event-stream")
    ),
    "a stream without an end": body(lambda w: events(w, end="")),
    "a stream without a finish_reason": body(lambda w: events(w, finish=False)),
    "a stream without both, ended whole": body(lambda w: events(w, finish=False, end="")),
    "a stream without index (Ollama 7881)": body(lambda w: events(w, index=lambda _: {})),
    "a stream of whole calls, all of index 0 (Ollama 15457)": body(
        lambda w: events(w, size=10**6, index=lambda _: {"index": 0})
    ),
    "a stream with index as a text": body(lambda w: events(w, index=lambda i: {"index": str(i)})),
    "a stream that repeats id and name": body(lambda w: events(w, repeats=("id", "type", "name"))),
    "a stream that repeats names, without index": body(
        lambda w: events(w, index=lambda _: {}, repeats=("name",))
    ),
    "a stream of single characters": body(lambda w: events(w, size=1)),
    "lines of JSON": body(
        lambda w: Wire(
            b"\n".join(
                line.removeprefix(b"data: ") for line in events(w).data.split(b"\n") if b"{" in line
            ),
            "application/x-ndjson",
        )
    ),
}

TEXTS: Mapping[str, Oddity] = {
    "Hermes, Qwen": in_text(lambda m: f"<tool_call>\n{as_json()(m)}\n</tool_call>"),
    "Hermes behind prose": in_text(
        lambda m: f"<tool_call>\n{as_json()(m)}\n</tool_call>", around="I will look.\n{}"
    ),
    "Hermes before prose": in_text(
        lambda m: f"<tool_call>\n{as_json()(m)}\n</tool_call>", around="{}\nThis will help."
    ),
    "Hermes without its end": in_text(lambda m: f"<tool_call>\n{as_json()(m)}"),
    "Hermes without its beginning": in_text(lambda m: f"{as_json()(m)}\n</tool_call>"),
    "Hermes with Python's quotes": in_text(
        lambda m: "<tool_call>\n{}\n</tool_call>".replace("{}", f"{m[0]}\n{m[1]!r}")
    ),
    "thoughts and then Hermes": in_text(
        lambda m: f"<tool_call>{as_json()(m)}</tool_call>", around=THINKING + "\n{}"
    ),
    "thoughts without a beginning": in_text(
        as_json(), around="Hm. answer({}) maybe.</think>\n\n{}"
    ),
    "at the end of thoughts without an end (vLLM 39056)": in_text(
        lambda m: f"<tool_call>{as_json()(m)}</tool_call>", around="<think>So I call it.\n{}"
    ),
    "Mistral": in_text(as_json(), join=", ", around="[TOOL_CALLS][{}]"),
    "Mistral since 2025": in_text(lambda m: f"[TOOL_CALLS]{m[0]}[ARGS]{json.dumps(m[1])}", join=""),
    "Mistral with ids": in_text(
        lambda m: f"[TOOL_CALLS]{m[0]}[CALL_ID]aB3dE6gH9[ARGS]{json.dumps(m[1])}", join=""
    ),
    "Mistral without marks": in_text(as_json(), join=", ", around="[{}]"),
    "Llama 3": in_text(as_json("parameters"), join="; "),
    "Llama 3 with its mark": in_text(
        as_json("parameters"), join="; ", around="<|python_tag|>{}<|eom_id|>"
    ),
    "Llama 3.1 with functions as tags": in_text(
        lambda m: f"<function={m[0]}>{json.dumps(m[1])}</function>"
    ),
    "Llama 4, Python's calls": in_text(
        python_call, join=", ", around="<|python_start|>[{}]<|python_end|>"
    ),
    "Python's calls without marks": in_text(python_call, join=", ", around="[{}]"),
    "LFM2": in_text(python_call, join=", ", around="<|tool_call_start|>[{}]<|tool_call_end|>"),
    "Olmo 3": in_text(python_call, around="<function_calls>\n{}\n</function_calls>"),
    "Gemma 3, tool_code": in_text(python_call, around="```tool_code\n{}\n```"),
    "Gemma 4": in_text(lambda m: f"<|tool_call>call:{m[0]}{gemma(m[1])}<tool_call|>", join=""),
    "FunctionGemma": in_text(
        lambda m: f"<start_function_call>call:{m[0]}{gemma(m[1], '<escape>')}<end_function_call>",
        join="",
    ),
    "Qwen3 Coder": in_text(
        tags(
            "<tool_call>\n<function=NAME>\n",
            "<parameter=KEY>\nVALUE\n</parameter>\n",
            "</function>\n</tool_call>",
        )
    ),
    "Qwen3 Coder without its beginning": in_text(
        tags(
            "<function=NAME>\n",
            "<parameter=KEY>\nVALUE\n</parameter>\n",
            "</function>\n</tool_call>",
        )
    ),
    "Qwen3 Coder without ends of parameters": in_text(
        tags(
            "<tool_call>\n<function=NAME>\n",
            "<parameter=KEY>\nVALUE\n",
            "</function>\n</tool_call>",
        )
    ),
    "Seed-OSS": in_text(
        tags(
            "<seed:tool_call>\n<function=NAME>\n",
            "<parameter=KEY>VALUE</parameter>\n",
            "</function>\n</seed:tool_call>",
        )
    ),
    "MiniMax M2": in_text(
        tags('<invoke name="NAME">\n', '<parameter name="KEY">VALUE</parameter>\n', "</invoke>"),
        around="<minimax:tool_call>\n{}\n</minimax:tool_call>",
    ),
    "MiniMax M1": in_text(as_json(), around="<tool_calls>\n{}\n</tool_calls>"),
    "DeepSeek V3": in_text(
        lambda m: (
            f"<{BAR}tool{LOW}call{LOW}begin{BAR}>function<{BAR}tool{LOW}sep{BAR}>{m[0]}\n```json\n{json.dumps(m[1])}\n```<{BAR}tool{LOW}call{LOW}end{BAR}>"
        ),
        around=f"<{BAR}tool{LOW}calls{LOW}begin{BAR}>{{}}<{BAR}tool{LOW}calls{LOW}end{BAR}>",
    ),
    "DeepSeek V3.1": in_text(
        lambda m: (
            f"<{BAR}tool{LOW}call{LOW}begin{BAR}>{m[0]}<{BAR}tool{LOW}sep{BAR}>{json.dumps(m[1])}<{BAR}tool{LOW}call{LOW}end{BAR}>"
        ),
        join="",
    ),
    "DeepSeek V3.2 (DSML)": in_text(
        tags(
            f'<{BAR}DSML{BAR}invoke name="NAME">\n',
            f'<{BAR}DSML{BAR}parameter name="KEY" string="false">VALUE</{BAR}DSML{BAR}parameter>\n',
            f"</{BAR}DSML{BAR}invoke>",
        ),
        around=f"<{BAR}DSML{BAR}function_calls>\n{{}}\n</{BAR}DSML{BAR}function_calls>",
    ),
    "DeepSeek V3.2 with an object": in_text(
        lambda m: (
            f'<{BAR}DSML{BAR}invoke name="{m[0]}">\n{json.dumps(m[1])}\n</{BAR}DSML{BAR}invoke>'
        )
    ),
    "Step 3": in_text(
        tags(
            f'<{BAR}tool_call_begin{BAR}>function<{BAR}tool_sep{BAR}><steptml:invoke name="NAME">',
            '<steptml:parameter name="KEY">VALUE</steptml:parameter>',
            f"</steptml:invoke><{BAR}tool_call_end{BAR}>",
        )
    ),
    "GLM 4.5": in_text(
        tags(
            "<tool_call>NAME\n",
            "<arg_key>KEY</arg_key>\n<arg_value>VALUE</arg_value>\n",
            "</tool_call>",
        )
    ),
    "GLM 4.7": in_text(
        tags(
            "<tool_call>NAME", "<arg_key>KEY</arg_key><arg_value>VALUE</arg_value>", "</tool_call>"
        ),
        join="",
    ),
    "Kimi K2": in_text(
        lambda m: (
            f"<|tool_call_begin|>functions.{m[0]}:0<|tool_call_argument_begin|>{json.dumps(m[1])}<|tool_call_end|>"
        ),
        join="",
        around="<|tool_calls_section_begin|>{}<|tool_calls_section_end|>",
    ),
    "gpt-oss": in_text(
        lambda m: (
            f"<|channel|>commentary to=functions.{m[0]} <|constrain|>json<|message|>"
            f"{json.dumps(m[1])}<|call|>"
        ),
        join="<|start|>assistant",
        around="<|channel|>analysis<|message|>We call answer.<|end|><|start|>assistant{}",
    ),
    "gpt-oss without its tokens": in_text(
        lambda m: f"commentary to=functions.{m[0]} json{json.dumps(m[1])}"
    ),
    "Granite 3": in_text(as_json(), join=", ", around="<|tool_call|>[{}]"),
    "Granite 20B": in_text(lambda m: f"<function_call> {as_json()(m)}", join=" "),
    "Phi 4 mini": in_text(as_json(), join=", ", around="functools[{}]"),
    "Command R7B": in_text(
        as_json("parameters", "tool_name"),
        join=", ",
        around="<|START_THINKING|>Hm.<|END_THINKING|><|START_ACTION|>[{}]<|END_ACTION|>",
    ),
    "Nemotron": in_text(as_json(), join=", ", around="<TOOLCALL>[{}]</TOOLCALL>"),
    "Jamba, Hunyuan": in_text(as_json(), join=", ", around="<tool_calls>[{}]</tool_calls>"),
    "InternLM": in_text(
        as_json("parameters"), around="I look.<|action_start|><|plugin|>\n{}<|action_end|>\n"
    ),
    "Apertus": in_text(
        lambda m: json.dumps({m[0]: m[1]}), join=", ", around="<|tools_prefix|>[{}]<|tools_suffix|>"
    ),
    "Functionary": in_text(lambda m: f">>>{m[0]}\n{json.dumps(m[1])}"),
    "LM Studio": in_text(as_json(), around="[TOOL_REQUEST]\n{}\n[END_TOOL_REQUEST]"),
    "LM Studio 1177": in_text(as_json("args", "tool"), around="[TOOL_CALL] {} [/TOOL_CALL]"),
    "llama.cpp's own form": in_text(
        lambda m: json.dumps({"tool_call": {"name": m[0], "arguments": m[1]}})
    ),
    "llama.cpp's own form, several": in_text(as_json(), join=", ", around='{"tool_calls": [{}]}'),
    "as in OpenAI's field, as text": in_text(
        lambda m: json.dumps(
            {"type": "function", "function": {"name": m[0], "arguments": json.dumps(m[1])}}
        )
    ),
    "in a fence behind prose": in_text(as_json(), around="Here it is:\n" + FENCE),
    "with action and action_input": in_text(as_json("action_input", "action"), around=FENCE),
    "ReAct": in_text(
        lambda m: f"Thought: I look.\nAction: {m[0]}\nAction Input: {json.dumps(m[1])}"
    ),
    "elements (Cline)": in_text(tags("<NAME>\n", "<KEY>VALUE</KEY>\n", "</NAME>")),
    "a name and arguments as elements (MiniMax)": in_text(
        lambda m: (
            f"<tool_call>\n<tool_name>{m[0]}</tool_name>\n<parameters>{json.dumps(m[1])}</parameters>\n</tool_call>"
        )
    ),
}

ODDITIES: Mapping[str, Oddity] = {**ARGUMENTS, **CALLS, **MESSAGES, **BODIES, **TEXTS}
