"""The shipped language model through a real vLLM says what the decoder in numpy says.

`make vllm-smoke`; VLLM=/path/to/vllm names another one.
"""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.twin.imagination.language.worlds import world
from tests.vllm.vllm_server import MODEL, VllmServer
from tools.causal_lm.card import SHIPPED
from tools.causal_lm.opening import open_causal_lm
from twin.imagination.language.composing import Speaker
from twin.imagination.language.llama import read_prefix
from twin.imagination.language.sentences import WORST, told
from twin.imagination.scenario_check import check_scenario
from twin.nouns.risk_scenario import RiskScenario

VLLM = os.environ.get("VLLM", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not VLLM, reason="no vLLM is named: make vllm-smoke"),
]

PAGE = (Path(__file__).parents[2] / "docs" / "causal-lm.md").read_text("utf-8")

LIKELIEST, WITHIN = 20, 1e-3

FLAGS = ("--tool-call-parser", "hermes", "--dtype", "float32", "--max-logprobs", str(LIKELIEST))


def _likeliest(server: VllmServer, words: Sequence[int]) -> dict[int, float]:
    """Log-probabilities of what comes next, as the server says them."""
    asked = {
        "model": MODEL,
        "prompt": list(words),
        "max_tokens": 1,
        "temperature": 0.0,
        "logprobs": LIKELIEST,
        "return_tokens_as_token_ids": True,
    }
    request = urllib.request.Request(
        f"{server.url}/completions",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120.0) as reply:
        said = json.load(reply)["choices"][0]["logprobs"]["top_logprobs"][0]
    return {int(token.removeprefix("token_id:")): value for token, value in said.items()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    """One that serves what ships."""
    log = tmp_path_factory.mktemp("server") / "vllm.log"
    with VllmServer(Path(VLLM), SHIPPED.parent, log, FLAGS) as started:
        yield started


def test_vllm_and_numpy_agree_on_the_likeliest_words(server: VllmServer) -> None:
    twin, space, _ = world("sndlib/abilene")
    model = open_causal_lm()
    speaker = Speaker.of(model, twin, twin.state(), space.strikes)
    before = speaker.dependencies.of_network()
    apart = []
    for point in speaker.compose(space, WORST, 5, np.random.default_rng(0)):
        sentence = told(point, WORST, speaker.lexicon, speaker.dependencies).words
        for end in (2, 4, len(sentence)):
            words = [*before, *sentence[:end]]
            theirs = _likeliest(server, words)
            ours = model.log_probs(read_prefix(model, np.array(words)).hidden)
            assert len(theirs) >= LIKELIEST
            apart.append(max(abs(float(ours[x]) - value) for x, value in theirs.items()))
    print(f"{len(apart)} places, at most {max(apart):.1e} apart: {server.version()}")
    assert len(apart) == 3 * 5
    assert max(apart) < WITHIN


def test_example_of_the_page_says_a_day_that_can_be(server: VllmServer) -> None:
    twin, _, _ = world("sndlib/abilene")
    found = re.search(r"```python\n# file: say_day.py\n(.*?)```", PAGE, re.DOTALL)
    assert found
    said = subprocess.run(
        [sys.executable, "-c", found[1], server.url, MODEL],
        capture_output=True, text=True, timeout=300.0, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    state = twin.state()
    scenario = RiskScenario.model_validate_json(said.stdout)
    check_scenario(scenario, state.topology, state.running)
