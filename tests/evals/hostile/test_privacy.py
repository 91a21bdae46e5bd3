"""No name is readable in what is sent, however it is written and whatever is glued to it."""

from importlib.resources import files

import pytest

from evals.hostile.privacy import (
    KEY,
    ORDINARY,
    WRITTEN,
    all_names,
    false_hiding,
    inventories,
    play_gluings,
    play_gluings_directly,
    play_on_the_wire,
    play_spellings,
)
from evals.hostile.spellings import reads, spellings
from tools.models.pseudonyms import Pseudonyms, names_of, places_of

CUSTOMERS = dict.fromkeys(WRITTEN, "customer")
PROMPTS = [file.read_text("utf-8") for file in files("agents.prompts").iterdir() if file.is_file()]


@pytest.mark.slow
def test_no_spelling_of_a_name_is_sent_and_the_control_sees_them_all() -> None:
    rows = play_spellings({"Müller & Söhne GmbH": "customer", "svc-001": "service"})
    assert sum(row.tried for row in rows.values()) > 150
    assert {label: row.examples for label, row in rows.items() if row.read} == {}
    assert {label for label, row in rows.items() if row.control < row.tried} == set()


@pytest.mark.slow
def test_no_spelling_arrives_at_a_models_server_in_a_whole_incident() -> None:
    rows = play_on_the_wire("Ulme Research")
    assert len(rows) > 90
    assert {label: row.examples for label, row in rows.items() if row.read} == {}
    assert sum(row.control for row in rows.values()) > 90, "the control does see them"


@pytest.mark.parametrize("name", WRITTEN)
def test_no_spelling_is_left_in_a_text_and_all_of_it_comes_back(name: str) -> None:
    ours = Pseudonyms(CUSTOMERS, KEY)
    for spelt in spellings(name).values():
        text = f"of {spelt.text}, since then"
        assert not reads(spelt.core, ours.hide(text))
        assert ours.restore(ours.hide(text)) == text


@pytest.mark.parametrize("name", ["Ulme", "IBX", "3M", "Müller & Söhne GmbH", "svc-001"])
def test_what_a_model_glues_to_a_pseudonym_does_not_bring_the_name_out(name: str) -> None:
    rows = play_gluings_directly([name], {name: "customer"})
    assert {label: row.examples for label, row in rows.items() if row.read} == {}
    assert sum(row.control for row in rows.values()) > 500, "the control does see it"


@pytest.mark.slow
def test_every_gluing_is_tried_in_what_a_role_is_sent_next() -> None:
    rows = play_gluings(["Ulme", "svc-001"], {"Ulme": "customer", "svc-001": "service"})
    assert {label: row.examples for label, row in rows.items() if row.read} == {}
    assert sum(row.control for row in rows.values()) > 1000


@pytest.mark.slow
def test_names_of_networks_are_hidden_in_every_spelling() -> None:
    places = [place for inventory in inventories().values() for place in places_of(inventory)]
    rows = play_spellings(all_names(2), places)
    assert {label: row.examples for label, row in rows.items() if row.read} == {}


def test_prompts_stay_readable_with_the_customers_of_every_network() -> None:
    known = {name for inventory in inventories().values() for name in names_of(inventory)}
    assert false_hiding(PROMPTS, dict.fromkeys(known, "customer")).wrong == 0


def test_prompts_stay_readable_with_customers_who_are_called_like_words_of_them() -> None:
    cost = false_hiding(PROMPTS, dict.fromkeys(ORDINARY, "customer"))
    assert cost.words > 1500
    assert cost.wrong < cost.words / 100


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("access to the core link", "access to the core link"),
        ("Access is slow", "customer-"),
        ("ACCESS is slow", "customer-"),
        ("Frankfurt--Bonn, a link is in", "Frankfurt--Bonn, a link is in"),
        ("of Frank and Isin", "customer-"),
    ],
)
def test_name_that_is_an_ordinary_word_is_hidden_unless_it_is_written_small(
    text: str, hidden: str
) -> None:
    ours = Pseudonyms(dict.fromkeys(ORDINARY, "customer"), KEY, ["Frankfurt", "Bonn"])
    told = ours.hide(text)
    assert told == hidden if hidden == text else hidden in told
