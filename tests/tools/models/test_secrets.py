"""Keys and passwords of the environment stand in no text of a model, however they are escaped."""

import json
from urllib.parse import quote

import pytest
from langchain_core.messages import AIMessageChunk

from evals.model_server import ModelServer, Script
from evals.model_server.behaviours import Call, Prose
from tools.models.leniency.reading import whole_message
from tools.models.openai_compatible import chat_model
from tools.models.screened import ScreenedModel
from tools.models.secrets import BLANK, Secrets, secrets_of
from tools.models.settings import ModelSettings

KEY = "sk-canary/1f7e=="
PASSWORD = "open sesame"
OURS = secrets_of(
    {"SOME_KEY": KEY, "DB_PASSWORD": PASSWORD, "SHORT_TOKEN": "abc", "HOME": "/home/somebody"}
)


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        PASSWORD,
        f"x{KEY}y",
        quote(KEY, safe=""),
        json.dumps(KEY).replace("/", "\\/"),
        "".join(f"\\u{ord(c):04x}" for c in KEY),
        json.dumps("".join(f"\\u{ord(c):04X}" for c in PASSWORD)),
    ],
)
def test_secret_is_blanked_in_both_directions(text: str) -> None:
    for changed in (OURS.hide(text), OURS.restore(text)):
        assert BLANK in changed
        assert len(changed) <= len(BLANK) + 4


def test_what_is_no_secret_stays() -> None:
    text = "abc of /home/somebody, sk-canary, \\u00, 100 %"
    assert OURS.restore(text) == text
    assert not Secrets(["", "short"])
    assert KEY not in repr(OURS)


@pytest.mark.parametrize("text", [f"The key is {KEY}!", "ends in sk-can", f"{PASSWORD} {KEY}"])
def test_streamed_text_has_no_secret_wherever_it_is_cut(text: str) -> None:
    for size in range(1, len(text)):
        told, waiting = "", ""
        for at in range(0, len(text), size):
            waiting += text[at : at + size]
            keep = OURS.held_back(waiting)
            told += OURS.restore(waiting[: len(waiting) - keep])
            waiting = waiting[len(waiting) - keep :]
        assert told + OURS.restore(waiting) == OURS.restore(text)


def test_key_that_a_server_quotes_is_blanked_in_texts_calls_and_streams() -> None:
    said = (
        Prose(text=f"Your key is {KEY}."),
        Call(tool=KEY, arguments={"a": [KEY], KEY: 1}),
        Prose(text=f"Your key is {KEY}."),
        Call(tool="answer", arguments={"a": KEY}),
    )
    with ModelServer(Script(default=said)) as server:
        settings = ModelSettings(id="m", model="m", base_url=server.url)
        model = ScreenedModel(inner=chat_model(settings, environ={}), screen=OURS)
        assert model.invoke("?").text == f"Your key is {BLANK}."
        [call] = model.invoke("?").tool_calls
        assert (call["name"], call["args"]) == (BLANK, {"a": [BLANK], BLANK: 1})
        assert "".join(c.text for c in model.stream("?")) == f"Your key is {BLANK}."
        whole = None
        for chunk in model.stream(KEY):
            whole = chunk if whole is None else whole + chunk
        assert isinstance(whole, AIMessageChunk)
        assert whole_message(whole).tool_calls[0]["args"] == {"a": BLANK}
        assert KEY not in json.dumps([r.body for r in server.requests])
