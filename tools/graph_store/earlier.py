"""What an earlier version kept: node-link JSON in one file, of which only the incidents are needed.

Everything else in it is written again from the inventory whenever a network is opened.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from tools.graph_store.protocol import CorruptGraph
from twin.knowledge.past import PastIncident


class _Thing(BaseModel):
    kind: str
    id: str
    properties: dict[str, Any]


class _Node(BaseModel):
    thing: _Thing


class _Document(BaseModel):
    format: Literal["noctua-knowledge-1"]
    nodes: list[_Node]


def past_incidents_of_before(path: Path) -> tuple[PastIncident, ...]:
    """The incidents that the JSON file at `path` remembers; none where there is no file.

    Raises:
        CorruptGraph: the file is something else.
    """
    try:
        document = _Document.model_validate_json(path.read_bytes())
        return tuple(
            PastIncident.model_validate(node.thing.properties)
            for node in document.nodes
            if node.thing.kind == "incident"
        )
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        raise CorruptGraph(
            f"{path}: cannot be read as a knowledge graph ({type(error).__name__}: {error}); "
            "restore it from a backup, or move it away: the graph is then made without the "
            "incidents that it remembers"
        ) from error
