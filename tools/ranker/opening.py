"""A trained ranker in process: ONNX Runtime on one thread, without torch."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tools.model_card import weights_beside
from tools.ranker.card import SHIPPED, read_card
from twin.errors import BadInput, installing
from twin.physics.compiled import FloatArray
from twin.remediation.ranking.seen import Seen

if TYPE_CHECKING:
    import onnxruntime

MOST_BYTES = 1 << 20

_ERRORS_ALONE = 3


class OnnxScorer:
    """Scores what is seen; see `twin.remediation.policies.ranked.Scorer`. Safe to share between
    threads.
    """

    def __init__(self, model: bytes) -> None:
        """Raises BadInput: ONNX Runtime is not installed, or cannot read `model`."""
        self._run = _session(model)

    def __call__(self, seen: Seen) -> FloatArray:
        """A score of each number, to wait first."""
        moves, waiting = self._run.run(
            None,
            {
                "arcs": seen.arcs, "moves": seen.moves, "nodes": seen.nodes,
                "network": seen.network[None], "tail": seen.tail, "head": seen.head,
                "leaving": seen.leaving, "entering": seen.entering,
            },
        )  # fmt: skip
        return np.concatenate([waiting, moves.ravel()]).astype(np.float64)


def open_ranker(card: Path = SHIPPED) -> OnnxScorer:
    """The ranker that the card at `card` describes (default: the one that ships).

    Raises:
        BadInput: there is no such card, its weights are missing, too large or not those that it
        describes, or ONNX Runtime is not installed.
    """
    return OnnxScorer(weights_beside(card, read_card(card), MOST_BYTES))


def _session(model: bytes) -> "onnxruntime.InferenceSession":
    try:
        import onnxruntime  # it is an extra
    except ModuleNotFoundError as exc:
        raise BadInput(
            "the ranker needs ONNX Runtime, which is not installed: " + installing("policy")
        ) from exc
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ALONE
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    # ONNX Runtime's errors have no common class of their own.
    except Exception as exc:
        raise BadInput(f"the ranker cannot be read: {exc}") from exc
