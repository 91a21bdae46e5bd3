"""Formats are told apart by content, and what is of none is told which there are."""

import pytest

from twin.errors import BadTopology
from twin.sources.formats.registry import FORMATS, format_of, read_network


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_example_of_each_format_is_recognised_and_read(known: object) -> None:
    assert hasattr(known, "example")
    text = known.example
    assert format_of(text, "net") is known
    assert len(read_network(f"\ufeff{text}", "net").nodes) >= 2


@pytest.mark.parametrize("text", ["hello", "<html></html>", "\x00\x01", "a: [b", "1"])
def test_text_of_no_format_is_told_all_of_them_and_shown_an_example(text: str) -> None:
    with pytest.raises(BadTopology) as refusal:
        read_network(text, "net.txt")
    assert all(known.name in str(refusal.value) for known in FORMATS)
    assert FORMATS[0].example in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "it is empty"),
        ('{"nodes": [', "not JSON"),
        ("[" * 100 + "]" * 100, "nested deeper than 64"),
        ("[" * 100_000, "nested deeper than 64"),
        ("graph [ " + "a [ " * 100 + "] " * 101, "nested deeper than 64"),
        ("<graphml>" + "<a>" * 100 + "</a>" * 100 + "</graphml>", "nested deeper than 64"),
        ("<graphml><graph></graphml>", "not well-formed XML"),
    ],
)
def test_damaged_and_deep_texts_are_refused_by_what_is_wrong(text: str, expected: str) -> None:
    with pytest.raises(BadTopology, match=expected):
        read_network(text, "net")


def test_xml_that_defines_entities_is_refused_before_they_expand() -> None:
    levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "x" * 10}">' for i in range(12))
    text = f"<!DOCTYPE graphml [{levels}]><graphml>&e11;</graphml>"
    with pytest.raises(BadTopology, match="defines XML entities"):
        read_network(text, "net")
