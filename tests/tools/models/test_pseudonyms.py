"""Names and addresses are replaced wherever they stand, and come back as they were."""

import json
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.models.pseudonyms import KEY_FILE, KINDS, Pseudonyms, state_key
from twin.errors import BadInput

KEY = b"k" * 32
NAMES = {
    "Ulme Research": "customer",
    "Ulme": "customer",
    'Joe "X" GmbH': "customer",
    "Söhne & Co": "customer",
    "svc-001": "service",
    "svc-0011": "service",
}
OURS = Pseudonyms(NAMES, KEY)


@pytest.mark.parametrize(
    "text",
    [
        "Ulme Research",
        "ULME RESEARCH is slow",
        "ulme-research-gw1 and ulme_research_gw2 and ulmeresearch's own (Ulme  Research's)",
        'Joe "X" GmbH',
        "Söhne & Co, SÖHNE & CO, SOEHNE & CO, Sohne & Co, So\u0308hne & Co",
        "svc-001 of svc-0011; SVC-001",
        r"a log line that quotes JSON: {\"to\":\"x\nUlme\", \"from\": \"Joe \"X\" GmbH\"}",
        '"Joe \\"X\\" GmbH"',
        '"S\\u00f6hne & Co"',
        "«link of Ulme Resea…» is cut",
        "write to noc.team@ulme-research.example, or to x+y@a.b.example.",
        "10.0.3.0/24 via 10.0.3.1, 2001:db8:aa::1/64, aa:bb:cc:dd:ee:ff",
        "https://portal.example/ulme?id=7 is down",
        "call +49 30 123 45 67 or 0049-30-1234567",
        "Musterstraße 12, 10115 Berlin; Am Hauptplatz 5; 221B Baker Street",
    ],
)
def test_nothing_that_says_who_is_left_and_all_of_it_comes_back(text: str) -> None:
    hidden = OURS.hide(text)
    left = re.findall(
        r"ulme(?!researchs?)|resea|joe|hne|svc-|@|10\.0|db8|bb:cc|portal|30.?123|Muster|platz|Baker",
        hidden.replace("ulmeresearch", ""),
        re.IGNORECASE,
    )
    assert left == []
    assert OURS.restore(hidden) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the ulmesearcher of svc-01112",
        "18:00:00, 2026-03-03T18:00:00Z, ::, 1.2.3, 999.1.1.1, v1.2",
        "@@ -2,7 +2,7 @@\n-  igp weight 10\n+  igp weight 60\n",
        "service-level agreement of customer-facing links",
        '{"links": [1, 2.50, 1e-07], "node":  "Frankfurt--Leipzig"}',
        "+1.2345678 and 0.0012345678",
        "cut short…",
    ],
)
def test_what_names_nobody_stays_as_it_is(text: str) -> None:
    assert OURS.hide(text) == text
    assert OURS.restore(text) == text


_PIECES = st.sampled_from(
    [
        *NAMES,
        "SVC-001",
        "ulme",
        "Ulme-Research",
        "a@b.example",
        "10.0.0.0/8",
        "::1",
        "x",
        "\n",
        "\\",
        *("…", '"', "{", "[", " ", "_", "-", "'s", ".", ":", "customer-", "n"),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=8)).map("".join))
def test_restore_undoes_hide(text: str) -> None:
    assert OURS.restore(OURS.hide(text)) == text


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(_PIECES).map("".join),
    lambda inner: st.lists(inner) | st.dictionaries(st.lists(_PIECES).map("".join), inner),
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(["a", "svc-001"]), _JSON))
def test_json_stays_json_with_the_same_meaning(value: dict[str, object]) -> None:
    for text in (json.dumps(value), "Task (JSON):\n" + json.dumps(value, ensure_ascii=False)):
        hidden = OURS.hide(text)
        document = json.loads(hidden.removeprefix("Task (JSON):\n"))
        assert OURS.restore_in(document) == value


def test_name_behind_an_escape_in_json_is_found() -> None:
    hidden = OURS.hide(json.dumps({"text": "first\nUlme Research\tsvc-001"}))
    assert "Ulme" not in hidden
    assert "svc-001" not in hidden


def test_same_key_gives_the_same_pseudonyms_and_another_key_others() -> None:
    again = Pseudonyms(dict(reversed(NAMES.items())), KEY)
    other = Pseudonyms(NAMES, b"o" * 32)
    for text in (*NAMES, "a@b.example", "10.0.0.0/8"):
        assert again.hide(text) == OURS.hide(text)
        assert other.hide(text) != OURS.hide(text)


@pytest.mark.slow
def test_no_two_names_share_a_pseudonym() -> None:
    # Twenty bits of hash: of 3000 names some would, if nobody looked.
    names = {f"Customer {i} Ltd": "customer" for i in range(3000)}
    many = Pseudonyms(names, KEY)
    hidden = {many.hide(name) for name in names}
    assert len(hidden) == len(names)
    assert all(many.restore(many.hide(name)) == name for name in names)


def test_pseudonym_says_its_kind_and_survives_case_and_endings() -> None:
    hidden = OURS.hide("Ulme")
    assert hidden.startswith("customer-")
    for written in (hidden.upper(), hidden.capitalize()):
        assert OURS.restore(f"({written}'s link, {written}-site)") == "(Ulme's link, Ulme-site)"


def test_unknown_pseudonym_is_left_alone() -> None:
    for kind in KINDS:
        assert OURS.restore(f"{kind}-aaaaa") == f"{kind}-aaaaa"


def test_schema_hides_what_it_says_and_allows_but_not_what_it_calls_things() -> None:
    schema = {
        "type": "function",
        "function": {
            "name": "Ulme",
            "description": "Ask Ulme about svc-001.",
            "parameters": {
                "properties": {
                    "svc-001": {"enum": ["svc-001", "x"], "description": "of Ulme"},
                    "description": {"const": "Ulme"},
                },
                "required": ["svc-001"],
            },
        },
    }
    hidden = OURS.hide_in_schema(schema)
    function = hidden["function"]
    assert function["name"] == "Ulme"
    assert function["parameters"]["required"] == ["svc-001"]
    assert "Ulme" not in function["description"]
    properties = function["parameters"]["properties"]
    assert properties["svc-001"] == {
        "enum": [OURS.hide("svc-001"), "x"],
        "description": f"of {OURS.hide('Ulme')}",
    }
    assert properties["description"] == {"const": OURS.hide("Ulme")}


@pytest.mark.parametrize("text", ["a" * 50_000, "1." * 25_000, "a@" * 25_000, "Aa " * 15_000])
def test_long_runs_end(text: str) -> None:
    assert OURS.hide(text) == text


def test_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    key = state_key(tmp_path)
    assert state_key(tmp_path) == key
    assert len(key) == 32
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]


def test_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    state_key(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(BadInput, match="chmod 600"):
        state_key(tmp_path)


def test_damaged_key_is_refused(tmp_path: Path) -> None:
    state_key(tmp_path)
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(BadInput, match="no key of 32 bytes"):
        state_key(tmp_path)


def test_key_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read or made"):
        state_key(tmp_path / "absent")
