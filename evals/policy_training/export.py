"""A trained ranker as one ONNX file, and the card beside it."""

import hashlib
import io
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from evals.policy_training.batches import graphs_of
from evals.policy_training.network import Graphs, Ranker
from tools.ranker.card import SHIPPED, RankerCard
from twin.remediation.ranking.seen import Seen

OPSET = 18

INPUTS = ("arcs", "moves", "nodes", "network", "tail", "head", "leaving", "entering")


class OneNetwork(nn.Module):  # type: ignore[misc]  # torch is not there to be typed
    """The ranker for one network: ONNX Runtime refuses what is traced of several side by side."""

    def __init__(self, ranker: Ranker) -> None:
        super().__init__()
        self.ranker = ranker

    def forward(
        self,
        arcs: Tensor,
        moves: Tensor,
        nodes: Tensor,
        network: Tensor,
        tail: Tensor,
        head: Tensor,
        leaving: Tensor,
        entering: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """See Ranker."""
        of_arc, of_node = torch.zeros_like(tail), torch.zeros_like(leaving[:, 0])
        scores: tuple[Tensor, Tensor] = self.ranker(
            Graphs(arcs, moves, nodes, network, tail, head, leaving, entering, of_arc, of_node)
        )
        return scores


def onnx_bytes(ranker: Ranker, example: Seen) -> bytes:
    """The ONNX model of `ranker`, for a network of any size; `example` is what is traced."""
    graphs = graphs_of([example])
    written = io.BytesIO()
    axes = {name: {0: "arc"} for name in ("arcs", "moves", "tail", "head", "scores")}
    axes |= {name: {0: "node"} for name in ("nodes", "leaving", "entering")}
    axes["leaving"][1], axes["entering"][1] = "most leaving", "most entering"
    with warnings.catch_warnings():
        # The exporter that traces says that there is another one, which is larger and slower.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            OneNetwork(ranker).eval(),
            tuple(getattr(graphs, name) for name in INPUTS),
            written,
            input_names=list(INPUTS),
            output_names=["scores", "waiting"],
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    return written.getvalue()


def write_ranker(directory: Path, model: bytes, card: RankerCard) -> Path:
    """Put both into `directory`, the card last; where it lies."""
    (directory / card.weights).write_bytes(model)
    path = directory / SHIPPED.name
    path.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return path


def digest(model: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(model).hexdigest()
