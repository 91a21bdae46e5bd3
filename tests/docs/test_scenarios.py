"""Every example of docs/scenarios.md is loaded and put on stage; the schema is kept up to date."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from evals.commands import register
from evals.stage import case_names, designed_inventory, load_case, scenario_schema, stage
from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.case_world import AnnouncedWork, CaseWorld
from twin.errors import BadCase
from twin.events.fault import BY_KIND

DOCS = Path(__file__).parents[2] / "docs"

PAGE = (DOCS / "scenarios.md").read_text("utf-8")

EXAMPLES = {
    found["file"]: found["text"]
    for found in re.finditer(r"```yaml\n# file: (?P<file>\S+)\n(?P<text>.*?)```", PAGE, re.DOTALL)
}


def _truth(name: str) -> Any:
    return yaml.safe_load(EXAMPLES[name])["truth"]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_example_is_put_on_stage(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
    case = load_case(str(tmp_path / name))
    network = stage(case, 1, tmp_path / "networks" / "live.sqlite")
    designed = designed_inventory(case.world)
    for event in case.truth.events:
        event.fault.check(designed.topology, designed.intended)
    network.close()


def test_the_page_has_an_example_of_every_kind_and_names_every_key() -> None:
    kinds = [e["fault"]["kind"] for name in EXAMPLES for e in _truth(name).get("events", ())]
    assert set(kinds) == set(BY_KIND)
    assert len(re.findall("```", PAGE)) == 2 * len(EXAMPLES)
    shown = {key for name in EXAMPLES for key in _truth(name)}
    assert shown == set(CaseTruth.model_fields)
    for key in [*CaseWorld.model_fields, *CaseTruth.model_fields]:
        assert f"| `{key}` |" in PAGE


def test_what_the_page_says_of_a_key_that_is_left_out_is_so() -> None:
    for fields in (CaseWorld.model_fields, CaseTruth.model_fields):
        for key, field in fields.items():
            (said,) = re.findall(rf"\| `{key}` \| .* \| (.*) \|", PAGE)
            default = "required" if field.is_required() else field.default or "none"
            assert said == (str(default) if isinstance(default, str) else f"{default:g}") or (
                float(said) == default
            )


def test_the_schema_beside_the_page_is_the_one_that_is_printed() -> None:
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["scenarios", "--schema"], catch_exceptions=False)
    kept = json.loads((DOCS / "scenarios.schema.json").read_text("utf-8"))
    assert kept == json.loads(result.stdout) == scenario_schema()


def test_the_schema_has_what_a_file_says_of_work_and_time() -> None:
    kinds: Any = scenario_schema()["$defs"]
    assert set(kinds["AnnouncedWork"]["properties"]) == set(AnnouncedWork.model_fields)
    assert kinds["CaseWorld"]["properties"]["starts_s"]["anyOf"][1]["format"] == "date-time"
    referred = set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(scenario_schema())))
    assert referred == set(kinds)


def test_every_shipped_scenario_has_only_keys_that_the_schema_knows() -> None:
    kinds: Any = scenario_schema()["$defs"]
    for name in case_names():
        case = load_case(name)
        assert set(case.world.model_dump()) <= set(kinds["CaseWorld"]["properties"])
        assert set(case.truth.model_dump()) <= set(kinds["CaseTruth"]["properties"])


def test_work_that_lacks_a_time_is_named_by_its_place(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(EXAMPLES["planned_work.yaml"].replace("at_s: 3300, ", ""), encoding="utf-8")
    with pytest.raises(BadCase, match=r"world\.planned_work\.0\.at_s: Field required"):
        load_case(str(file))
