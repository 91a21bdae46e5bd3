"""What other distributions bring is found by name, and blamed by distribution."""

from pathlib import Path

import pytest

from tools.provided import DETECTORS, DRIVERS, load, provided
from twin.errors import BadInput

NO_MODULE = "no_such_module_of_anybodys:Driver"


def install(folder: Path, distribution: str, group: str, entry: str) -> None:
    """A distribution with one entry point, as an installer writes it."""
    described = folder / f"{distribution}-2.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.0\n"
    )
    (described / "entry_points.txt").write_text(f"[{group}]\n{entry}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which distributions are found."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_our_own_driver_is_found_in_the_same_way() -> None:
    assert provided(DRIVERS)["emulated"].value == "tools.network.emulated.driver:EmulatedDriver"


def test_a_provider_that_cannot_be_loaded_is_named_with_its_distribution(site: Path) -> None:
    install(site, "broken", DRIVERS, f"broken = {NO_MODULE}")
    with pytest.raises(BadInput, match=r'"broken" of the distribution "broken 2\.0".*uninstall'):
        load(DRIVERS, "broken")


def test_a_path_is_searched_once_and_a_longer_one_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = provided(DETECTORS)
    install(tmp_path, "late", DETECTORS, f"late = {NO_MODULE}")
    assert provided(DETECTORS) is before
    monkeypatch.syspath_prepend(tmp_path)
    assert set(provided(DETECTORS)) == {*before, "late"}


def test_one_name_of_two_distributions_is_refused(site: Path) -> None:
    for distribution in ("first", "second"):
        install(site, distribution, DETECTORS, f"same = {NO_MODULE}")
    with pytest.raises(BadInput, match=r'both "\w+ 2\.0" and "\w+ 2\.0" bring "same"'):
        provided(DETECTORS)


def test_a_name_that_nobody_brings_is_told_with_a_near_one() -> None:
    with pytest.raises(BadInput, match='did you mean "emulated"'):
        load(DRIVERS, "emulatd")
