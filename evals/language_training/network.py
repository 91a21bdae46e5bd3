"""The causal language model as a torch module: weights named and shaped as those that ship."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from twin.imagination.language.llama import HEAD_DIM, NORM_EPS, ROPE_THETA
from twin.imagination.language.vocabulary import WORDS

WIDTH, LAYERS, INNER = 128, 4, 512

_FIRST_SPREAD = 0.02

Kept = list[tuple[Tensor, Tensor]]
"""Of each layer keys and values, (rows, heads, length, HEAD_DIM)."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """`turn`: cosine and sine of the positions. `mask`: bool, (words, words before and these)."""

    turn: tuple[Tensor, Tensor]
    mask: Tensor


class _Attention(nn.Module):  # type: ignore[misc]  # torch is not there to be typed
    def __init__(self) -> None:
        super().__init__()
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(self, name, nn.Linear(WIDTH, WIDTH, bias=False))

    def forward(
        self, x: Tensor, seen: _Seen, before: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        rows, words, _ = x.shape

        def parted(projected: Tensor) -> Tensor:
            return projected.view(rows, words, -1, HEAD_DIM).transpose(1, 2)

        q, k = (_rotated(parted(p(x)), seen.turn) for p in (self.q_proj, self.k_proj))
        v = parted(self.v_proj(x))
        if before is not None:
            k, v = (
                torch.cat([kept.expand(rows, -1, -1, -1), new], dim=2)
                for kept, new in zip(before, (k, v), strict=True)
            )
        # Written out: backwards, the fused one takes half of a step on a processor.
        scores = (q @ k.transpose(2, 3)) * HEAD_DIM**-0.5
        found = scores.masked_fill(~seen.mask, -torch.inf).softmax(dim=-1).to(v.dtype) @ v
        return self.o_proj(found.transpose(1, 2).reshape(rows, words, WIDTH)), (k, v)


class _Mlp(nn.Module):  # type: ignore[misc]  # torch is not there to be typed
    def __init__(self) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(WIDTH, INNER, bias=False)
        self.up_proj = nn.Linear(WIDTH, INNER, bias=False)
        self.down_proj = nn.Linear(INNER, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))
        return found


class _Layer(nn.Module):  # type: ignore[misc]  # torch is not there to be typed
    def __init__(self) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(WIDTH, eps=NORM_EPS)
        self.self_attn = _Attention()
        self.post_attention_layernorm = nn.RMSNorm(WIDTH, eps=NORM_EPS)
        self.mlp = _Mlp()

    def forward(
        self, x: Tensor, seen: _Seen, before: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        attended, kept = self.self_attn(self.input_layernorm(x), seen, before)
        x = x + attended
        return x + self.mlp(self.post_attention_layernorm(x)), kept


class _Body(nn.Module):  # type: ignore[misc]  # torch is not there to be typed
    def __init__(self) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(len(WORDS), WIDTH)
        self.layers = nn.ModuleList(_Layer() for _ in range(LAYERS))
        self.norm = nn.RMSNorm(WIDTH, eps=NORM_EPS)


class CausalLm(nn.Module):  # type: ignore[misc]  # torch is not there to be typed
    """`LlamaForCausalLM` of transformers reads its weights as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.model = _Body()
        self.lm_head = nn.Linear(WIDTH, len(WORDS), bias=False)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=_FIRST_SPREAD)

    def forward(self, words: Tensor, before: Kept | None = None) -> tuple[Tensor, Kept]:
        """Logits (rows, words, all words) of what comes next, and what is kept of it; `before`: of
        one row that all of these go on from.
        """
        length = before[0][0].shape[2] if before else 0
        count = words.shape[1]
        seen = _Seen(_rotation(length, count), _causal(length, count))
        x, kept = self.model.embed_tokens(words), Kept()
        for number, layer in enumerate(self.model.layers):
            x, own = layer(x, seen, before[number] if before else None)
            kept.append(own)
        return self.lm_head(self.model.norm(x)), kept


def _rotation(begin: int, count: int) -> tuple[Tensor, Tensor]:
    rates = ROPE_THETA ** (-torch.arange(0, HEAD_DIM, 2, dtype=torch.float64) / HEAD_DIM)
    positions = torch.arange(begin, begin + count, dtype=torch.float64)
    angles = positions[:, None] * torch.cat([rates, rates])
    return angles.cos().float(), angles.sin().float()


def _rotated(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    one, other = x.chunk(2, dim=-1)
    return x * turn[0] + torch.cat([-other, one], dim=-1) * turn[1]


def _causal(before: int, count: int) -> Tensor:
    return torch.ones(count, before + count, dtype=torch.bool).tril(before)
