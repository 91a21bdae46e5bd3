"""Files that people write are read for what they show."""

import pytest

from tools.strict_yaml import DEEPEST, read_yaml
from twin.errors import BadInput


def test_plain_yaml_is_read() -> None:
    text = "a: [1, 2.5, yes]\nb: {c: 2026-03-03, d: null}\n"
    assert read_yaml(text, "f.yaml")["a"] == [1, 2.5, True]
    assert read_yaml("", "f.yaml") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("soak_s: 60\nother: 1\nsoak_s: 0\n", 'line 3: the key "soak_s" stands there twice'),
        ("a:\n  b: 1\n  'b': 2\n", 'line 3: the key "b" stands there twice'),
        ("a: &x [1]\nb: *x\n", "line 2: an alias"),
        ("<<: {a: 1}\n", "line 1: a merge"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "line 1: it is nested more than 32 deep"),
        ("[" * 100_000, "nested more than 32 deep"),
        ("a: [1\n", "is not YAML (line 2)"),
        ("a: !!python/object:os.system 1\n", "is not YAML (line 1)"),
        ("a: 2026-13-45\n", "cannot read"),
        ("a: " + "9" * 5000 + "\n", "cannot read"),
        ("key: sk-secret: x\n", "is not YAML (line 1)"),
    ],
)
def test_what_could_mean_something_else_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_yaml(text, "policy.yaml")
    assert str(caught.value).startswith("policy.yaml: ")
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
