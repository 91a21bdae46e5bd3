"""The weights that ship are those of their card, and whatever is not is refused."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tools.policies import policy_named, policy_names
from tools.ranker.card import SHIPPED, RankerCard, read_card
from tools.ranker.opening import MOST_BYTES, open_ranker
from twin.errors import BadInput
from twin.remediation.choices import WAIT, count
from twin.remediation.conformance import check_policy
from twin.remediation.disposal import dispose
from twin.remediation.episode import Episode
from twin.remediation.held_out import HELD_OUT
from twin.remediation.playing import evening_of, twin_of
from twin.remediation.ranking.seen import seen
from twin.remediation.situation import Priced, Situation

NETWORK = "sndlib/polska"


def _situation() -> Situation:
    twin = twin_of(NETWORK)
    return evening_of(twin, 1).situation(0, twin.inventory.intended)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The card of a copy of what ships."""
    for path in (SHIPPED, SHIPPED.with_name(read_card().weights)):
        shutil.copy(path, tmp_path)
    return tmp_path / SHIPPED.name


def _with(card: Path, **changed: object) -> None:
    card.write_text(read_card(card).model_copy(update=changed).model_dump_json())


# What ships


def test_every_number_gets_a_finite_score_and_the_same_state_the_same() -> None:
    scorer, shown = open_ranker(), seen(_situation())
    scores = scorer(shown)
    assert scores.shape == (count(len(shown.tail)),)
    assert np.isfinite(scores).all()
    assert (scorer(shown) == scores).all()


def test_first_proposals_hold_what_hardly_any_other_choice_saves() -> None:
    situation = _situation()
    decision = dispose(situation, policy_named("ranker-8").propose(situation))
    every = situation.costs(situation.allowed)
    closed = (decision.tried[WAIT] - decision.tried[decision.number]) / (
        decision.tried[WAIT] - every.min()
    )
    assert len(decision.tried) == 9
    assert closed > 0.8


def test_weights_are_small_and_their_card_says_what_they_are_not() -> None:
    card = read_card()
    assert SHIPPED.with_name(card.weights).stat().st_size <= MOST_BYTES
    assert card.is_not
    assert card.parameters > 0


def test_nothing_was_learned_of_networks_that_policies_are_compared_on() -> None:
    learned = read_card().networks
    assert learned
    assert not set(learned) & set(HELD_OUT)
    assert not [name for name in learned if name.startswith("sndlib/")]


def test_inference_needs_no_torch() -> None:
    code = (
        "import sys; from tools.policies import policy_named; policy_named('ranker'); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("priced", ["loads", "services"])
def test_ranker_holds_to_what_every_policy_does(priced: Priced) -> None:
    situations = list[Situation]()
    for seed in range(3):
        rng, episode = (
            np.random.default_rng(seed),
            Episode(evening_of(twin_of(NETWORK), seed, priced)),
        )
        while not episode.ended:
            situations.append(episode.situation)
            episode.take(int(rng.choice(episode.situation.allowed)))
    check_policy(policy_named("ranker"), situations)


def test_ranker_is_a_policy_by_name() -> None:
    assert {"ranker", "ranker-K", "estimated-K"} <= set(policy_names())
    with pytest.raises(BadInput, match='no policy is called "ranker-0"'):
        policy_named("ranker-0")


# What is refused


def test_copy_opens(copied: Path) -> None:
    open_ranker(copied)


def test_weights_of_another_digest_are_refused(copied: Path) -> None:
    path = copied.with_name(read_card(copied).weights)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(BadInput, match="put the file back that belongs to the card"):
        open_ranker(copied)


def test_weights_that_are_too_large_are_refused(copied: Path) -> None:
    copied.with_name(read_card(copied).weights).write_bytes(bytes(MOST_BYTES + 1))
    with pytest.raises(BadInput, match="more than the 1048576 it may have"):
        open_ranker(copied)


def test_what_is_no_model_is_refused(copied: Path) -> None:
    copied.with_name(read_card(copied).weights).write_bytes(b"no model")
    _with(copied, sha256=hashlib.sha256(b"no model").hexdigest())
    with pytest.raises(BadInput, match="the ranker cannot be read"):
        open_ranker(copied)


def test_missing_weights_and_missing_card_are_named(copied: Path) -> None:
    copied.with_name(read_card(copied).weights).unlink()
    with pytest.raises(BadInput, match=r"ranker\.onnx: No such file"):
        open_ranker(copied)
    with pytest.raises(BadInput, match="give the card of a trained ranker"):
        open_ranker(copied.with_name("other.json"))


def test_card_without_a_digest_is_refused_by_the_name_of_the_field(copied: Path) -> None:
    copied.write_text(copied.read_text().replace("sha256", "checksum"))
    with pytest.raises(BadInput, match="sha256: Field required"):
        open_ranker(copied)


def test_weights_lie_beside_their_card(copied: Path) -> None:
    _with(copied, weights="../elsewhere.onnx")
    with pytest.raises(BadInput, match="weights"):
        open_ranker(copied)


def test_card_round_trips() -> None:
    card = read_card()
    assert RankerCard.model_validate_json(card.model_dump_json()) == card
