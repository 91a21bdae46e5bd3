"""From a training run to what ships: weights, a configuration for transformers and vLLM, a card."""

import hashlib
import json
from pathlib import Path

from safetensors.torch import save
from tokenizers import Tokenizer, models, pre_tokenizers

from channels.provenance import code_version
from evals.language_training.network import INNER, LAYERS, WIDTH
from evals.language_training.networks import FAMILIES, LARGEST, MEASURED
from evals.language_training.run import Trained
from evals.language_training.worlds import JUDGE
from evals.policy_training.networks import NEVER_LEARNED
from tools.causal_lm.card import SHIPPED, LanguageCard
from tools.causal_lm.opening import words_digest
from twin.imagination.language.llama import HEAD_DIM, NORM_EPS, ROPE_THETA
from twin.imagination.language.vocabulary import END, ID, NONE, WORDS

WEIGHTS, CONFIGURATION, TOKENIZER = "model.safetensors", "config.json", "tokenizer.json"

MOST_WORDS = 512
"""Of what a network is told of and a sentence together."""

PURPOSE = (
    "Says days on which something strikes a network (conditions, and up to four events in order "
    "and time), conditioned on what the digital twin says of that network: a generator of "
    "`noctua imagine` and `noctua worst-days`."
)

IS_NOT = (
    "It judges nothing: what a day costs, the twin says.",
    "It has learned from invented services and demands on published topologies of up to "
    f"{LARGEST} nodes, never from a real network's failures: what it says is dear, not likely.",
    "It is no default: see docs/causal-lm.md for what it lost to.",
)


def ship(trained: Trained, seed: int, directory: Path) -> Path:
    """Write the model and its card into `directory`, the card last; where that lies."""
    weights: bytes = save({k: v.contiguous() for k, v in trained.model.state_dict().items()})
    (directory / WEIGHTS).write_bytes(weights)
    text = json.dumps(configuration(), indent=2) + "\n"
    (directory / CONFIGURATION).write_text(text, encoding="utf-8")
    tokenizer().save(str(directory / TOKENIZER))
    card = LanguageCard(
        weights=WEIGHTS,
        sha256=hashlib.sha256(weights).hexdigest(),
        words=words_digest(),
        parameters=sum(p.numel() for p in trained.model.parameters()),
        seed=seed,
        cpu_s=round(trained.cpu_s, 1),
        code=code_version(),
        purpose=PURPOSE,
        is_not=IS_NOT,
        judge=JUDGE,
        networks=trained.networks,
        held_out=(*(f"all but {', '.join(FAMILIES)}",), *sorted({*MEASURED, *NEVER_LEARNED})),
        rounds=trained.rounds,
    )
    path = directory / SHIPPED.name
    path.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return path


def tokenizer() -> Tokenizer:
    """Of words with blanks between; the blank within a word is a "_" here (link_12)."""
    known = {word.replace(" ", "_"): number for word, number in ID.items()}
    found = Tokenizer(models.WordLevel(known, unk_token=NONE))
    found.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return found


def configuration() -> dict[str, object]:
    """Of `LlamaForCausalLM`."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": len(WORDS),
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": WIDTH // HEAD_DIM,
        "num_key_value_heads": WIDTH // HEAD_DIM,
        "head_dim": HEAD_DIM,
        "hidden_act": "silu",
        "rms_norm_eps": NORM_EPS,
        "rope_theta": ROPE_THETA,
        "max_position_embeddings": MOST_WORDS,
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
        "bos_token_id": None,
        "eos_token_id": ID[END],
        "torch_dtype": "float32",
    }
