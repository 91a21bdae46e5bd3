"""The model that ships is that of its card, says days that can be, and others are refused."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.twin.imagination.language.worlds import world
from tools.causal_lm.card import SHIPPED, LanguageCard, read_card
from tools.causal_lm.opening import MOST_BYTES, open_causal_lm
from twin.errors import BadInput
from twin.imagination.language.composing import Speaker
from twin.imagination.language.llama import HEAD_DIM
from twin.imagination.language.sentences import NO_LOSS, WORST
from twin.imagination.scenario_check import check_scenario
from twin.remediation.held_out import HELD_OUT


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The card of a copy of what ships."""
    for path in (SHIPPED, SHIPPED.with_name(read_card().weights)):
        shutil.copy(path, tmp_path)
    return tmp_path / SHIPPED.name


def _with(card: Path, **changed: object) -> None:
    card.write_text(read_card(card).model_copy(update=changed).model_dump_json())


# What ships


def test_all_that_it_says_of_a_network_can_be() -> None:
    twin, space, _ = world("sndlib/abilene")
    speaker = Speaker.of(open_causal_lm(), twin, twin.state(), space.strikes)
    for asked in (WORST, NO_LOSS):
        days = speaker.compose(space, asked, 50, np.random.default_rng(1))
        assert len(days) == 50
        for point in days:
            assert space.allows(point)
            check_scenario(space.scenario(point), twin.inventory.topology, twin.inventory.intended)


def test_weights_are_small_and_their_card_says_what_they_are_not() -> None:
    card, model = read_card(), open_causal_lm()
    assert SHIPPED.with_name(card.weights).stat().st_size <= MOST_BYTES
    assert 1_000_000 <= card.parameters <= 3_000_000
    assert model.width % HEAD_DIM == 0
    assert card.is_not
    assert card.judge


def test_nothing_was_learned_of_networks_that_anything_is_compared_on() -> None:
    learned = read_card().networks
    assert len(learned) > 100
    assert not set(learned) & set(HELD_OUT)
    assert not [name for name in learned if name.startswith(("sndlib/", "gabriel/"))]


def test_inference_needs_no_torch() -> None:
    code = (
        "import sys; from tools.causal_lm.opening import open_causal_lm; open_causal_lm(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# What is refused


def test_copy_opens(copied: Path) -> None:
    assert (open_causal_lm(copied).head == open_causal_lm().head).all()


def test_weights_of_another_digest_are_refused(copied: Path) -> None:
    path = copied.with_name(read_card(copied).weights)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(BadInput, match="put the file back that belongs to the card"):
        open_causal_lm(copied)


def test_weights_that_are_too_large_are_refused(copied: Path) -> None:
    copied.with_name(read_card(copied).weights).write_bytes(bytes(MOST_BYTES + 1))
    with pytest.raises(BadInput, match="more than the 15728640 it may have"):
        open_causal_lm(copied)


def test_what_is_no_model_is_refused(copied: Path) -> None:
    copied.with_name(read_card(copied).weights).write_bytes(b"no model")
    _with(copied, sha256=hashlib.sha256(b"no model").hexdigest())
    with pytest.raises(BadInput, match="is no file of safetensors"):
        open_causal_lm(copied)


def test_model_that_has_learned_another_language_is_refused(copied: Path) -> None:
    _with(copied, words="0" * 64)
    with pytest.raises(BadInput, match="another language than this version speaks"):
        open_causal_lm(copied)


def test_missing_weights_and_missing_card_are_named(copied: Path) -> None:
    copied.with_name(read_card(copied).weights).unlink()
    with pytest.raises(BadInput, match=r"model\.safetensors: No such file"):
        open_causal_lm(copied)
    with pytest.raises(BadInput, match="give the card of a language model"):
        open_causal_lm(copied.with_name("other.json"))


def test_card_without_a_digest_is_refused_by_the_name_of_the_field(copied: Path) -> None:
    copied.write_text(copied.read_text().replace("sha256", "checksum"))
    with pytest.raises(BadInput, match="sha256: Field required"):
        open_causal_lm(copied)


def test_card_round_trips() -> None:
    card = read_card()
    assert LanguageCard.model_validate_json(card.model_dump_json()) == card
