"""From a training run to what ships: one ONNX file and its card."""

from pathlib import Path

from channels.provenance import code_version
from evals.policy_training.export import digest, onnx_bytes, write_ranker
from evals.policy_training.networks import NEVER_LEARNED
from evals.policy_training.run import Trained
from tools.ranker.card import RankerCard

WEIGHTS = "ranker.onnx"

PURPOSE = (
    "Puts single changes to a network after a failure (weights, drains, undrains, reverts) in an "
    "order, so that the digital twin has to try only the first 32 of them, or 64 above 100 nodes."
)

IS_NOT = (
    "It decides nothing: what it puts first may be worse than to wait, and only what the twin has "
    "tried is ever done.",
    "It has learned what overload costs until the repair, as offered loads tell. Of queues, "
    "delays, services and rate limits it knows nothing.",
    "It has learned from simulated evenings with gravity demands on published and random planar "
    "topologies of 20 to 200 nodes, never from a real network.",
    "It is no search: where there is time to try every change, that finds the best.",
)


def ship(trained: Trained, seed: int, directory: Path) -> Path:
    """Write the ranker and its card into `directory`; the place of the card."""
    model = onnx_bytes(trained.ranker, trained.example.seen)
    card = RankerCard(
        weights=WEIGHTS,
        sha256=digest(model),
        parameters=sum(p.numel() for p in trained.ranker.parameters()),
        seed=seed,
        cpu_s=round(trained.cpu_s, 1),
        code=code_version(),
        purpose=PURPOSE,
        is_not=IS_NOT,
        networks=trained.networks,
        held_out=NEVER_LEARNED,
        rounds=trained.rounds,
    )
    return write_ranker(directory, model, card)
