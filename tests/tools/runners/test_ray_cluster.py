"""ray_cluster.yaml against Ray's own schema and its own way of preparing a cluster's settings."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import yaml

if importlib.util.find_spec("ray") is None:
    pytest.skip("Ray is an extra and not installed here", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

FILE = Path(__file__).resolve().parents[3] / "ray_cluster.yaml"


@pytest.fixture
def prepared() -> dict[str, Any]:
    """What `ray up` makes of the file before it connects to anything."""
    from ray.autoscaler._private.util import prepare_config

    found: dict[str, Any] = prepare_config(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    return found


def test_cluster_file_fits_the_schema_of_ray(prepared: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import validate_config

    # `ray up` adds this one itself before it validates.
    validate_config({"cluster_synced_files": [], **prepared})


def test_wrong_field_does_not_fit_the_schema_of_ray(prepared: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import validate_config

    with pytest.raises(Exception, match="'workers' was unexpected"):
        validate_config({"cluster_synced_files": [], **prepared, "workers": 2})


def test_every_start_of_ray_asks_for_a_token_and_reports_nothing(prepared: dict[str, Any]) -> None:
    commands = [*prepared["head_start_ray_commands"], *prepared["worker_start_ray_commands"]]
    starts = [command for command in commands if " start " in command]
    assert len(starts) == 2
    for start in starts:
        assert "RAY_AUTH_MODE=token" in start
        assert "RAY_USAGE_STATS_ENABLED=0" in start
