"""A question about a customer is answered with the name, and the model's server never reads it."""

import json
from pathlib import Path

import pytest

from evals.model_server import ModelServer, Script
from evals.model_server.behaviours import Call
from tests.channels.conftest import inventory_of, noctua
from tools.models.pseudonyms import Pseudonyms, names_of, state_key


@pytest.mark.slow
@pytest.mark.parametrize("pseudonyms", ["always", "never"])
def test_customer_in_a_question_is_seen_only_by_a_model_that_may_see_it(
    state: Path, monkeypatch: pytest.MonkeyPatch, pseudonyms: str
) -> None:
    inventory = inventory_of(state)
    customer, service = inventory.services[0].customer, inventory.services[0].id
    ours = Pseudonyms(names_of(inventory), state_key(state))
    shown = {n: ours.hide(n) if pseudonyms == "always" else n for n in (customer, service)}
    open_ = {"service": "", "node": "", "over_link": "", "traffic_class": ""}
    looks_up = Call(tool="list_services", arguments={**open_, "customer": shown[customer]})
    says = f"{shown[customer]} has {shown[service]}."
    answers = Call(tool="answer", arguments={"text": says, "citations": ["R1"], "declined": False})
    with ModelServer(Script(roles={"conversation": (looks_up, answers)})) as server:
        monkeypatch.setenv("NOCTUA_MODEL", "openai:double")
        monkeypatch.setenv("NOCTUA_MODEL_URL", server.url)
        monkeypatch.setenv("NOCTUA_MODEL_PSEUDONYMS", pseudonyms)
        code, output, _ = noctua(state, "ask", f"Which services does {customer} have?")
        sent = json.dumps([r.body for r in server.requests], ensure_ascii=False)
    assert code == 0
    assert f"{customer} has {service}." in output
    assert "answered by openai:double" in output
    names = {s.customer for s in inventory.services} | {s.id for s in inventory.services}
    seen = {name for name in names if name in sent}
    if pseudonyms == "always":
        assert seen == set()
    else:
        assert {customer, service} <= seen
