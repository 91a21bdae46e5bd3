"""Whatever ships trained is listed with its digest, and what was altered is found."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels.cli.models import models
from tools.trained import CARDS, READERS, trained_models, verified

TRAINED_ENDINGS = (".onnx", ".safetensors", ".npz", ".pt", ".bin")


def test_what_ships_is_what_the_cards_describe() -> None:
    assert set(READERS) == set(CARDS)
    assert [model.name for model in trained_models()] == list(CARDS)
    assert verified() == dict.fromkeys(CARDS, "")


def test_every_file_of_weights_in_the_tree_is_on_a_card() -> None:
    root = Path(__file__).resolve().parents[2]
    lying = {
        path
        for package in ("twin", "tools", "agents", "graphs", "channels", "evals")
        for path in (root / package).rglob("*")
        if path.suffix in TRAINED_ENDINGS
    }
    assert lying == {Path(model.card).with_name(model.weights) for model in trained_models()}


@pytest.mark.parametrize("name", CARDS)
def test_altered_and_missing_weights_are_found(name: str, tmp_path: Path) -> None:
    card = shutil.copy(CARDS[name], tmp_path)
    weights = CARDS[name].with_name(READERS[name](CARDS[name]).weights)
    cards = {name: Path(card)}
    assert "No such file" in verified(cards)[name]
    altered = bytearray(weights.read_bytes())
    altered[7] ^= 1
    (tmp_path / weights.name).write_bytes(altered)
    assert "its SHA-256 is" in verified(cards)[name]


def test_commands_list_and_verify_them() -> None:
    listed = CliRunner().invoke(models, ["list"])
    assert listed.exit_code == 0
    assert all(name in listed.output for name in CARDS)
    checked = CliRunner().invoke(models, ["verify"])
    assert checked.exit_code == 0
    assert checked.output.count("as its card describes it") == len(CARDS)
