from pathlib import Path

import pytest

from graphs.detectors import detectors
from twin.errors import BadInput
from twin.tracking.detectors import SHIPPED

QUIET = """
class Quiet:
    name = "quiet"
    watches = ()

    def __init__(self, belief, kept):
        pass


NOTHING = object()
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution "quiet" whose entry point the test writes."""
    (tmp_path / "quiet_detectors.py").write_text(QUIET)
    described = tmp_path / "quiet-3.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: quiet\nVersion: 3.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    return described / "entry_points.txt"


def test_detectors_of_other_packages_watch_behind_those_that_ship(site: Path) -> None:
    site.write_text("[noctua.detectors]\nquiet = quiet_detectors:Quiet\n")
    *shipped, brought = detectors()
    assert tuple(shipped) == SHIPPED
    assert (brought.name, brought.watches) == ("quiet", ())


def test_what_is_no_detector_names_its_distribution(site: Path) -> None:
    site.write_text("[noctua.detectors]\nquiet = quiet_detectors:NOTHING\n")
    with pytest.raises(BadInput, match=r'"quiet 3\.0"'):
        detectors()
