"""A network is opened by a file that names its driver; a wrong file is an error for people."""

from pathlib import Path

import pytest

from tools.network.driver import network_entry, network_names, network_now_s, open_network
from twin.errors import BadInput


def _described(folder: Path, text: str, name: str = "lab") -> None:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_networks_are_listed_once_whichever_files_they_have(tmp_path: Path) -> None:
    for name in ("b.sqlite", "a.yaml", "b.yaml", "b.sqlite-wal"):
        (tmp_path / name).touch()
    assert network_names(tmp_path) == ("a", "b")


def test_a_network_that_no_file_describes_is_emulated(tmp_path: Path) -> None:
    (tmp_path / "live.sqlite").touch()
    entry = network_entry(tmp_path, "live")
    assert (entry.driver, entry.settings, entry.described) == ("emulated", {}, False)


def test_all_other_keys_are_the_driver_s(tmp_path: Path) -> None:
    _described(tmp_path, "driver: emulated\nname: lab\nfile: other.sqlite\n")
    entry = network_entry(tmp_path, "lab")
    assert (entry.driver, entry.settings) == ("emulated", {"file": "other.sqlite"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("driver: [", "is not YAML"),
        ("- driver", "must name the driver"),
        ("name: lab", "must name the driver"),
        ("driver: emulated\nname: bal", 'describes "bal"'),
    ],
)
def test_a_file_that_describes_no_network_is_named(
    tmp_path: Path, text: str, expected: str
) -> None:
    _described(tmp_path, text)
    with pytest.raises(BadInput, match=expected) as refused:
        network_entry(tmp_path, "lab")
    assert "lab.yaml" in str(refused.value)


def test_a_network_that_is_not_there_is_told_with_a_near_name(tmp_path: Path) -> None:
    _described(tmp_path, "driver: emulated\nname: lab\n")
    with pytest.raises(BadInput, match='did you mean "lab"'):
        network_entry(tmp_path, "lap")


@pytest.mark.parametrize("use", [lambda e: open_network(e, None), network_now_s])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("driver: emulatd\nname: lab\n", 'did you mean "emulated"'),
        ("driver: emulated\nname: lab\nfil: x\n", 'key "fil" of the driver emulated'),
        ("driver: emulated\nname: lab\nfile: 7\n", 'key "file" of the driver emulated'),
    ],
)
def test_a_wrong_driver_or_setting_is_told(
    tmp_path: Path, text: str, expected: str, use: object
) -> None:
    _described(tmp_path, text)
    assert callable(use)
    with pytest.raises(BadInput, match=expected):
        use(network_entry(tmp_path, "lab"))
