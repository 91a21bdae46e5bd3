"""A snapshot as bytes: arrays, and the texts that they number. Reading them back runs nothing."""

import json
from io import BytesIO
from itertools import groupby
from operator import itemgetter
from zipfile import BadZipFile

import numpy as np

from twin.knowledge.facts import ThingKey
from twin.knowledge.snapshot import Edges, Sayings, Snapshot

FORMAT = 1


def packed(snapshot: Snapshot) -> bytes:
    """The snapshot as bytes."""
    kinds = list(snapshot.edges)
    runs = [(kind, len(list(of))) for kind, of in groupby(snapshot.keys, key=itemgetter(0))]
    texts = {
        "format": FORMAT,
        "revision": snapshot.revision,
        "taken_s": snapshot.taken_s,
        "kinds": runs,
        "ids": [name for _, name in snapshot.keys],
        "said": [*snapshot.said.values],
        "edges": {kind: [*snapshot.edges[kind].said.values] for kind in kinds},
    }
    arrays = {"texts": np.frombuffer(json.dumps(texts).encode(), np.uint8)}
    arrays["codes"] = snapshot.said.codes.astype(np.int32)
    for number, kind in enumerate(kinds):
        edges = snapshot.edges[kind]
        columns = (edges.sources, edges.targets, edges.said.codes)
        arrays[f"edges{number}"] = np.stack(columns).astype(np.int32)
    file = BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def unpacked(data: bytes) -> Snapshot | None:
    """The snapshot that was packed; None where it is of another format, or damaged."""
    try:
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            texts = json.loads(arrays["texts"].tobytes())
            if texts["format"] != FORMAT:
                return None
            edges = {}
            for number, (kind, values) in enumerate(texts["edges"].items()):
                sources, targets, codes = arrays[f"edges{number}"].astype(np.int64)
                edges[kind] = Edges(sources, targets, Sayings(codes, [*map(tuple, values)]))
            said = Sayings(arrays["codes"].astype(np.int64), [*map(tuple, texts["said"])])
    except (BadZipFile, EOFError, KeyError, ValueError):
        return None
    ids = iter(texts["ids"])
    keys: list[ThingKey] = [(kind, next(ids)) for kind, many in texts["kinds"] for _ in range(many)]
    return Snapshot(keys, said, edges, texts["revision"], texts["taken_s"])
