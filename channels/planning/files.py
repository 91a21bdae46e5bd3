"""Files of a sweep, each written whole or not at all."""

import csv
import os
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from pydantic import JsonValue

from channels.planning.opening import Provenance
from channels.planning.rows import ScenarioRow
from channels.whole_file import whole_file
from tools.csv_cells import guarded_cell
from twin.errors import BadInput, installing

_ROWS_AT_ONCE = 65_536

_RUN_COLUMNS = ("topology", "traffic", "seed", "code")
"""They stand in every line, so that lines of several runs can be put together."""

_TYPES = {
    "rank": "int64",
    "what_if": "string",
    "no_path_bps": "double",
    "lost_bps": "double",
    "assessed": "bool",
    "served_share": "double",
    "excess_bps": "double",
    "max_utilisation": "double",
    "busiest_node": "string",
    "busiest_link": "string",
    "over_limit": "int64",
    "services_in_breach": "int64",
    "topology": "string",
    "traffic": "string",
    "seed": "int64",
    "code": "string",
}
"""Columns of a table of scenarios, and their Arrow types."""


def check_places(paths: Iterable[Path], inputs: Iterable[Path] = ()) -> None:
    """Raises BadInput: one of `paths` is named twice, is a folder, one of `inputs` or no file that
    can be replaced, or cannot be put anywhere.
    """
    seen: set[Path] = set()
    read = {path.resolve() for path in inputs}
    for path in paths:
        try:
            place = path.resolve()
            folder = next(parent for parent in place.parents if parent.exists())
            is_folder = not path.name or path.is_dir()
            is_odd = path.exists() and not is_folder and not path.is_file()
        except OSError as error:
            raise BadInput(f"{path} cannot be written ({error.strerror or error})") from error
        if is_folder:
            raise BadInput(f"{path} is a folder; expected the name of a file")
        if is_odd:
            raise BadInput(
                f"{path} is no file that could be replaced; expected a name of a new one"
            )
        if place in read:
            raise BadInput(f"{path} is read for this, and would be lost; expected another name")
        if place in seen:
            raise BadInput(f"{path} is named twice; each file needs a name of its own")
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise BadInput(f"{path} cannot be written: nothing can be put into {folder}")
        seen.add(place)


def write_csv(path: Path, rows: Iterable[ScenarioRow], run: Provenance) -> None:
    """All `rows` with a header, texts as `guarded_cell` has them.

    Raises BadInput: it cannot be written there.
    """
    with whole_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, _TYPES)
        writer.writeheader()
        for record in _records(rows, run):
            writer.writerow({name: guarded_cell(value) for name, value in record.items()})


def require_parquet() -> None:
    """Raises BadInput where pyarrow is missing; the text says how to get it."""
    if find_spec("pyarrow") is None:
        raise BadInput(f"Parquet files need pyarrow: {installing('parquet')}")


def write_parquet(path: Path, rows: Iterable[ScenarioRow], run: Provenance) -> None:
    """All `rows`, some at a time. Raises BadInput: no pyarrow, or it cannot be written there."""
    require_parquet()
    # Large, and no other command needs it.
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"int64": pa.int64(), "double": pa.float64(), "string": pa.string(), "bool": pa.bool_()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in _TYPES.items()])
    records = _records(rows, run)
    with whole_file(path) as draft, pq.ParquetWriter(draft, schema) as writer:
        while some := list(islice(records, _ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(some, schema=schema))


def _records(rows: Iterable[ScenarioRow], run: Provenance) -> Iterator[dict[str, JsonValue]]:
    of_run = {name: getattr(run, name) for name in _RUN_COLUMNS}
    own = [name for name in _TYPES if name not in of_run]
    for row in rows:
        yield {name: getattr(row, name) for name in own} | of_run
