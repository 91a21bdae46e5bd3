"""A network with a plan that waits for two people, built once; every attack gets a copy."""

import pytest

from evals.hostile.journal_scene import Scene, build


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return build(tmp_path_factory.mktemp("hostile") / "base")
