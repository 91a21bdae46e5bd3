"""Puts a scripted incident on stage: from a case file to a network that runs it."""

import re
import time
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, JsonValue
from pydantic.json_schema import models_json_schema

from channels.planning.reading import is_file, network_in, text_of
from graphs.state_directory import make_folder
from tools.network.emulated.case_truth import CaseTruth, load_case_truth
from tools.network.emulated.case_world import AnnouncedWork, CaseWorld, load_case_world
from tools.network.emulated.network import EmulatedNetwork
from twin.errors import BadCase
from twin.nouns.inventory import Inventory
from twin.sources.formats.registry import FORMATS
from twin.sources.world import WorldSpec, build_inventory, inventory_of

CASES = Path(__file__).parent / "cases"

_QUIET_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Case:
    """A scripted incident: what anybody may know, and what only the network and evaluators may."""

    world: CaseWorld
    truth: CaseTruth

    @property
    def id(self) -> str:
        """The neutral name."""
        return self.world.id


def case_names() -> tuple[str, ...]:
    """The shipped cases, in order."""
    return tuple(sorted(path.stem for path in CASES.glob("*.yaml")))


def load_case(name: str, traffic: Path | None = None) -> Case:
    """A shipped case by name, a case file by path, or a quiet case of the network in a file.

    `traffic`: the file of its demands, of a network in a file.

    Raises:
        BadInput: there is none, or it does not validate.
    """
    path = CASES / f"{name}.yaml"
    if name not in case_names():
        path = Path(name)
    if not is_file(str(path)):
        near = get_close_matches(name, case_names(), n=1)
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        raise BadCase(f'no scenario "{name}"{hint}; `noctua scenarios` lists them, or give a file')
    text = text_of(path)
    if any(known.recognises(text) for known in FORMATS):
        return quiet_case(path, traffic)
    if traffic is not None:
        raise BadCase(f"{path} is a scenario, which names its own traffic; leave --traffic out")
    try:
        world = load_case_world(text)
        files = {"topology": world.topology, "traffic": world.traffic}
        beside = {name: str(path.parent / file) for name, file in files.items() if file}
        found = {name: file for name, file in beside.items() if is_file(file)}
        return Case(world.model_copy(update=found), load_case_truth(text))
    except BadCase as exc:
        raise BadCase(f"{path}: {exc}") from exc


def quiet_case(network: Path, traffic: Path | None = None) -> Case:
    """The network in a file, from the last full hour on, to which nothing is scripted to happen."""
    name = re.sub(r"[^a-z0-9]+", "-", network.name.split(".")[0].lower()).strip("-") or "network"
    world = CaseWorld(
        id=name,
        topology=str(network),
        traffic=str(traffic or ""),
        starts_s=time.time() // 3600 * 3600,
        duration_s=_QUIET_S,
    )
    return Case(world, CaseTruth())


def scenario_schema() -> dict[str, JsonValue]:
    """The JSON schema of a scenario file; docs/scenarios.md says what it cannot tell."""
    parts: list[tuple[type[BaseModel], Literal["validation"]]] = [
        (CaseWorld, "validation"),
        (AnnouncedWork, "validation"),
        (CaseTruth, "validation"),
    ]
    _, schema = models_json_schema(parts)
    kinds = schema["$defs"]
    # A file announces work from its start on; on record it has the time of day.
    kinds["CaseWorld"]["properties"]["planned_work"]["items"] = {"$ref": "#/$defs/AnnouncedWork"}
    del kinds["PlannedWork"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of Noctua",
        "type": "object",
        "properties": {
            "world": {"$ref": "#/$defs/CaseWorld"},
            "truth": {"$ref": "#/$defs/CaseTruth"},
        },
        "required": ["world", "truth"],
        "additionalProperties": False,
        "$defs": kinds,
    }


def designed_inventory(world: CaseWorld) -> Inventory:
    """The network as it was designed, before the hidden realisation differs from it."""
    if is_file(world.topology):
        file = Path(world.topology)
        network = network_in(file, Path(world.traffic) if world.traffic else None)
        return inventory_of(network, world.seed, world.traffic_scale)
    if world.traffic:
        raise BadCase(f"traffic goes with a topology in a file, and {world.topology} is none")
    spec = WorldSpec(topology=world.topology, seed=world.seed, traffic_scale=world.traffic_scale)
    return build_inventory(spec)


def stage(case: Case, seed: int, path: Path, name: str = "live") -> EmulatedNetwork:
    """The network of `case` in realisation `seed`, kept in the file `path`."""
    make_folder(path.parent)
    designed = designed_inventory(case.world)
    return EmulatedNetwork.create(path, name, designed, case.world, case.truth, seed)
