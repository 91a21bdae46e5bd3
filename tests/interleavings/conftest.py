"""How many interleavings are run: a sample, or with this profile what `make interleavings` runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.interleavings.seams import JournalFile
from tests.interleavings.world import begin

settings.register_profile("interleavings", max_examples=20_000)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JournalFile]:
    file = JournalFile(tmp_path / "journal.sqlite", begin)
    yield file
    file.close()
