"""Makes a Llama of half a million random parameters, and its tokenizer, on the spot.

`python tests/vllm/tiny_model.py FOLDER` with the Python that vLLM runs on. The model has learned
nothing: what is tried with it is how a server and its client bear up, not what a model knows.
"""

import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "agents"

PIECES = 1024
"""Few enough that one in fifty holds a quote, so that strings in JSON come to an end."""

CONTEXT = 32_768

BEGIN, END = "<|begin|>", "<|end|>"
MARKS = ("<tool_call>", "</tool_call>")
"""How a call is set off in the dialect of the Hermes models, which the parser looks for."""

CHAT_TEMPLATE = """\
{{ bos_token }}
{%- for tool in tools or [] %}{{ tool | tojson }}
{% endfor %}
{%- for message in messages %}{{ message.role }}
{{ message.content or "" }}
{%- for call in message.tool_calls or [] %}
<tool_call>{{ call.function | tojson }}</tool_call>
{%- endfor %}
{% endfor %}
{%- if add_generation_prompt %}assistant
{% endif %}"""


def main(folder: Path) -> None:
    # These three are in an environment of their own.
    import torch  # type: ignore[import-not-found,unused-ignore]
    from tokenizers import (  # type: ignore[import-not-found,unused-ignore]
        Tokenizer,
        decoders,
        models,
        pre_tokenizers,
        trainers,
    )
    from transformers import (  # type: ignore[import-not-found,unused-ignore]
        LlamaConfig,
        LlamaForCausalLM,
        PreTrainedTokenizerFast,
    )

    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES,
        special_tokens=[BEGIN, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = [file.read_text("utf-8") for file in sorted(SOURCES.glob("*.py"))]
    pieces.train_from_iterator(texts, trainer)
    pieces.add_tokens(list(MARKS))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pieces, bos_token=BEGIN, eos_token=END, pad_token=END
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=64,
        max_position_embeddings=CONTEXT,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
